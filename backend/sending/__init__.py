"""Sending: the budget of messages, the Bot API, and the process that sends what campaigns and triggers have queued."""
