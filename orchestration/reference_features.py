"""Features and labels stated a second time, from events alone and without SQL: what the marts are held against.

Belongs here: the definitions, written from what `user_features.yml` and `user_labels.yml` say, so that an error in the
SQL is not made twice. A new feature may be added here later: until then the comparison names it as not compared. Does
not belong here: who is compared, and what follows (`orchestration.time_rule`).

`events` has user_id, occurred_at and received_at (UTC), category and is_activity (see the seed event_types), order_id,
item_id, amount, quantity and source.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from warehouse.user_aliases import Alias

_DAYS_AGO = pl.col("days_ago")
_DID = pl.col("is_activity")
_BOUGHT = pl.col("category") == "purchase"
_REFUNDED = pl.col("category") == "refund"
_LEAST_UNIT = 10_000
"""Money and pieces count in ten-thousandths, rounded per day and day of arrival."""


def as_persons(events: pl.DataFrame, aliases: Iterable[Alias], as_of: date) -> pl.DataFrame:
    """The events of each person under one id, as far as it was known when a day began which ids belong together.

    `aliases` come in the order in which they were known; of several that hold for an id, the last one does. Ids that
    were joined in a circle stay apart.
    """
    begins = _begin(as_of)
    links = {
        each.old_id: each.new_id
        for each in aliases
        if each.known_at < begins and (each.ended_at is None or each.ended_at >= begins)
    }

    def shown(user_id: str) -> str:
        path = [user_id]
        while path[-1] in links:
            path.append(links[path[-1]])
            if path[-1] in path[:-1]:
                return user_id
        return path[-1]

    return events.with_columns(pl.col("user_id").replace({old: shown(old) for old in links}))


def reference_features(events: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The features of every user of whom something was known as of a day, one row a user."""
    known = (
        events.filter(pl.max_horizontal("occurred_at", "received_at") < _begin(as_of))
        .with_columns(day=pl.col("occurred_at").dt.date(), hour=pl.col("occurred_at").dt.hour())
        .with_columns(
            days_ago=(pl.lit(as_of) - pl.col("day")).dt.total_days(),
            # Lines of one day with the same order_id are one order, and each line without one is an order of its own.
            order=pl.concat_str("day", pl.coalesce("order_id", pl.int_range(pl.len()).cast(pl.String)), separator=" "),
            item=pl.concat_str("day", "item_id", separator=" "),
        )
    )
    counted = known.group_by("user_id").agg(
        *_recency(), *_frequency(), *_gaps(), *_basket(), *_habits(), *_engagement(), *_response()
    )
    features = counted.join(_money(known), on="user_id").with_columns(_means()).with_columns(_ratios())
    return features.select("user_id", pl.lit(as_of).alias("as_of"), pl.exclude("user_id", "^_.*$"))


def reference_labels(events: pl.DataFrame, as_of: date, horizon_days: int) -> pl.DataFrame:
    """What the users known as of a day did in the `horizon_days` from it on, as far as known when they were over."""
    begins, horizon = _begin(as_of), timedelta(days=horizon_days)
    learned = pl.max_horizontal("occurred_at", "received_at")
    before = (learned < begins) & (pl.col("occurred_at") >= begins - horizon)
    within = (learned < begins + horizon) & (pl.col("occurred_at") >= begins)
    users = events.group_by("user_id").agg(
        (learned < begins).any().alias("_is_known"),
        (before & _DID).any().alias("_was_active"),
        (within & _DID).any().alias("has_activity"),
        (within & _BOUGHT).any().alias("has_purchased"),
        pl.col("amount").filter(within & _BOUGHT).sum().alias("purchase_amount"),
    )
    return users.filter("_is_known").select(
        "user_id",
        pl.lit(as_of).alias("as_of"),
        "has_activity",
        "has_purchased",
        "purchase_amount",
        pl.when("_was_active").then(~pl.col("has_activity")).alias("is_churned"),
    )


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _within(days: int | None) -> pl.Expr:
    return pl.lit(True) if days is None else pl.col("days_ago") <= days


def _events(which: pl.Expr, days: int | None = None) -> pl.Expr:
    return (which & _within(days)).sum()


def _of(category: str, days: int | None = None) -> pl.Expr:
    return _events(pl.col("category") == category, days)


def _different(column: str, which: pl.Expr, days: int | None = None) -> pl.Expr:
    return pl.col(column).filter(which & _within(days)).drop_nulls().n_unique()


def _decayed_days(which: pl.Expr, half_life: int) -> pl.Expr:
    age = _DAYS_AGO.filter(which).unique().clip(upper_bound=50 * half_life)
    return (1_000_000 * 0.5 ** (age / half_life)).round().sum() / 1_000_000


def _recency() -> list[pl.Expr]:
    opened, carts, sessions = (pl.col("category") == name for name in ("notification_opened", "cart", "session"))
    last = {"activity": _DID, "purchase": _BOUGHT, "session": sessions, "cart": carts, "refund": _REFUNDED}
    last["notification_opened"] = opened
    first_purchase = _DAYS_AGO.filter(_BOUGHT).max()
    return [
        *(_DAYS_AGO.filter(which).min().alias(f"days_since_last_{name}") for name, which in last.items()),
        _DAYS_AGO.max().alias("days_since_first_seen"),
        _DAYS_AGO.filter(_DID).max().alias("_days_since_first_activity"),
        first_purchase.alias("days_since_first_purchase"),
        (_DAYS_AGO.max() - first_purchase).alias("days_to_first_purchase"),
    ]


def _frequency() -> list[pl.Expr]:
    windows = {"total": None} | {f"{days}d": days for days in (7, 14, 30, 60, 90, 180, 365)}
    purchase_days = _different("day", _BOUGHT).cast(pl.Int64)
    same_season = _BOUGHT & (_DAYS_AGO > 335) & (_DAYS_AGO <= 365)
    return [
        *(_different("day", _DID, days).alias(f"active_days_{name}") for name, days in windows.items()),
        *(_different("order", _BOUGHT, days).alias(f"orders_{name}") for name, days in windows.items()),
        *(_events(_DID, windows[name]).alias(f"activity_events_{name}") for name in ("total", "30d", "90d")),
        _decayed_days(_DID, 30).alias("active_days_decay_30d"),
        purchase_days.alias("purchase_days_total"),
        (purchase_days - 1).clip(lower_bound=0).alias("repeat_purchase_days"),
        _decayed_days(_BOUGHT, 30).alias("purchase_days_decay_30d"),
        _decayed_days(_BOUGHT, 120).alias("purchase_days_decay_120d"),
        _different("order", same_season).alias("orders_same_season"),
    ]


def _gaps() -> list[pl.Expr]:
    gaps = _DAYS_AGO.filter(_BOUGHT).unique().sort().diff().drop_nulls()
    return [
        gaps.mean().alias("purchase_gap_mean_days"),
        gaps.std().alias("purchase_gap_std_days"),
        gaps.max().alias("purchase_gap_max_days"),
    ]


def _basket() -> list[pl.Expr]:
    return [
        _events(_BOUGHT).alias("_order_lines"),
        _events(_BOUGHT, 90).alias("_order_lines_90d"),
        _different("item", _BOUGHT).alias("_purchased_items"),
        _different("item", _BOUGHT, 90).alias("purchased_items_90d"),
        _different("item", _DID, 30).alias("items_30d"),
        _events(_REFUNDED).alias("refunds_total"),
        _events(_REFUNDED, 90).alias("refunds_90d"),
    ]


def _habits() -> list[pl.Expr]:
    hours = {"night": (0, 5), "morning": (6, 11), "afternoon": (12, 17), "evening": (18, 23)}
    done = _events(_DID)
    done_30d = _events(_DID, 30)
    return [
        *(
            _share(_events(_DID & pl.col("hour").is_between(*span)), done).alias(f"{name}_share")
            for name, span in hours.items()
        ),
        _share(_events(_DID & (pl.col("day").dt.weekday() >= 6)), done).alias("weekend_share"),
        *(
            _share(_events(_DID & (pl.col("source") == name), days), whole).alias(f"{name}_share{ending}")
            for name in ("telegram", "web", "mobile")
            for ending, days, whole in (("", None, done), ("_30d", 30, done_30d))
        ),
    ]


def _engagement() -> list[pl.Expr]:
    names = {"command": "commands", "message": "messages", "view": "views", "search": "searches", "cart": "carts"}
    names |= {"checkout": "checkouts", "other": "other_events", "session": "sessions"}
    return [
        *(_of(category, 30).alias(f"{name}_30d") for category, name in names.items()),
        _of("session").alias("sessions_total"),
        _of("session", 7).alias("sessions_7d"),
        _of("cart").alias("_carts"),
    ]


def _response() -> list[pl.Expr]:
    return [
        _of("notification_sent", 30).alias("notifications_sent_30d"),
        _of("notification_opened", 30).alias("notifications_opened_30d"),
        _share(_of("notification_opened", 90), _of("notification_sent", 90)).alias("notification_open_rate_90d"),
        _of("feedback").alias("feedback_total"),
        _of("feedback", 90).alias("feedback_90d"),
    ]


def _money(known: pl.DataFrame) -> pl.DataFrame:
    """Sums of money and pieces, one row a user."""
    arrivals = known.group_by("user_id", "days_ago", pl.col("received_at").dt.date()).agg(
        pl.col("amount").filter(_BOUGHT).sum().alias("spent"),
        pl.col("amount").filter(_REFUNDED).abs().sum().alias("refunded"),
        pl.col("quantity").filter(_BOUGHT).sum().alias("pieces"),
    )
    rounded = arrivals.with_columns((pl.col("spent", "refunded", "pieces") * _LEAST_UNIT).round() / _LEAST_UNIT)
    windows = {"total": None} | {f"{days}d": days for days in (30, 90, 180, 365)}
    return rounded.group_by("user_id").agg(
        *(
            pl.col("spent").filter(_within(days)).sum().alias(f"purchase_amount_{name}")
            for name, days in windows.items()
        ),
        pl.col("refunded").sum().alias("_refunded"),
        pl.col("pieces").sum().alias("_pieces"),
    )


def _means() -> list[pl.Expr]:
    return [
        _share(pl.col("purchase_amount_total"), pl.col("orders_total")).alias("average_order_amount"),
        _share(pl.col("purchase_amount_90d"), pl.col("orders_90d")).alias("average_order_amount_90d"),
        _share(
            pl.col("_days_since_first_activity") - pl.col("days_since_last_activity"), pl.col("active_days_total") - 1.0
        ).alias("activity_gap_mean_days"),
    ]


def _ratios() -> list[pl.Expr]:
    ratios = {
        "active_days_per_month": (30 * pl.col("active_days_total"), "days_since_first_seen"),
        "purchase_days_per_month": (30 * pl.col("purchase_days_total"), "days_since_first_purchase"),
        "purchase_recency_in_gaps": (pl.col("days_since_last_purchase"), "purchase_gap_mean_days"),
        "purchase_recency_in_longest_gaps": (pl.col("days_since_last_purchase"), "purchase_gap_max_days"),
        "activity_recency_in_gaps": (pl.col("days_since_last_activity"), "activity_gap_mean_days"),
        "average_order_amount_ratio_90d": (pl.col("average_order_amount_90d"), "average_order_amount"),
        "lines_per_order": (pl.col("_order_lines"), "orders_total"),
        "lines_per_order_90d": (pl.col("_order_lines_90d"), "orders_90d"),
        "quantity_per_order": (pl.col("_pieces"), "orders_total"),
        "items_per_purchase_day": (pl.col("_purchased_items"), "purchase_days_total"),
        "refund_amount_share": (pl.col("_refunded"), "purchase_amount_total"),
        "events_per_active_day": (pl.col("activity_events_total"), "active_days_total"),
        "orders_per_cart": (pl.col("orders_total"), "_carts"),
    }
    trends = {
        "active_days_trend_30d": ("active_days_30d", "active_days_60d"),
        "active_days_trend_90d": ("active_days_90d", "active_days_180d"),
        "orders_trend_90d": ("orders_90d", "orders_180d"),
        "purchase_amount_trend_90d": ("purchase_amount_90d", "purchase_amount_180d"),
    }
    return [
        *(_share(dividend, pl.col(divisor)).alias(name) for name, (dividend, divisor) in ratios.items()),
        # Of both periods, the share of the later one minus that of the earlier one.
        *((2.0 * _share(pl.col(recent), pl.col(both)) - 1.0).alias(name) for name, (recent, both) in trends.items()),
    ]


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole != 0).then(part.cast(pl.Float64) / whole)
