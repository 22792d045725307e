"""Policies: whom to treat, as it was learned from campaigns."""
