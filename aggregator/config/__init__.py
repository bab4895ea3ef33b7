"""feeds.yaml and the environment, made into frozen Settings."""
