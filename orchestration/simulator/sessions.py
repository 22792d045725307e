"""What happens inside sessions: which events, in which order, with which items and money.

Belongs here: the funnel. What is bought was put into the cart, what is in the cart was viewed, a refund follows its
purchase. Does not: when sessions start (`week`), texts and frames (`frames`).
"""

from dataclasses import dataclass, replace

import numpy as np

from orchestration.simulator.population import Floats, Integers, Population
from orchestration.simulator.week import MICROSECONDS_PER_DAY, Week

# In this order within a session; the last three happen outside of one.
EVENT_TYPES = (
    "session_start",
    "command",
    "message",
    "search",
    "view",
    "add_to_cart",
    "checkout",
    "purchase",
    "feedback",
    "refund",
    "notification_sent",
    "notification_opened",
)
START, COMMAND, MESSAGE, SEARCH, VIEW, CART, CHECKOUT, PURCHASE, FEEDBACK, REFUND, SENT, OPENED = range(12)
_IN_SESSION = 9
ITEMS = 2_000
NONE = -1
_SECONDS_BETWEEN = 40.0
_LONGEST_CART = 6
_REFUND_DAYS = 10.0
TELEGRAM = 0


@dataclass(frozen=True, slots=True)
class Events:
    """Events as arrays of one length. Where a column does not apply, order and item are NONE, the others zero."""

    user: Integers
    kind: Integers
    at: Integers
    order: Integers
    item: Integers
    quantity: Integers
    amount: Floats
    source: Integers
    # A number the event's properties are made of: which command, which query, how many stars, which campaign.
    detail: Integers

    def __len__(self) -> int:
        return len(self.user)

    def take(self, chosen: Integers) -> "Events":
        """The events at these positions, in this order."""
        return Events(*(getattr(self, name)[chosen] for name in self.__slots__))


def joined(parts: list[Events]) -> Events:
    """All parts as one, ordered by time."""
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Events.__slots__}
    events = Events(**arrays)
    return events.take(np.argsort(events.at, kind="stable"))


def price_list(random: np.random.Generator) -> Floats:
    """A price an item, in dollars."""
    return np.asarray(np.round(np.exp(random.normal(2.8, 0.8, ITEMS)), 2), np.float64)


def draw_sessions(
    population: Population, week: Week, prices: Floats, first_order: int, random: np.random.Generator
) -> Events:
    """Everything that happens in the week's sessions. Orders are numbered from `first_order`."""
    user = week.session_user
    count = len(user)
    counts = _counts(population, user, random)
    kind = np.repeat(np.tile(np.arange(_IN_SESSION, dtype=np.int64), count), counts.ravel())
    lengths = counts.sum(axis=1)
    session = np.repeat(np.arange(count), lengths)
    begins = np.cumsum(lengths) - lengths
    total = len(kind)
    item, quantity = _items(population, user, counts, kind, session, begins, random)
    # One payment pays all lines of an order at once.
    is_same_moment = np.zeros(total, bool)
    is_same_moment[1:] = (kind[1:] == PURCHASE) & (kind[:-1] == PURCHASE)
    gaps = (random.standard_exponential(total, np.float32) * (_SECONDS_BETWEEN * 1e6)).astype(np.int64) + 1
    gaps[is_same_moment] = 0
    elapsed = np.cumsum(gaps)
    at = week.session_start[session] + elapsed - elapsed[begins][session]
    is_order = (kind == CHECKOUT) | (kind == PURCHASE)
    has_checkout = counts[:, CHECKOUT] > 0
    numbers = first_order + np.cumsum(has_checkout) - 1
    is_paid = kind == PURCHASE
    amount = np.zeros(total)
    amount[is_paid] = np.round(prices[item[is_paid]] * quantity[is_paid], 2)
    return Events(
        user=user[session],
        kind=kind,
        at=at,
        order=np.where(is_order, numbers[session], NONE),
        item=item,
        quantity=quantity,
        amount=amount,
        source=population.source[user][session],
        detail=random.integers(0, 1 << 16, total, dtype=np.int64),
    )


def draw_refunds(purchases: Events, probability: float, random: np.random.Generator) -> Events:
    """Refunds of some of the order lines, days later; amounts and quantities are negative."""
    lines = np.flatnonzero(purchases.kind == PURCHASE)
    chosen = purchases.take(lines[random.random(len(lines)) < probability])
    delay = (random.random(len(chosen)) * _REFUND_DAYS * MICROSECONDS_PER_DAY).astype(np.int64) + 3_600_000_000
    return replace(
        chosen,
        kind=np.full(len(chosen), REFUND),
        at=chosen.at + delay,
        quantity=-chosen.quantity,
        amount=-chosen.amount,
    )


def notifications(population: Population, week: Week, number: int) -> Events:
    """The week's campaign: what was sent and what was opened."""
    user = np.concatenate([week.sent_user, week.opened_user])
    nothing = np.full(len(user), NONE)
    return Events(
        user=user,
        kind=np.repeat([SENT, OPENED], [len(week.sent_user), len(week.opened_user)]),
        at=np.concatenate([week.sent_at, week.opened_at]),
        order=nothing,
        item=nothing,
        quantity=np.zeros(len(user), np.int64),
        amount=np.zeros(len(user)),
        source=population.source[user],
        detail=np.full(len(user), number),
    )


def _counts(population: Population, user: Integers, random: np.random.Generator) -> Integers:
    """How many events of each kind each session has."""
    count = len(user)
    chance = random.random((6, count))
    counts = np.zeros((count, _IN_SESSION), np.int64)
    is_telegram = population.source[user] == TELEGRAM
    is_carted = chance[0] < population.cart_probability[user]
    is_checked_out = is_carted & (chance[1] < population.checkout_probability[user])
    is_paid = is_checked_out & (chance[2] < population.payment_probability[user])
    counts[:, START] = 1
    counts[:, COMMAND] = is_telegram * (1 + (chance[3] < 0.4))
    counts[:, MESSAGE] = is_telegram * random.poisson(0.5, count)
    counts[:, SEARCH] = chance[4] < 0.35
    # Who puts something into the cart has looked at it, and looked around.
    views = random.geometric(0.35, count) - 1 + is_carted
    carts = is_carted * np.minimum(np.minimum(random.geometric(0.6, count), views), _LONGEST_CART)
    counts[:, VIEW] = views
    counts[:, CART] = carts
    counts[:, CHECKOUT] = is_checked_out
    counts[:, PURCHASE] = is_paid * carts
    counts[:, FEEDBACK] = is_paid & (chance[5] < population.behaviour.feedback_probability)
    return counts


def _items(
    population: Population,
    user: Integers,
    counts: Integers,
    kind: Integers,
    session: Integers,
    begins: Integers,
    random: np.random.Generator,
) -> tuple[Integers, Integers]:
    """Item and quantity of each event; the n-th thing in the cart, and of the order, is the n-th thing viewed."""
    total = len(kind)
    item = np.full(total, NONE)
    quantity = np.zeros(total, np.int64)
    views = np.flatnonzero(kind == VIEW)
    # A power of a uniform number: a few items draw most of the interest.
    item[views] = (ITEMS * random.random(len(views)) ** 2.5).astype(np.int64)
    first_view = begins + counts[:, :VIEW].sum(axis=1)
    wanted = random.poisson(population.extra_quantity[user]) + 1
    for stage in (CART, PURCHASE):
        places = np.flatnonzero(kind == stage)
        of = session[places]
        rank = places - (begins + counts[:, :stage].sum(axis=1))[of]
        item[places] = item[first_view[of] + rank]
        quantity[places] = wanted[of]
    return item, quantity
