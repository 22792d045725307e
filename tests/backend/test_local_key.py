"""The key of a home."""

from backend.access.permissions import KEY_SCOPES
from standalone.local_key import SCOPES


def test_its_scopes_are_ones_that_a_key_can_have() -> None:
    assert set(SCOPES) <= KEY_SCOPES
