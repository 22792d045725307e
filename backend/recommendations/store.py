"""SQL on items: which the user knows already, and which others have bought."""

from collections.abc import Sequence
from datetime import date

from backend.recommendations.schemas import Recommendation
from warehouse.database import Statement, first_row, rows


def known_items(ids: Sequence[str]) -> Statement[list[str]]:
    """The items that the person with these ids has bought or given back."""
    return rows(
        str,
        "select distinct item_id from raw.events"
        " where user_id = any(%(ids)s) and item_id is not null and event_type in ('purchase', 'refund')"
        " order by item_id",
        ids=[*ids],
    )


def counted_day() -> Statement[date | None]:
    """The day as of which items were counted."""
    return first_row(lambda as_of: as_of, "select as_of from analytics.item_popularity limit 1")


def recommended(known: Sequence[str], limit: int) -> Statement[list[Recommendation]]:
    """What others ordered with the known items, then what is popular; nothing that is known."""
    return rows(
        lambda item_id, basis, because_of, buyers: Recommendation(
            item_id=item_id, basis=basis, because_of=because_of, buyers=buyers
        ),
        """
        with candidates as (
            select other_item_id as item_id, 'bought_together' as basis, item_id as because_of, buyers, 1 as place
            from analytics.items_bought_together
            where item_id = any(%(known)s) and buyers > 1
            union all
            select item_id, 'popular', null, buyers, 2 from analytics.item_popularity
        ),
        best as (
            select distinct on (item_id) * from candidates
            where item_id <> all(%(known)s)
            order by item_id, place, buyers desc, because_of
        )
        select item_id, basis, because_of, buyers from best order by place, buyers desc, item_id limit %(limit)s
        """,
        known=[*known],
        limit=limit,
    )
