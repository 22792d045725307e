"""Names segments in words a marketer would use, and says what can be done for them.

Belongs here: the vocabulary and the rules that choose from it. Does not belong here: who is in a segment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import polars as pl

_TOLERANCES = (1.0, 0.75, 1.33)
"""A name given earlier stays while the rules would still choose it with thresholds this much looser or tighter."""

_CONTRASTS = (
    ("average_order_amount", ("small baskets", "large baskets", "medium baskets")),
    ("purchase_amount_total", ("low spend", "high spend", "medium spend")),
    ("days_since_last_activity", ("more recent", "long gone", "gone for a while")),
    ("active_days_total", ("rarely active", "often active", "sometimes active")),
    ("days_since_first_seen", ("newer", "long known", "known for a while")),
)


@dataclass(frozen=True)
class Facts:
    """What naming looks at. Ranks are the members' mean rank among all users (0: lowest, 1: highest; ties share)."""

    has_buyers_around: bool
    buyer_share: float
    repeat_share: float
    median_active_days: float
    tenure_days: float
    quiet_rhythms: float
    ranks: Mapping[str, float]

    def rank(self, feature: str) -> float:
        """The segment's mean rank by `feature`; the middle if it is not known."""
        return self.ranks.get(feature, 0.5)


def segment_facts(frame: pl.DataFrame, members: Sequence[np.ndarray[tuple[int], np.dtype[np.intp]]]) -> list[Facts]:
    """The facts of every segment; `members` are row positions in `frame` (features of all users)."""
    rhythm = _rhythm_days(frame)
    orders, repeats = _column(frame, "orders_total"), _column(frame, "repeat_purchase_days")
    active, tenure = _column(frame, "active_days_total"), _column(frame, "days_since_first_seen")
    quiet = _column(frame, "days_since_last_activity")
    bought = np.nan_to_num(orders) > 0
    ranks = {name: _ranks(_column(frame, name)) for name, _ in _CONTRASTS if name in frame.columns}
    return [
        Facts(
            has_buyers_around=bool(bought.any()),
            buyer_share=float(bought[rows].mean()),
            repeat_share=float((np.nan_to_num(repeats[rows]) > 0).mean()),
            median_active_days=_median(active[rows], 1.0),
            tenure_days=_median(tenure[rows], float("inf")),
            quiet_rhythms=_median(quiet[rows], 0.0) / rhythm,
            ranks={name: float(np.nanmean(rank[rows])) for name, rank in ranks.items() if not _is_empty(rank[rows])},
        )
        for rows in members
    ]


def name_segments(facts: Sequence[Facts], previous: Sequence[str | None]) -> list[str]:
    """One unique name per segment; `previous` names (None: a new segment) stay while they still fit."""
    if len(facts) == 1:
        return ["All users"]
    bases = []
    for fact, before in zip(facts, previous, strict=True):
        plausible = [_base_name(fact, tolerance) for tolerance in _TOLERANCES]
        earlier = None if before is None else before.split(",")[0]
        bases.append(earlier if earlier in plausible and earlier is not None else plausible[0])
    names = list(bases)
    for base in dict.fromkeys(bases):
        twins = [position for position, name in enumerate(bases) if name == base]
        if len(twins) > 1:
            for position, suffix in zip(twins, _tell_apart([facts[twin] for twin in twins]), strict=True):
                names[position] = f"{base}, {suffix}"
    return names


def segment_lever(facts: Facts) -> str:
    """What can be done for a segment as a whole: a lever of `advice.yml`."""
    stage, has_bought = _stage(facts), facts.buyer_share >= 0.5
    if stage in ("New", "Lapsed"):
        return "onboarding" if stage == "New" else "win_back"
    if has_bought and facts.repeat_share < 0.5:
        return "second_purchase"
    if stage == "Slipping":
        return "frequency"
    return "basket" if has_bought else "engagement"


def _base_name(facts: Facts, tolerance: float) -> str:
    """Where in their life these users are, then what kind of users they are."""
    kind = _buyer_kind(facts, tolerance) if facts.has_buyers_around else _visitor_kind(facts, tolerance)
    return f"{_stage(facts, tolerance)} {kind}"


def _stage(facts: Facts, tolerance: float = 1.0) -> str:
    if facts.tenure_days <= 30.0 * tolerance:
        return "New"
    if facts.quiet_rhythms <= 1.5 * tolerance:
        return "Active"
    return "Slipping" if facts.quiet_rhythms <= 4.0 * tolerance else "Lapsed"


def _buyer_kind(facts: Facts, tolerance: float) -> str:
    if facts.buyer_share < 0.5:
        return "browsers"
    if facts.repeat_share < 0.5 * tolerance:
        return "one-time buyers"
    # A tolerance below one asks for more here: the distance to the top shrinks with it.
    top = 1.0 - 0.25 * tolerance
    spends = facts.rank("purchase_amount_total") >= top
    returns = facts.rank("active_days_total") >= top
    if spends:
        return "loyal big spenders" if returns else "big spenders"
    return "loyal buyers" if returns else "repeat buyers"


def _visitor_kind(facts: Facts, tolerance: float) -> str:
    if facts.median_active_days <= 1.0:
        return "one-time visitors"
    return "regulars" if facts.rank("active_days_total") >= 1.0 - 0.2 * tolerance else "occasional visitors"


def _tell_apart(twins: list[Facts]) -> list[str]:
    """Different words for segments that share a name: by what differs most between them, else by two such things."""
    axes = [(name, words) for name, words in _CONTRASTS if all(name in twin.ranks for twin in twins)]
    if len(twins) <= 3 and axes:
        name, words = max(axes, key=lambda axis: _narrowest_gap(twins, axis[0]))
        return _grade(twins, name, words)
    for first, second in combinations(sorted(axes, key=lambda axis: -_widest_gap(twins, axis[0])), 2):
        halves = [_halve(twins, *axis) for axis in (first, second)]
        suffixes = [f"{one} and {other}" for one, other in zip(*halves, strict=True)]
        if len(set(suffixes)) == len(twins):
            return suffixes
    return [f"group {number}" for number in range(1, len(twins) + 1)]


def _grade(twins: list[Facts], name: str, words: tuple[str, str, str]) -> list[str]:
    low, high, middle = words
    graded = [low, high] if len(twins) == 2 else [low, middle, high]
    order = sorted(range(len(twins)), key=lambda position: twins[position].ranks[name])
    return [graded[order.index(position)] for position in range(len(twins))]


def _halve(twins: list[Facts], name: str, words: tuple[str, str, str]) -> list[str]:
    """The low or the high word for each, with the line drawn through the widest gap."""
    low, high, _ = words
    ordered = sorted(twin.ranks[name] for twin in twins)
    line = max(pairwise(ordered), key=lambda pair: pair[1] - pair[0])[1]
    return [high if twin.ranks[name] >= line else low for twin in twins]


def _narrowest_gap(twins: list[Facts], name: str) -> float:
    return min(after - before for before, after in pairwise(sorted(twin.ranks[name] for twin in twins)))


def _widest_gap(twins: list[Facts], name: str) -> float:
    return max(after - before for before, after in pairwise(sorted(twin.ranks[name] for twin in twins)))


def _rhythm_days(frame: pl.DataFrame) -> float:
    """The usual days between two active days of a user who came back: the yardstick for "lately" in this shop."""
    span = _column(frame, "days_since_first_seen") - _column(frame, "days_since_last_activity")
    gaps = _column(frame, "active_days_total") - 1.0
    returned = gaps > 0
    if not returned.any():
        return 30.0
    typical = float(np.nanmedian(span[returned] / gaps[returned]))
    return float(np.clip(np.nan_to_num(typical, nan=30.0), 7.0, 90.0))


def _column(frame: pl.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if name not in frame.columns:
        return np.full(frame.height, np.nan)
    return frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _ranks(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    series = pl.Series(values).fill_nan(None)
    known = max(series.len() - series.null_count(), 1)
    return ((series.rank("average") - 0.5) / known).fill_null(float("nan")).to_numpy()


def _median(values: np.ndarray[tuple[int], np.dtype[np.float64]], default: float) -> float:
    return default if _is_empty(values) else float(np.nanmedian(values))


def _is_empty(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    return bool(np.isnan(values).all())
