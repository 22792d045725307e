"""Subscriptions: whom the shop may write to, about what, how often and when."""
