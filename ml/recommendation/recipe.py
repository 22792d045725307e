"""What a recommendation is made of: how signals of a user and an item add up to one score.

Belongs here: the signals, the recipe (which is what is learned, registered and promoted), and its stored form. Does not
belong here: fitting it (`fitting`), and finding candidates (`ranking`, and SQL where a request is answered).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ml.recommendation.related import POPULARITY_DAYS, Method

Floats = NDArray[np.float64]

SIGNALS = (
    "is_bought",
    "days",
    "recent",
    "lasting",
    "viewed",
    "related",
    "related_if_bought",
    *POPULARITY_DAYS,
)
"""What a score is made of; `signals` says how each is computed."""

_NO_RELATION = 1e-3
_NO_PURCHASES = 0.1


def signals(
    own: Mapping[str, Floats], related: Floats, taste_total: Floats, popularity: Mapping[str, Floats]
) -> dict[str, Floats]:
    """The signals of pairs of a user and an item, in any shape that broadcasts.

    `own` has the user's sums of the item (days, recent, lasting, viewed), zero where there are none. `related` is the
    sum of the weights from the user's items, each times the user's taste for it; `taste_total` the sum of those tastes.
    """
    is_bought = (own["days"] > 0).astype(np.float64)
    closeness = np.log(related / np.sqrt(np.maximum(taste_total, 1e-9)) + _NO_RELATION)
    return {
        "is_bought": is_bought,
        **{name: np.log1p(own[name]) for name in ("days", "recent", "lasting", "viewed")},
        "related": closeness,
        "related_if_bought": is_bought * closeness,
        **{name: np.log(popularity[name] + _NO_PURCHASES) for name in POPULARITY_DAYS},
    }


@dataclass(frozen=True)
class Recipe:
    """What is learned: how items are related, and the weight of each signal.

    `as_of` is the day up to which it has learned, `horizon_days` how far ahead a purchase counted as a hit.
    """

    as_of: date
    horizon_days: int
    method: Method
    weights: Mapping[str, float]

    def score(self, given: Mapping[str, Floats]) -> Floats:
        """The score of pairs: the higher, the likelier the user buys the item. It ranks, and is no probability."""
        total: Floats = np.zeros(())
        for name in SIGNALS:
            total = total + self.weights[name] * given[name]
        return total

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "as_of": self.as_of.isoformat(),
            "horizon_days": self.horizon_days,
            "method": self.method.value,
            "weights": dict(self.weights),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote. Raises KeyError or ValueError where it is something else."""
        return cls(
            as_of=date.fromisoformat(data["as_of"]),
            horizon_days=int(data["horizon_days"]),
            method=Method(data["method"]),
            weights={name: float(data["weights"][name]) for name in SIGNALS},
        )

    def to_json(self) -> bytes:
        """The same bytes for the same recipe."""
        return (json.dumps(self.to_dict(), indent=1, sort_keys=True, allow_nan=False) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Reads what `to_json` wrote."""
        return cls.from_dict(json.loads(content))
