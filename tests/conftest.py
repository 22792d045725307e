"""What holds for every test: made-up cases are the same in each run, and a busy machine fails none for being slow."""

from hypothesis import settings

settings.register_profile("repeatable", max_examples=40, derandomize=True, deadline=None)
settings.load_profile("repeatable")
