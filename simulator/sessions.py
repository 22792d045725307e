"""What happens inside sessions: which events, in which order, with which items and money.

Belongs here: the funnel. What is bought was put into the cart, what is in the cart was viewed, a refund follows its
purchase in a later session. Does not: when sessions start (`week`), texts and frames (`frames`).
"""

from dataclasses import dataclass, replace

import numpy as np

from simulator.population import Booleans, Floats, Integers, Population
from simulator.week import DAYS, MICROSECONDS_PER_DAY, Week

# In this order within a session; the last four are no step of it.
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
    "notification_withheld",
)
START, COMMAND, MESSAGE, SEARCH, VIEW, CART, CHECKOUT, PURCHASE, FEEDBACK, REFUND, SENT, OPENED, WITHHELD = range(13)
_IN_SESSION = 9
ITEMS = 2_000
NONE = -1
_SECONDS_BETWEEN = 40.0
_LONGEST_CART = 6
# Things are given back at the start of the first session after an hour, and within this time.
_REFUND_AFTER = 3_600_000_000
_REFUND_WITHIN = 10 * MICROSECONDS_PER_DAY
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


def empty_events() -> Events:
    """Nothing happens."""
    nothing = np.empty(0, np.int64)
    return Events(nothing, nothing, nothing, nothing, nothing, nothing, np.empty(0), nothing, nothing)


def concatenate(parts: list[Events]) -> Events:
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
    source = population.source_at(user, week.session_start / MICROSECONDS_PER_DAY)
    counts = _counts(population, user, source == TELEGRAM, random)
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
        source=source[session],
        detail=random.integers(0, 1 << 16, total, dtype=np.int64),
    )


def draw_returns(purchases: Events, probability: float, random: np.random.Generator) -> Events:
    """The order lines that are to be given back."""
    lines = np.flatnonzero(purchases.kind == PURCHASE)
    return purchases.take(lines[random.random(len(lines)) < probability])


def refunds(population: Population, returns: Events, week: Week, begins: int) -> tuple[Events, Events]:
    """What of the unwanted lines is given back in a week that begins at `begins`, and the lines that still may be.

    Amounts and quantities of refunds are negative.
    """
    # An end that belongs to nobody, so that every search finds a place.
    users, starts = np.append(week.session_user, NONE), np.append(week.session_start, 0)
    order = np.append(np.argsort(_moments(week.session_user, week.session_start, begins)), len(week.session_user))
    moments = _moments(users[order[:-1]], starts[order[:-1]], begins)
    session = order[np.searchsorted(moments, _moments(returns.user, returns.at + _REFUND_AFTER, begins))]
    is_refunded = (users[session] == returns.user) & (starts[session] < returns.at + _REFUND_WITHIN)
    refunded, at = returns.take(np.flatnonzero(is_refunded)), starts[session[is_refunded]] + 1_000_000
    source = population.source_at(refunded.user, at / MICROSECONDS_PER_DAY)
    kind = np.full(len(refunded), REFUND)
    refund_events = replace(
        refunded, kind=kind, at=at, quantity=-refunded.quantity, amount=-refunded.amount, source=source
    )
    is_pending = ~is_refunded & (returns.at + _REFUND_WITHIN > begins + DAYS * MICROSECONDS_PER_DAY)
    return refund_events, returns.take(np.flatnonzero(is_pending))


def _moments(user: Integers, at: Integers, begins: int) -> Integers:
    """Numbers that order by user, then by time within a week; 2 ** 40 microseconds are twelve days."""
    return (user << 40) + np.clip(at - begins, 0, (1 << 40) - 1)


def notifications(population: Population, week: Week, number: int) -> Events:
    """The week's campaign: to whom it was sent, from whom it was withheld, who opened it."""
    users = (week.sent_user, week.withheld_user, week.opened_user)
    user, at = np.concatenate(users), np.concatenate([week.sent_at, week.withheld_at, week.opened_at])
    nothing = np.full(len(user), NONE)
    return Events(
        user=user,
        kind=np.repeat([SENT, WITHHELD, OPENED], [len(each) for each in users]),
        at=at,
        order=nothing,
        item=nothing,
        quantity=np.zeros(len(user), np.int64),
        amount=np.zeros(len(user)),
        source=population.source_at(user, at / MICROSECONDS_PER_DAY),
        detail=np.full(len(user), number),
    )


def _counts(population: Population, user: Integers, is_telegram: Booleans, random: np.random.Generator) -> Integers:
    """How many events of each kind each session has."""
    count = len(user)
    chance = random.random((6, count))
    counts = np.zeros((count, _IN_SESSION), np.int64)
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
