"""Hand it out: the web process."""
