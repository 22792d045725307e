"""Templates: the words of personal answers, which a marketer can change, and which of them a user gets."""
