"""A world of publishers, the program's serial stage, and the people who subscribe to what it publishes."""
