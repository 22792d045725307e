"""The users of the simulated shop and their latent quantities, which no real shop can observe.

Belongs here: these quantities and how they are drawn. Does not belong here: what follows from them (`week`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import UserError
from simulator.drift import Drift, DriftKind

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

SOURCES = ("telegram", "web", "mobile")
# Streams of random numbers that must be independent of each other.
POPULATION_STREAM = 0
WEEK_STREAM = 1
FAULT_STREAM = 2


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The average behaviour of the shop's users. Rates are per day, probabilities per occasion."""

    sessions_per_day: float = 0.25
    # With a small shape, users differ a lot: the relative spread of a gamma distribution is 1 / sqrt(shape).
    sessions_shape: float = 0.8
    lifetime_days: float = 120.0
    lifetime_shape: float = 1.2
    # Share of users who are there when the simulation starts. The others join evenly over its days.
    initial_share: float = 0.4
    cart_probability: float = 0.28
    checkout_probability: float = 0.6
    payment_probability: float = 0.75
    # Standard deviation of the users' intent to buy, in log-odds.
    intent_spread: float = 1.0
    # Probability that a line is to be returned. It is returned if the user comes again within ten days.
    refund_probability: float = 0.04
    feedback_probability: float = 0.15
    # Each weekly campaign selects a user with this probability. A selected user is notified; in the control group, the
    # notification is withheld.
    notification_probability: float = 0.5
    control_share: float = 0.2
    # Whether each campaign draws a control group of its own, instead of one for good.
    redraws_control: bool = False
    open_probability: float = 0.2
    source_shares: tuple[float, float, float] = (0.7, 0.1, 0.2)


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Every array has one entry for each user. Days are counted from the start of the simulation, with fractions.

    While `joined_day <= t < churned_day`, the sessions of user u are a Poisson process with the rate
    `session_rate[u] * weekday_weight[u, weekday]`. The first session is always at `joined_day`. An opened notification
    (`open_probability[u]`) brings one more session. Each session ends, independently, in a purchase with
    `purchase_probability[u]`. The user leaves for good at `churned_day`, which is drawn from `churn_hazard[u]`. Nothing
    happens outside a session. All labels follow from these quantities.
    """

    behaviour: Behaviour
    drift: Drift | None
    joined_day: Floats
    churned_day: Floats
    # Hazard of leaving per day, before any drift.
    churn_hazard: Floats
    # Sessions per day of average weight, before any drift.
    session_rate: Floats
    weekday_weight: Floats
    cart_probability: Floats
    checkout_probability: Floats
    payment_probability: Floats
    open_probability: Floats
    peak_hour: Floats
    extra_quantity: Floats
    source: Integers
    # The source of the user's events after a drift of the sources.
    later_source: Integers
    is_control: Booleans

    @property
    def size(self) -> int:
        """How many users there are."""
        return len(self.joined_day)

    @property
    def purchase_probability(self) -> Floats:
        """The probability that a session ends in a purchase."""
        return self.cart_probability * self.checkout_probability * self.payment_probability

    def rate_of_sessions(self, users: slice, day: int, weekday: int) -> Floats:
        """Mean sessions of these users on that whole day (weekday 0 is Monday), without those from notifications."""
        factor = 1.0 if self.drift is None else self.drift.session_factor(day)
        return self.session_rate[users] * self.weekday_weight[users, weekday] * factor

    def rate_of_leaving(self, day: int) -> Floats:
        """The hazard of leaving for good on that day."""
        return self.churn_hazard * (1.0 if self.drift is None else self.drift.churn_factor(day))

    def source_at(self, user: Integers, day: Floats) -> Integers:
        """The source of events of these users on these days."""
        if self.drift is None or self.drift.kind is not DriftKind.SOURCES:
            return self.source[user]
        return np.where(day < self.drift.day, self.source[user], self.later_source[user])


def draw_population(
    users: int, days: int, seed: int, behaviour: Behaviour | None = None, drift: Drift | None = None
) -> Population:
    """Draws `users` users for a simulation of `days` days. The same arguments give the same users.

    A drift changes nothing before its day. Raises UserError if a number is out of range.
    """
    for name, value, least in (("users", users, 1), ("days", days, 1), ("seed", seed, 0)):
        if value < least:
            raise UserError(f"--{name} is {value}; it must be {least} or more")
    if drift is not None and not 0 < drift.day < days:
        raise UserError(f"--drift {drift} does not lie within the simulation: its day must be from 1 to {days - 1}")
    habits = behaviour or Behaviour()
    random = np.random.default_rng([seed, POPULATION_STREAM])
    # Users who are there from the start first appear within the first week.
    is_initial = random.random(users) < habits.initial_share
    joined = random.random(users) * np.where(is_initial, min(7, days), days)
    hazard = random.gamma(habits.lifetime_shape, 1 / (habits.lifetime_days * habits.lifetime_shape), users)
    hazard = np.maximum(hazard, 1e-9)
    intent = random.normal(0.0, habits.intent_spread, users)
    weekdays = random.dirichlet(np.full(7, 4.0), users) * 7
    return Population(
        behaviour=habits,
        drift=drift,
        joined_day=joined,
        churned_day=_churned(joined, random.exponential(1.0, users) / hazard, drift),
        churn_hazard=hazard,
        session_rate=random.gamma(habits.sessions_shape, habits.sessions_per_day / habits.sessions_shape, users),
        weekday_weight=weekdays,
        cart_probability=_shifted(habits.cart_probability, intent),
        checkout_probability=_shifted(habits.checkout_probability, 0.5 * intent),
        payment_probability=_shifted(habits.payment_probability, 0.5 * intent),
        open_probability=_shifted(habits.open_probability, random.normal(0.0, 1.0, users)),
        peak_hour=random.normal(17.0, 4.0, users) % 24,
        extra_quantity=random.gamma(0.5, 0.4, users),
        source=random.choice(len(SOURCES), users, p=habits.source_shares),
        is_control=random.random(users) < habits.control_share,
        later_source=random.choice(len(SOURCES), users, p=habits.source_shares[::-1]),
    )


def _churned(joined: Floats, lifetime: Floats, drift: Drift | None) -> Floats:
    """When users leave. After a drift the hazard is `factor` times as high, so the rest of a lifetime shrinks by it."""
    if drift is None:
        return joined + lifetime
    before = np.clip(drift.day - joined, 0.0, lifetime)
    return np.asarray(joined + before + (lifetime - before) / drift.churn_factor(drift.day), np.float64)


def _shifted(probability: float, log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + (1 / probability - 1) * np.exp(-log_odds)), np.float64)
