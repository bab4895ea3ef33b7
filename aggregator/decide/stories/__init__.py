"""Which articles tell the same news: stories group, every article stays an entry."""
