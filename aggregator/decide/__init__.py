"""Decide what it means: pure functions, no I/O, no clock, no randomness."""
