"""Many processes on one database: jobs of a queue say who polls which host."""
