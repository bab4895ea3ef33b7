"""Say it again: stored rows in, feed documents out."""
