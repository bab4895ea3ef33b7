"""Ask a server for its document: politely, within bounds, and only where the guard allows."""
