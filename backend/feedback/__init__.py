"""The inbox of feedback: what users say through the bot, and what people of the shop answer."""
