"""Campaigns and triggers: whom a message is for, who is held out, and what became of everybody."""
