"""Assignment: which arm of an experiment a user belongs to.

Belongs here: the bucket of a user, and the ranges of buckets that make arms. Does not: storing who was assigned
(`warehouse`), and what a difference between arms says (`ml.experiments.sequences`).

A user's bucket depends on the experiment's salt and the user's id, and on nothing else. So it survives retrains,
restarts and imports, and nothing that is learned about a user later can change it. `app.bucket_of` in Postgres is the
same function; a test compares the two.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

BUCKETS = 10_000
"""A share of users is a whole number of buckets: an arm is known to a hundredth of a percent."""

CONTROL = "control"
"""The arm that is held out on purpose."""


def bucket_of(salt: str, user_id: str) -> int:
    """The user's bucket, 0 to 9,999: the first four bytes of SHA-256 of salt, tab and id, modulo 10,000.

    Users fall into buckets evenly and independently of the buckets under another salt. A tab separates the two, because
    no user id begins with one.
    """
    return int.from_bytes(sha256(f"{salt}\t{user_id}".encode()).digest()[:4], "big") % BUCKETS


@dataclass(frozen=True)
class Arm:
    """The users whose bucket is at least `first` and below `end`."""

    name: str
    first: int
    end: int

    @property
    def share(self) -> float:
        """The share of all users, 0 to 1."""
        return (self.end - self.first) / BUCKETS


def arms_of(shares: Mapping[str, float]) -> tuple[Arm, ...]:
    """Arms with these shares of all users (0 to 1), one after the other in the given order, from bucket 0 on.

    Shares are rounded to whole buckets. Shares that add up to less than 1 leave the last buckets in no arm. Raises
    ValueError for a share of less than one bucket, and for shares that add up to more than 1.
    """
    return tuple(_arms(shares))


def _arms(shares: Mapping[str, float]) -> Iterator[Arm]:
    if not sum(shares.values()) <= 1 + 1e-9:
        raise ValueError(f"The shares of arms add up to {sum(shares.values()):.4f}, which is more than 1")
    first, total = 0, 0.0
    for name, share in shares.items():
        # The ends are rounded and not the shares, so that rounding errors do not add up.
        total += share
        end = min(round(total * BUCKETS), BUCKETS)
        if end <= first:
            raise ValueError(f"The share of {name} is {share}; the smallest share is {1 / BUCKETS}")
        yield Arm(name, first, end)
        first = end


def arm_of(arms: tuple[Arm, ...], bucket: int) -> str | None:
    """The name of the arm that a bucket belongs to, None for a bucket in no arm."""
    return next((arm.name for arm in arms if arm.first <= bucket < arm.end), None)
