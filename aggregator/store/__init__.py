"""Keep it: protocols by subject, and a backend that keeps them."""
