"""Triggers: messages that follow from what a user does, or does not do."""
