"""The users of the simulated shop and what nobody in a real shop gets to see of them.

Belongs here: the latent quantities and how they are drawn. Does not: what follows from them (`week`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestration.errors import UserError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

SOURCES = ("telegram", "web", "mobile")
# Streams of random numbers that must not depend on each other.
POPULATION_STREAM = 0
WEEK_STREAM = 1


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the shop's users are like on average. Rates are per day, probabilities per occasion."""

    sessions_per_day: float = 0.25
    # Small shapes make users differ a lot: of a gamma distribution, 1 / sqrt(shape) is the relative spread.
    sessions_shape: float = 0.8
    lifetime_days: float = 120.0
    lifetime_shape: float = 1.2
    # Users who are there when the simulation starts; the others join evenly over its days.
    initial_share: float = 0.4
    cart_probability: float = 0.28
    checkout_probability: float = 0.6
    payment_probability: float = 0.75
    # Spread of the users' intent to buy, in log-odds.
    intent_spread: float = 1.0
    refund_probability: float = 0.04
    feedback_probability: float = 0.15
    # Each week every user outside the control group is notified with this probability.
    notification_probability: float = 0.5
    control_share: float = 0.2
    open_probability: float = 0.2
    source_shares: tuple[float, float, float] = (0.7, 0.1, 0.2)


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """One entry a user in every array. Days are counted from the start of the simulation, with fractions.

    While `joined_day <= t < churned_day`, sessions of user u are a Poisson process of rate
    `session_rate[u] * weekday_weight[u, weekday]`, the first one at `joined_day` for sure; a notification that is
    opened (`open_probability[u]`) brings one more. Each session ends, independently, in a purchase with
    `purchase_probability[u]`. Everything a label asks about follows from these.
    """

    behaviour: Behaviour
    joined_day: Floats
    churned_day: Floats
    session_rate: Floats
    weekday_weight: Floats
    cart_probability: Floats
    checkout_probability: Floats
    payment_probability: Floats
    open_probability: Floats
    peak_hour: Floats
    extra_quantity: Floats
    source: Integers
    is_control: Booleans

    @property
    def size(self) -> int:
        """How many users there are."""
        return len(self.joined_day)

    @property
    def purchase_probability(self) -> Floats:
        """The probability that a session ends in a purchase."""
        return self.cart_probability * self.checkout_probability * self.payment_probability


def draw_population(users: int, days: int, seed: int, behaviour: Behaviour | None = None) -> Population:
    """Draws `users` users for a simulation of `days` days. The same arguments give the same users."""
    for name, value, least in (("users", users, 1), ("days", days, 1), ("seed", seed, 0)):
        if value < least:
            raise UserError(f"--{name} is {value}; it must be {least} or more")
    habits = behaviour or Behaviour()
    random = np.random.default_rng([seed, POPULATION_STREAM])
    # Those who are there already show up within the first week.
    is_initial = random.random(users) < habits.initial_share
    joined = random.random(users) * np.where(is_initial, min(7, days), days)
    hazard = random.gamma(habits.lifetime_shape, 1 / (habits.lifetime_days * habits.lifetime_shape), users)
    intent = random.normal(0.0, habits.intent_spread, users)
    weekdays = random.dirichlet(np.full(7, 4.0), users) * 7
    return Population(
        behaviour=habits,
        joined_day=joined,
        churned_day=joined + random.exponential(1.0, users) / np.maximum(hazard, 1e-9),
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
    )


def _shifted(probability: float, log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + (1 / probability - 1) * np.exp(-log_odds)), np.float64)
