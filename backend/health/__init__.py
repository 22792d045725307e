"""Whether the API and what it needs are there, and its figures for Prometheus."""
