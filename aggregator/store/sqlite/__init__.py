"""SQLite, one file and one writer."""
