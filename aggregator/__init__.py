"""A feed aggregator: many feeds in, one combined feed out, every story once."""

__version__ = "0.1.0"
