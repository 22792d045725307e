"""The effect of a campaign, day by day: each arm beside one of them, which is the control group unless asked otherwise.

Belongs here: what the sums of arms say at each look. Does not: which events are summed (`warehouse.effects`), and the
words for people (`backend.effects.words`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.experiments.assignment import CONTROL
from ml.experiments.comparison import ArmSums, Floats, carriers, difference
from ml.experiments.sample_ratio import ALARM, sample_ratio_p_values
from ml.experiments.sequences import ALPHA, ENOUGH_CARRIERS, half_width, p_value

ONGOING_USERS = 5_000
"""Where users keep arriving, the number at which intervals are tightest. It must not depend on how many have come."""


@dataclass(frozen=True)
class Look:
    """What is known at the end of a day about one outcome of one variant.

    `treated_mean` and `control_mean` are per user, as counted. `per_user` is their difference, adjusted for what users
    did before, and `total` the same for all treated users together; both have bounds that hold at all looks at once.
    `is_early` says that the bounds are not to be relied on yet; they are then None.
    """

    day: date
    treated_users: int
    control_users: int
    treated_mean: float
    control_mean: float
    per_user: float
    per_user_low: float | None
    per_user_high: float | None
    total: float
    total_low: float | None
    total_high: float | None
    p_value: float | None
    is_early: bool


@dataclass(frozen=True)
class OutcomeEffect:
    """One outcome of a variant. `variance_taken` is the share of variance that CUPED took away at the last look."""

    outcome: str
    looks: list[Look]
    variance_taken: float


@dataclass(frozen=True)
class VariantEffect:
    """A variant beside the arm that it is compared with. `level` is how sure its intervals are together."""

    variant: str
    level: float
    outcomes: list[OutcomeEffect]


@dataclass(frozen=True)
class ArmCount:
    """How many were assigned to an arm, and how many would have been if its share of all had been exact."""

    arm: str
    share: float
    assigned_users: int
    expected_users: float


@dataclass(frozen=True)
class SampleRatio:
    """Whether the arms have the users that they should have. The p-value holds at all looks at once."""

    p_value: float
    is_mismatched: bool
    arms: list[ArmCount]


@dataclass(frozen=True)
class CampaignEffect:
    """What a campaign did from its first day until `last_day`. `is_complete` says that every user's window is over."""

    first_day: date
    last_day: date
    is_complete: bool
    sample_ratio: SampleRatio
    variants: list[VariantEffect]


def campaign_effect(
    added: pl.DataFrame,
    shares: Mapping[str, float],
    until: date,
    window_days: int,
    outcomes: Sequence[str],
    covariates: Sequence[str],
    *,
    beside: str = CONTROL,
    is_ongoing: bool = False,
) -> CampaignEffect:
    """The effect of each other arm, compared with the arm `beside`, at the end of each day up to `until`.

    `added` has what each day adds to each arm: `arm`, `day`, `assigned_users`, `users`, and sums over users named after
    their factors, such as `orders * orders_before`. `shares` of the arms add up to 1, that of `beside` among them.
    `is_ongoing` says that users keep arriving. Raises ValueError for a frame without rows or without that arm.
    """
    if added.is_empty() or beside not in shares:
        raise ValueError("There is nothing to compare")
    first_day = added["day"].min()
    last_begun = added.filter(pl.col("users") + pl.col("assigned_users") > 0)["day"].max()
    assert isinstance(first_day, date)  # noqa: S101 - the frame has rows
    assert isinstance(last_begun, date)  # noqa: S101
    last_day = min(until, last_begun + timedelta(days=window_days))
    days = [first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1)]
    arms = {name: _Arm.of(added.filter(arm=name), days) for name in shares}
    variants = [name for name in shares if name != beside]
    alpha = ALPHA / len(variants)
    found = []
    for name in variants:
        pair = (arms[name], arms[beside])
        planned = ONGOING_USERS if is_ongoing else float(sum(arm.users[-1] for arm in pair))
        observed = pair[0].observed_days(window_days) + pair[1].observed_days(window_days)
        clock = _Clock(observed, planned * window_days, alpha)
        effects = [_outcome(outcome, covariates, pair, days, clock) for outcome in outcomes]
        found.append(VariantEffect(name, 1 - alpha, effects))
    return CampaignEffect(
        first_day=first_day,
        last_day=last_day,
        is_complete=until > last_begun + timedelta(days=window_days),
        sample_ratio=_sample_ratio(arms, shares),
        variants=found,
    )


@dataclass(frozen=True, eq=False)
class _Arm:
    """The running sums of an arm at the end of each day."""

    users: Floats
    assigned: NDArray[np.int64]
    sums: Mapping[str, Floats]

    @classmethod
    def of(cls, added: pl.DataFrame, days: list[date]) -> "_Arm":
        columns = added.drop("arm", "day").columns
        every = pl.DataFrame({"day": days}).join(added, on="day", how="left", maintain_order="left")
        running = every.select(pl.col(columns).fill_null(0).cum_sum())
        return cls(
            running["users"].cast(pl.Float64).to_numpy(),
            running["assigned_users"].to_numpy(),
            {name: running[name].to_numpy() for name in columns if name not in ("users", "assigned_users")},
        )

    def observed_days(self, window_days: int) -> Floats:
        """For how many days users have been observed: each for at most the window, the day of the start counted."""
        left = np.concatenate([np.zeros(window_days), self.users])[: len(self.users)]
        return np.cumsum(self.users - left)

    def of_outcome(self, factors: Sequence[str]) -> ArmSums:
        """The sums of rows with these columns, at each look."""
        products = [[self._product(one, other) for other in factors] for one in factors]
        return ArmSums(
            self.users,
            np.stack([self.sums[name] for name in factors], axis=-1),
            np.moveaxis(np.array(products), -1, 0),
        )

    def _product(self, one: str, other: str) -> Floats:
        name = f"{one} * {other}"
        return self.sums[name if name in self.sums else f"{other} * {one}"]


@dataclass(frozen=True, eq=False)
class _Clock:
    """How many days of users have been observed at each look, of how many, and how often bounds may be wrong."""

    observed: Floats
    planned: float
    alpha: float


def _outcome(
    outcome: str, covariates: Sequence[str], pair: tuple[_Arm, _Arm], days: list[date], clock: _Clock
) -> OutcomeEffect:
    treated, control = (arm.of_outcome([outcome, *covariates]) for arm in pair)
    found = difference(treated, control)
    widths = half_width(found.standard_error, clock.observed, clock.planned, clock.alpha)
    p_values = p_value(found.estimate, found.standard_error, clock.observed, clock.planned, clock.alpha)
    enough = carriers(treated, control) >= ENOUGH_CARRIERS
    looks = []
    for place, day in enumerate(days):
        users, held_out = float(treated.users[place]), float(control.users[place])
        if min(users, held_out) < 2:
            continue
        estimate, width, is_early = float(found.estimate[place]), float(widths[place]), not enough[place]
        low, high = (None, None) if is_early else (estimate - width, estimate + width)
        looks.append(
            Look(
                day=day,
                treated_users=int(users),
                control_users=int(held_out),
                treated_mean=float(treated.means[place, 0]),
                control_mean=float(control.means[place, 0]),
                per_user=estimate,
                per_user_low=low,
                per_user_high=high,
                total=estimate * users,
                total_low=None if low is None else low * users,
                total_high=None if high is None else high * users,
                p_value=None if is_early else float(p_values[place]),
                is_early=is_early,
            )
        )
    squares = found.standard_error[-1] ** 2, found.plain_standard_error[-1] ** 2
    return OutcomeEffect(outcome, looks, float(1 - squares[0] / squares[1]) if squares[1] > 0 else 0.0)


def _sample_ratio(arms: Mapping[str, _Arm], shares: Mapping[str, float]) -> SampleRatio:
    counts = np.stack([arm.assigned for arm in arms.values()], axis=-1)
    total = counts[-1].sum()
    found = float(sample_ratio_p_values(counts, list(shares.values()))[-1])
    return SampleRatio(
        p_value=found,
        is_mismatched=found < ALARM,
        arms=[
            ArmCount(name, share, int(arms[name].assigned[-1]), float(share * total)) for name, share in shares.items()
        ],
    )
