"""Runs of the pipeline: seen, started and cancelled through Dagster's own API."""
