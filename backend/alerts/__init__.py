"""Alerts of the platform: Alertmanager posts them, and people at the dashboard see them."""
