"""Recommendations: what others bought with what somebody has, then what most people buy."""
