"""Reports that know no periods: segments and their moves, RFM, risks.

Belongs here: SQL on `analytics.user_list`, `analytics.customer_rfm` and `analytics.segment_transitions`, and the state
of all that reports are made of.
"""

from backend.analytics.schemas import RfmCell, RfmGridCell, RiskCount, Segment, SegmentMove
from warehouse.database import Statement, rows, value


def state_of_data() -> Statement[str]:
    """What reports are made of, by a name that changes with it.

    dbt makes each of its tables anew and puts it in the place of the old one, so the table's number says which it is.
    The daily roll-up is added to, and its watermark moves in the same transaction.
    """
    return value(
        str,
        "select concat_ws(' ',"
        " to_regclass('analytics.user_list')::oid, to_regclass('analytics.customer_rfm')::oid,"
        " to_regclass('analytics.segment_transitions')::oid,"
        " (select concat_ws('/', xid, moved_at) from raw.watermarks where reader = 'int_user_daily'),"
        " (select max(change_id) from raw.daily_changes),"
        " (select concat_ws('/', count(*), max(archived_at), max(restored_at)) from raw.archives),"
        " (select concat_ws('/', count(*), max(erased_at)) from raw.erased_users))",
    )


def segments() -> Statement[list[Segment]]:
    """The segments as of the list's day, the largest first."""
    return rows(
        lambda *row: Segment(**dict(zip(Segment.model_fields, row, strict=True))),
        "select segment_id, segment, count(*), count(*) / sum(count(*)) over ()::double precision,"
        " sum(purchase_amount_total), avg(expected_value), avg(purchase_probability), avg(churn_probability),"
        " avg(orders_total)::double precision, avg(purchase_amount_total),"
        " avg(as_of - last_active_day)::double precision,"
        " avg(case when churn_risk = 'high' then 1 else 0 end)::double precision"
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


def rfm_grid() -> Statement[list[RfmGridCell]]:
    """The buyers by their scores."""
    return rows(
        lambda *row: RfmGridCell(**dict(zip(RfmGridCell.model_fields, row, strict=True))),
        "select recency_score, floor((frequency_score + monetary_score + 1) / 2.0)::integer, rfm_cell, count(*),"
        " sum(monetary_amount) from analytics.customer_rfm group by 1, 2, 3 order by 1, 2",
    )


def risks() -> Statement[list[RiskCount]]:
    """How many users run which risk of leaving."""
    return rows(
        lambda risk, users, expected: RiskCount(risk=risk, users=users, expected_value=expected),
        "select churn_risk, count(*), coalesce(sum(expected_value), 0)"
        " from analytics.user_list group by churn_risk order by churn_risk",
    )
