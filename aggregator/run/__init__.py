"""Keep going: the daemon."""
