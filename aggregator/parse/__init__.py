"""Understand the answer: bytes in, model.Document out; no library type passes this door."""
