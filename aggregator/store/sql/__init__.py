"""What is kept, in statements that SQLite and PostgreSQL have in common; each backend brings its session."""
