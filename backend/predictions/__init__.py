"""What the models say of users now: all models asked at once, from features of last night or of this moment."""
