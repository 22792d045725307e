"""Reports that know no periods: segments and their moves, RFM, risks.

Belongs here: SQL on `analytics.user_list`, `analytics.customer_rfm` and `analytics.segment_transitions`.
"""

from backend.analytics.schemas import RfmCell, RiskCount, Segment, SegmentMove
from warehouse.database import Statement, rows


def segments() -> Statement[list[Segment]]:
    """The segments as of the list's day, the largest first."""
    return rows(
        lambda *row: Segment(**dict(zip(Segment.model_fields, row, strict=True))),
        "select segment_id, segment, count(*), count(*) / sum(count(*)) over ()::double precision,"
        " sum(purchase_amount_total), avg(expected_value), avg(purchase_probability), avg(churn_probability)"
        " from analytics.user_list group by segment_id, segment order by 3 desc, segment",
    )


def segment_moves(days: int) -> Statement[list[SegmentMove]]:
    """Who moved where on the newest scored days, the newest first."""
    return rows(
        lambda *row: SegmentMove(**dict(zip(SegmentMove.model_fields, row, strict=True))),
        "select from_as_of, to_as_of, from_segment, to_segment, is_other_model, users, share"
        " from analytics.segment_transitions where to_as_of in"
        " (select distinct to_as_of from analytics.segment_transitions order by to_as_of desc limit %(days)s)"
        " order by to_as_of desc, users desc, from_segment, to_segment",
        days=days,
    )


def rfm_cells() -> Statement[list[RfmCell]]:
    """The cells that have buyers, the largest first."""
    return rows(
        lambda *row: RfmCell(**dict(zip(RfmCell.model_fields, row, strict=True))),
        "select rfm_cell, count(*), avg(recency_days)::double precision, avg(frequency_orders)::double precision,"
        " sum(monetary_amount) from analytics.customer_rfm group by rfm_cell order by 2 desc, 1",
    )


def risks() -> Statement[list[RiskCount]]:
    """How many users run which risk of leaving."""
    return rows(
        lambda risk, users: RiskCount(risk=risk, users=users),
        "select churn_risk, count(*) from analytics.user_list group by churn_risk order by churn_risk",
    )
