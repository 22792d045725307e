"""What-if: how a model answers when features of a user that someone could act on have other values."""
