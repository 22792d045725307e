"""What comes from Telegram: events that the bot passes on, and updates that Telegram itself delivers."""
