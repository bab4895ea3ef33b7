"""Every door for bytes of others, as a fuzzer knocks: python -m tests.fuzzing.run ENTRY --seconds N.

`entries` names the doors. What is found is a file in findings/ENTRY/, and test_replay.py keeps it mended.
"""
