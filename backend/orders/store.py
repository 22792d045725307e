"""SQL on the purchases of one person."""

from collections.abc import Sequence
from datetime import datetime

from backend.orders.schemas import Order, OrderLine
from warehouse.database import Statement, rows

Place = tuple[datetime, str]
"""Where a page ends: when its last order was made, and the order's key."""


def orders_page(ids: Sequence[str], before: Place | None, limit: int) -> Statement[list[tuple[Place, Order]]]:
    """Up to `limit` orders of these ids, newest first, from before a place on."""
    return rows(
        _order,
        """
        with lines as (
            select
                coalesce(order_id, event_id::text) as key, order_id, event_type, occurred_at, item_id,
                quantity::double precision as quantity, amount::double precision as amount, currency
            from raw.events
            where user_id = any(%(ids)s) and event_type in ('purchase', 'refund')
        ),
        orders as (
            select key, min(order_id) as order_id, min(occurred_at) as ordered_at
            from lines where event_type = 'purchase' group by key
        ),
        page as (
            select * from orders
            where %(ordered_at)s::timestamptz is null or (ordered_at, key) < (%(ordered_at)s, %(key)s::text)
            order by ordered_at desc, key desc limit %(limit)s
        )
        select page.key, page.order_id, page.ordered_at, jsonb_agg(
            jsonb_build_object(
                'item_id', lines.item_id, 'quantity', lines.quantity, 'amount', lines.amount,
                'currency', lines.currency, 'is_refunded', exists(
                    select from lines as refunds
                    where refunds.event_type = 'refund' and refunds.key = lines.key
                        and refunds.item_id is not distinct from lines.item_id
                )
            ) order by lines.item_id
        )
        from page inner join lines on lines.key = page.key and lines.event_type = 'purchase'
        group by page.key, page.order_id, page.ordered_at
        order by page.ordered_at desc, page.key desc
        """,
        ids=[*ids],
        ordered_at=None if before is None else before[0],
        key=None if before is None else before[1],
        limit=limit,
    )


def _order(key: str, order_id: str | None, ordered_at: datetime, lines: list[dict[str, object]]) -> tuple[Place, Order]:
    shown = [OrderLine.model_validate(line) for line in lines]
    return (ordered_at, key), Order(order_id=order_id, ordered_at=ordered_at, lines=shown)
