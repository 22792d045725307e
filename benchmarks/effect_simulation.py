"""Simulated experiments whose true effect is known, looked at many times.

Two kinds. In `arriving` users come one after the other, as for a trigger, and each brings one outcome. In `campaign`
all users are assigned at once and are watched day by day; some of them always buy more than others, and what they
bought before is known.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ml.experiments.comparison import ArmSums, Difference, Floats, carriers, difference
from ml.experiments.sequences import ENOUGH_CARRIERS, half_width

OUTCOMES = ("buyers", "orders", "revenue")
PRICE_MEAN, PRICE_SPREAD = 3.0, 1.0
"""Of the logarithm of what an order costs."""
_DAYS_BEFORE = 30
_SHAPE = 0.5
"""Of the gamma distribution of users' rates: four fifths of all orders are made by a quarter of the users."""
_AT_ONCE = 50
_FIXED = 1.959964


@dataclass(frozen=True, eq=False)
class Looks:
    """What was seen at each look of many experiments, as arrays (experiments, looks), and the `truth` at each look."""

    found: Difference
    carriers: Floats
    observed: Floats
    planned: float
    truth: Floats

    @property
    def widths(self) -> Floats:
        """Half the widths of the intervals; infinite where it is too early to say anything."""
        widths = half_width(self.found.standard_error, self.observed, self.planned)
        return np.where(self.carriers >= ENOUGH_CARRIERS, widths, np.inf)

    def wrong_ever(self) -> float:
        """The share of experiments with an interval at any look that does not contain the truth."""
        return float((np.abs(self.found.estimate - self.truth) > self.widths).any(axis=1).mean())

    def found_ever(self) -> float:
        """The share of experiments in which any look says that the treated do more."""
        return float((self.found.estimate > self.widths).any(axis=1).mean())

    def fixed_wrong_ever(self) -> float:
        """The same as `wrong_ever` for ordinary 95 % intervals, which are made for one look."""
        return float((np.abs(self.found.estimate - self.truth) > self._fixed_widths()).any(axis=1).mean())

    def fixed_found_at_end(self) -> float:
        """The share of experiments in which an ordinary interval at the last look says that the treated do more."""
        return float((self.found.estimate > self._fixed_widths())[:, -1].mean())

    def _fixed_widths(self) -> Floats:
        return np.where(self.carriers >= ENOUGH_CARRIERS, _FIXED * self.found.standard_error, np.inf)


def arriving(
    *,
    experiments: int,
    users: int,
    looks: int,
    rate: float,
    lift: float = 0.0,
    treated_share: float = 0.5,
    seed: int = 0,
) -> Looks:
    """Users who arrive evenly over the looks; each buys with probability `rate`, if treated `rate` (1 + `lift`)."""
    random = np.random.default_rng(seed)
    sizes = np.diff(np.linspace(0, users, looks + 1).round().astype(int))
    arms = []
    for share, probability in ((treated_share, rate * (1 + lift)), (1 - treated_share, rate)):
        arrived = np.diff(np.floor(np.cumsum([0, *sizes]) * share + 0.5).astype(int))
        buyers = random.binomial(arrived, probability, (experiments, looks)).cumsum(axis=1).astype(float)
        seen = np.broadcast_to(arrived.cumsum().astype(float), buyers.shape)
        arms.append(ArmSums(seen, buyers[..., None], buyers[..., None, None]))
    treated, control = arms
    return Looks(
        difference(treated, control),
        carriers(treated, control),
        treated.users + control.users,
        float(users),
        np.full(looks, rate * lift),
    )


def campaign(
    *,
    experiments: int,
    users: int,
    days: int,
    rate: float,
    lift: float = 0.0,
    treated_share: float = 0.5,
    seed: int = 0,
) -> dict[str, Looks]:
    """All users at once, watched for some days, one look a day; `rate` is the mean of a user's orders a day.

    Answers with the looks at each of OUTCOMES, adjusted for the orders and the revenue of the 30 days before.
    """
    treated = round(users * treated_share)
    batches = [
        list(_days(min(_AT_ONCE, experiments - begin), users, treated, days, rate, lift, (seed, begin)))
        for begin in range(0, experiments, _AT_ONCE)
    ]
    truths = _truths(np.arange(1.0, days + 1), rate, lift)
    looks = {}
    for place, name in enumerate(OUTCOMES):
        # Batches of experiments, each a list of days.
        both = [_joined([[day[place][arm] for day in batch] for batch in batches]) for arm in range(2)]
        looks[name] = Looks(difference(*both), carriers(*both), np.arange(1.0, days + 1), float(days), truths[name])
    return looks


def _days(
    experiments: int, users: int, treated: int, days: int, rate: float, lift: float, seed: tuple[int, int]
) -> Iterator[list[tuple[ArmSums, ArmSums]]]:
    """For each day the sums of both arms, for each outcome."""
    random = np.random.default_rng(seed)
    rates = random.gamma(_SHAPE, rate / _SHAPE, (experiments, users))
    orders_before = random.poisson(rates * _DAYS_BEFORE)
    covariates = [orders_before, _revenue(orders_before, random)]
    rates[:, :treated] *= 1 + lift
    orders, revenue = np.zeros((experiments, users)), np.zeros((experiments, users))
    for _ in range(days):
        today = random.poisson(rates)
        orders += today
        revenue += _revenue(today, random)
        rows = [np.stack([outcome, *covariates], axis=-1) for outcome in (np.minimum(orders, 1), orders, revenue)]
        yield [(ArmSums.of(row[:, :treated]), ArmSums.of(row[:, treated:])) for row in rows]


def _revenue(orders: Floats, random: np.random.Generator) -> Floats:
    """What orders cost; those of one user and day cost the same."""
    revenue = np.zeros(orders.shape)
    bought = np.nonzero(orders)
    revenue[bought] = orders[bought] * random.lognormal(PRICE_MEAN, PRICE_SPREAD, len(bought[0]))
    return revenue


def _joined(batches: list[list[ArmSums]]) -> ArmSums:
    """The sums of an arm as arrays (experiments, days, ...)."""
    return ArmSums(
        *(
            np.concatenate([np.stack([getattr(day, part) for day in batch], axis=1) for batch in batches])
            for part in ("users", "sums", "products")
        )
    )


def _truths(days: Floats, rate: float, lift: float) -> dict[str, Floats]:
    """The true differences after so many days.

    A user with a rate from the gamma distribution buys nothing in d days with probability (1 + rate d / shape)^-shape.
    """
    silent, silent_if_treated = ((1 + each * days / _SHAPE) ** -_SHAPE for each in (rate, rate * (1 + lift)))
    orders = rate * lift * days
    return {
        "buyers": silent - silent_if_treated,
        "orders": orders,
        "revenue": orders * np.exp(PRICE_MEAN + PRICE_SPREAD**2 / 2),
    }
