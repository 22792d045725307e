"""Experiments: the global control group."""
