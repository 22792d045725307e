"""What holds for every test: made-up cases are the same in each run, and a busy machine fails none for being slow."""

import pytest
from hypothesis import settings

settings.register_profile("repeatable", max_examples=40, derandomize=True, deadline=None)
settings.load_profile("repeatable")

_SOAK_SECONDS = 3 * 3600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A long test may take long: what bounds the others is there to end one that hangs."""
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.timeout(_SOAK_SECONDS))
