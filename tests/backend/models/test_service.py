"""What a version is called beside the others, and when the gate has refused one."""

from backend.models.service import is_refused, role_of


def test_the_challenger_is_newer_than_the_champion() -> None:
    roles = [role_of(version, champion=3, newest=5) for version in (2, 3, 4, 5)]
    assert roles == [None, "champion", None, "challenger"]
    assert role_of(5, champion=5, newest=5) == "champion"


def test_after_a_rollback_the_newest_is_the_challenger_again() -> None:
    assert role_of(2, champion=1, newest=2) == "challenger"


def test_without_a_champion_the_newest_is_the_challenger() -> None:
    assert role_of(1, champion=None, newest=1) == "challenger"


def test_what_the_gate_refused_is_known_by_its_words() -> None:
    assert is_refused("not promoted: AUC 0.700 is clearly below the 0.800 of recency alone")
    assert not is_refused("promoted: AUC 0.857 against 0.805 of recency alone")
    assert not is_refused("rolled back to: complaints")
    assert not is_refused(None)
