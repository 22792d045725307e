"""Which past days train, calibrate and test a model, so that every split is by time.

Belongs here: arithmetic on dates. Does not belong here: reading frames or deciding what a label means.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from ml.errors import InvalidHorizon, NotEnoughHistory, OverlappingWindows

MAX_HORIZON_DAYS = 3650
_ENOUGH_TRAIN = 6


@dataclass(frozen=True)
class CutoffPlan:
    """Past days to learn from, as of `as_of`.

    Each label window `[cutoff, cutoff + horizon_days)` is closed before the next role's cutoff: train, then
    calibration, then test, then `as_of` itself. Train cutoffs ascend; where history is short
    their windows may overlap each other, never another role's cutoff. There is no other plan: making one raises
    OverlappingWindows, so whoever is handed a plan need not look.
    """

    as_of: date
    horizon_days: int
    train: tuple[date, ...]
    calibration: date
    test: date

    def __post_init__(self) -> None:
        newest_train = [("train", max(self.train))] if self.train else []
        roles = [*newest_train, ("calibration", self.calibration), ("test", self.test), ("as_of", self.as_of)]
        for (role, day), (later_role, later_day) in pairwise(roles):
            closes = day + timedelta(days=self.horizon_days)
            if closes > later_day:
                raise OverlappingWindows(
                    f"The label window of the {role} cutoff {day} closes on {closes}, but the {later_role} day is "
                    f"{later_day}; leave at least the horizon, {self.horizon_days} days, between them."
                )

    @property
    def all(self) -> tuple[date, ...]:
        """Every day that needs features and labels, ascending."""
        return (*self.train, self.calibration, self.test)

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "as_of": self.as_of.isoformat(),
            "horizon_days": self.horizon_days,
            "train": [day.isoformat() for day in self.train],
            "calibration": self.calibration.isoformat(),
            "test": self.test.isoformat(),
        }


def plan_cutoffs(
    as_of: date,
    horizon_days: int,
    first_event: date,
    last_event: date | None = None,
    *,
    max_train: int = 9,
    spacing_days: int | None = None,
) -> CutoffPlan:
    """Plan the cutoffs for a model that will answer about `[as_of, as_of + horizon_days)`.

    Up to `max_train` train cutoffs lie `spacing_days` apart: unless told, a horizon, so that no two of their label
    windows overlap, or half of one where history is too short for six. (CDNOW and Online Retail II, three cutoffs
    each: nine a horizon apart predict as well as twelve at half that distance, in three quarters of the time.)
    Each has at least half a horizon, at most 30 days, of events before it. There may be none, which leaves only the
    recency rule. `last_event` is the newest day with an event, where known.

    Raises InvalidHorizon for a horizon no plan can have, NotEnoughHistory where even test and calibration do
    not fit between the first event and `as_of`, or where events end before the test window begins.
    """
    if not 1 <= horizon_days <= MAX_HORIZON_DAYS:
        raise InvalidHorizon(
            f"A horizon of {horizon_days} days cannot be predicted; choose 1 to {MAX_HORIZON_DAYS} days."
        )
    if as_of <= first_event:
        raise NotEnoughHistory(f"Nothing is known as of {as_of}: history begins on {first_event}; choose a later day.")
    history_days = (as_of - first_event).days
    if horizon_days > history_days:
        raise InvalidHorizon(
            f"A horizon of {horizon_days} days is longer than the {history_days} days of history before {as_of}; "
            f"choose a shorter horizon or a later day."
        )
    horizon = timedelta(days=horizon_days)
    earliest = first_event + timedelta(days=min(30, max(1, horizon_days // 2)))

    test, calibration = as_of - horizon, as_of - 2 * horizon
    if calibration < earliest:
        raise NotEnoughHistory(
            f"Too little history before {as_of} for a horizon of {horizon_days} days: history begins on "
            f"{first_event}; choose {earliest + 2 * horizon} or later, or a shorter horizon."
        )
    if last_event is not None and last_event < test:
        raise NotEnoughHistory(
            f"The last event is on {last_event}, so the {horizon_days} days before {as_of} hold none to test on; "
            f"choose {last_event + timedelta(days=1)} or earlier."
        )
    newest_train = as_of - 3 * horizon
    if spacing_days is None:
        is_long = newest_train - (_ENOUGH_TRAIN - 1) * horizon >= earliest
        spacing_days = horizon_days if is_long else horizon_days // 2
    spacing = timedelta(days=max(1, spacing_days))
    train = [newest_train - step * spacing for step in range(max_train)]
    return CutoffPlan(
        as_of=as_of,
        horizon_days=horizon_days,
        train=tuple(sorted(day for day in train if day >= earliest)),
        calibration=calibration,
        test=test,
    )


def plan_backtest(
    as_of: date, horizon_days: int, first_event: date, last_event: date | None = None, *, folds: int = 4
) -> tuple[CutoffPlan, ...]:
    """Plans for the last `folds` test cutoffs, a horizon apart and ascending: the newest is that of `as_of` itself.

    Each is what `plan_cutoffs` would have said on the day its test window closed, so a fold trains, calibrates and
    tests as the pipeline would have done then, purged in the same way. Older days with too little history before
    them to train at all are left out. Raises what `plan_cutoffs` raises for the newest.
    """
    plans = [plan_cutoffs(as_of, horizon_days, first_event, last_event)]
    for step in range(1, folds):
        try:
            plan = plan_cutoffs(as_of - step * timedelta(days=horizon_days), horizon_days, first_event)
        except (NotEnoughHistory, InvalidHorizon):
            break
        if not plan.train:
            break
        plans.append(plan)
    return tuple(reversed(plans))


def cutoff_days(plans: Iterable[CutoffPlan]) -> tuple[date, ...]:
    """Every day that any of the plans needs features and labels of, ascending."""
    return tuple(sorted({day for plan in plans for day in plan.all}))


def run_days(as_of: date, horizon_days: int, first_event: date, last_event: date | None = None) -> tuple[date, ...]:
    """Every day that a run as of `as_of` needs features of, ascending: those of its backtest, and `as_of` itself.

    The newest fold of the backtest is the plan the run trains by.
    """
    return (*cutoff_days(plan_backtest(as_of, horizon_days, first_event, last_event)), as_of)
