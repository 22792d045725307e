"""Notices: what people at the dashboard are told at once, listed and live."""
