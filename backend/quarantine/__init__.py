"""Rows that are held back: which, why, and repairing them."""
