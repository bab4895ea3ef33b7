"""A day of operation on a fake clock: publishers, their server and its log, the program, and the audit."""
