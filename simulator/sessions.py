"""What happens inside sessions: which events, in which order, with which items and amounts.

Belongs here: the funnel. An item is viewed before it is put into the cart, and is in the cart before it is bought. A
refund follows its purchase in a later session. Does not belong here: when sessions start (`week`), texts and frames
(`frames`).
"""

from dataclasses import dataclass, replace

import numpy as np

from simulator.population import Booleans, Floats, Integers, Population
from simulator.week import DAYS, MICROSECONDS_PER_DAY, Week

# In the order in which they occur within a session. The last four are not part of a session.
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
# Items are returned at the start of the first session that is at least an hour later, and within this time.
_REFUND_AFTER = 3_600_000_000
_REFUND_WITHIN = 10 * MICROSECONDS_PER_DAY
TELEGRAM = 0


@dataclass(frozen=True, slots=True)
class Events:
    """Events as arrays of equal length. Where a column does not apply, order and item are NONE, the others are zero."""

    user: Integers
    kind: Integers
    at: Integers
    order: Integers
    item: Integers
    quantity: Integers
    amount: Floats
    source: Integers
    # A number from which the properties are made: the command, the query, the number of stars, or the campaign.
    detail: Integers

    def __len__(self) -> int:
        return len(self.user)

    def take(self, chosen: Integers) -> "Events":
        """The events at these positions, in this order."""
        return Events(*(getattr(self, name)[chosen] for name in self.__slots__))


def empty_events() -> Events:
    """No events at all."""
    nothing = np.empty(0, np.int64)
    return Events(nothing, nothing, nothing, nothing, nothing, nothing, np.empty(0), nothing, nothing)


def concatenate(parts: list[Events]) -> Events:
    """The events of all parts, ordered by time."""
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Events.__slots__}
    events = Events(**arrays)
    return events.take(np.argsort(events.at, kind="stable"))


def price_list(random: np.random.Generator) -> Floats:
    """A price for each item, in dollars."""
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
    # One payment covers all lines of an order, so they have the same time.
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
    """The order lines that will be returned if the user comes back in time."""
    lines = np.flatnonzero(purchases.kind == PURCHASE)
    return purchases.take(lines[random.random(len(lines)) < probability])


def refunds(population: Population, returns: Events, week: Week, begins: int) -> tuple[Events, Events]:
    """The refunds in a week that begins at `begins`, and the lines that may still be returned later.

    Amounts and quantities of refunds are negative.
    """
    # A last entry that belongs to nobody, so that every search finds a position.
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
    """Numbers that sort by user, then by time within a week; 2 ** 40 microseconds are twelve days."""
    return (user << 40) + np.clip(at - begins, 0, (1 << 40) - 1)


def notifications(population: Population, week: Week, number: int) -> Events:
    """The week's campaign: who received it, from whom it was withheld, and who opened it."""
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
    """The number of events of each kind in each session."""
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
    # A user who puts an item into the cart has viewed it, and has viewed other items too.
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
    """Item and quantity of each event. The n-th item in the cart and in the order is the n-th item viewed."""
    total = len(kind)
    item = np.full(total, NONE)
    quantity = np.zeros(total, np.int64)
    views = np.flatnonzero(kind == VIEW)
    # A power of a uniform number, so that a few items get most views.
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
