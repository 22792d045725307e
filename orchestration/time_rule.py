"""Does a mart say what was known on its days? A sample of users is rebuilt from `raw.events` alone and compared.

Belongs here: who is drawn, what is compared, the verdict in words. Not: the definitions
(`orchestration.reference_features`) or the proof for any events (tests/integration/dbt_project/test_time_rule.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl
from psycopg import sql

from dbt_project import EVENT_TYPES
from ml.cutoffs import plan_cutoffs
from orchestration.reference_features import as_persons, reference_features, reference_labels
from warehouse.database import Database
from warehouse.events import archived_months, estimated_events, event_range, watermark
from warehouse.user_aliases import Alias, aliases_around, unsettled_ids

_USERS = 200
_EVENTS_TO_DRAW_FROM = 20_000
_KEY = ("user_id", "as_of")
_NAMED = 5
_DRAWN_USERS = sql.SQL(
    "select user_id from ("
    "select distinct user_id from raw.events tablesample system (%(share)s) repeatable (%(seed)s)"
    ") as found where user_id not in ({archived}) order by md5(user_id || %(as_of)s) limit %(users)s"
)
_ARCHIVED_USERS = sql.SQL(
    "select user_id from intermediate.int_user_daily join raw.archives"
    " on restored_at is null and occurred_day >= month and occurred_day < month + interval '1 month'"
)
_NOBODY = sql.SQL("select null where false")
_ABSOLUTE, _RELATIVE = 2e-4, 1e-6
"""What rounding and another order of adding may differ by; less than any event makes in a count or a sum of days."""
_EXACT_SUM = 9e11
"""In ten-thousandths, the largest whole number up to which a double holds each one."""


@dataclass(frozen=True)
class Comparison:
    """What a mart says of some users, against what their events say.

    `differing`: users by column that differs. `unforeseen`: users with a row on a day on which nothing was known of
    them. `missing`: users without one though something was. `compared` names the columns that were compared,
    `not_stated` those that could not be: new features, which `orchestration.reference_features` does not state yet.
    `archived`: the months whose events are away; users who have some of these are not drawn.
    """

    table: str
    users: int
    days: int
    differing: dict[str, int]
    unforeseen: int
    missing: int
    compared: tuple[str, ...]
    not_stated: tuple[str, ...]
    archived: Sequence[str] = ()

    @property
    def agrees(self) -> bool:
        """Whether the mart says what the events say, of somebody; or of nobody, where too much is archived to tell."""
        if not self.users:
            return bool(self.archived)
        return not (self.differing or self.unforeseen or self.missing)

    @property
    def sentence(self) -> str:
        """The verdict, and the way out."""
        if self.archived and not self.users:
            months = ", ".join(self.archived)
            return f"nobody was compared with {self.table}: everybody has events in the archived months {months}"
        if not self.users:
            return f"nobody could be rebuilt to compare {self.table} with: events are being imported; run again later"
        if self.agrees:
            rebuilt = f"{self.users} users rebuilt from their events on {self.days} days"
            agree = f"{rebuilt}: all {len(self.compared)} columns of {self.table} agree"
            if not self.not_stated:
                return agree
            names = ", ".join(self.not_stated)
            return f"{agree} that are compared; orchestration/reference_features.py does not state {names} yet"
        worst = sorted(self.differing, key=lambda name: (-self.differing[name], name))
        faults = [f"{name} differs for {self.differing[name]}" for name in worst[:_NAMED]]
        faults += [f"{len(worst) - _NAMED} more columns differ"] if len(worst) > _NAMED else []
        faults += [f"{self.unforeseen} have a row before anything was known of them"] if self.unforeseen else []
        faults += [f"{self.missing} have no row though something was known of them"] if self.missing else []
        return (
            f"{self.table} does not say what was known on its days: of {self.users} users {', '.join(faults)}. Nothing "
            "is built on it. Look in its SQL for what reads events of as_of or later, or ignores received_at; if a "
            "meaning was changed on purpose, change orchestration/reference_features.py too; if events were deleted or "
            "changed by hand, drop the table intermediate.int_user_daily; then run again."
        )


def compare_features(warehouse: Database, as_of: date, horizon_days: int) -> Comparison:
    """Compares the snapshots that a run builds: of `as_of`, and of the past days that models learn from.

    Past days show most: of today nothing that lies ahead is known, so there is nothing to leak.
    """
    days = (*_cutoffs(warehouse, as_of, horizon_days), as_of)
    sample = _sample(warehouse, as_of)
    stored = warehouse.frame(
        "select * from marts.user_features where user_id = any(%(users)s) and as_of = any(%(days)s)",
        users=sample.users,
        days=list(days),
    )
    rebuilt = pl.concat(reference_features(sample.events_as_of(day), day) for day in days)
    return replace(differences("marts.user_features", stored, rebuilt), archived=warehouse.run(archived_months()))


def compare_labels(warehouse: Database, as_of: date, horizon_days: int) -> Comparison:
    """Compares the labels of every cutoff of a run, and with them the populations that they were drawn for."""
    days = _cutoffs(warehouse, as_of, horizon_days)
    sample = _sample(warehouse, as_of)
    stored = warehouse.frame(
        "select * from marts.user_labels"
        " where user_id = any(%(users)s) and as_of = any(%(days)s) and horizon_days = %(horizon_days)s",
        users=sample.users,
        days=list(days),
        horizon_days=horizon_days,
    )
    rebuilt = pl.concat(reference_labels(sample.events_as_of(day), day, horizon_days) for day in days)
    return replace(differences("marts.user_labels", stored, rebuilt), archived=warehouse.run(archived_months()))


def _cutoffs(warehouse: Database, as_of: date, horizon_days: int) -> tuple[date, ...]:
    known = event_range(warehouse, as_of)
    return plan_cutoffs(as_of, horizon_days, known.first, known.last).all


@dataclass(frozen=True)
class _Sample:
    """Users, all their events, and what was ever said of which of their ids belong together."""

    users: list[str]
    events: pl.DataFrame
    aliases: list[Alias]

    def events_as_of(self, day: date) -> pl.DataFrame:
        """The events under the ids that the marts show on a day."""
        return as_persons(self.events, self.aliases, day)


def _sample(warehouse: Database, as_of: date) -> _Sample:
    """Some users, without those of whom something may have arrived since the marts were built.

    Left out too are users whose sums are not exact in the marts. With an id come all ids that were ever joined to it.
    While months are archived, persons with several ids are left out: the marts may wait for events of theirs.
    """
    drawn = draw_users(warehouse, as_of)
    aliases = warehouse.run(aliases_around(drawn))
    person = _persons(drawn, aliases)
    events = events_of(warehouse, list(person))
    if warehouse.run(archived_months()):
        several = {each.old_id for each in aliases} | {each.new_id for each in aliases}
        events = events.filter(~pl.col("user_id").is_in(several))
    is_open = pl.col("is_new") | pl.col("user_id").is_in(warehouse.run(unsettled_ids()))
    whole = pl.col("user_id").replace(person)
    settled = events.filter(~is_open.any().over(whole) & is_exact().over(whole))
    return _Sample(settled["user_id"].unique().to_list(), settled, aliases)


def is_exact() -> pl.Expr:
    """Whether the sums of some events' money and pieces are exact in the marts; not beyond 900,000,000,000."""
    return (pl.col("amount").abs().sum() < _EXACT_SUM) & (pl.col("quantity").abs().sum() < _EXACT_SUM)


def _persons(user_ids: Sequence[str], aliases: Sequence[Alias]) -> dict[str, str]:
    """Each of the users, and all ids that were ever joined to them, with one id for all that were ever together."""
    person = {user_id: user_id for user_id in user_ids}
    for each in aliases:
        old, new = (person.setdefault(user_id, user_id) for user_id in (each.old_id, each.new_id))
        person = {user_id: new if one == old else one for user_id, one in person.items()}
    return person


def differences(table: str, stored: pl.DataFrame, rebuilt: pl.DataFrame) -> Comparison:
    """Compares two frames by user_id and as_of, in the columns that both have."""
    common = [name for name in rebuilt.columns if name in stored.columns and name not in _KEY]
    both = stored.join(rebuilt, on=_KEY, how="full", suffix=" rebuilt", coalesce=True)
    paired = stored.join(rebuilt, on=_KEY, suffix=" rebuilt")
    unequal = {name: paired.filter(_differs(name))["user_id"].n_unique() for name in common}
    return Comparison(
        table=table,
        users=both["user_id"].n_unique(),
        days=both["as_of"].n_unique(),
        differing={name: users for name, users in unequal.items() if users},
        unforeseen=stored.join(rebuilt, on=_KEY, how="anti")["user_id"].n_unique(),
        missing=rebuilt.join(stored, on=_KEY, how="anti")["user_id"].n_unique(),
        compared=tuple(common),
        not_stated=tuple(name for name in stored.columns if name not in (*common, *_KEY, "horizon_days")),
    )


def _differs(name: str) -> pl.Expr:
    stored, rebuilt = pl.col(name).cast(pl.Float64), pl.col(f"{name} rebuilt").cast(pl.Float64)
    apart = (stored - rebuilt).abs() > _ABSOLUTE + _RELATIVE * rebuilt.abs()
    return (stored.is_null() != rebuilt.is_null()) | apart.fill_null(False)


def draw_users(warehouse: Database, as_of: date) -> list[str]:
    """At most 200 users with an event at any time, also later than `as_of`; other ones for every `as_of`.

    Drawn by a hash from the users of some blocks of events: what it costs does not grow with the history. Nobody who
    has events in archived months, without which no user can be rebuilt.
    """
    share = 100.0 * min(1.0, _EVENTS_TO_DRAW_FROM / max(1, warehouse.run(estimated_events())))
    query = _DRAWN_USERS.format(archived=_ARCHIVED_USERS if warehouse.run(archived_months()) else _NOBODY)
    drawn = warehouse.frame(query, share=share, seed=as_of.toordinal(), as_of=as_of.isoformat(), users=_USERS)
    return drawn["user_id"].to_list()


def events_of(warehouse: Database, users: Sequence[str], *, seen_in: str | None = None) -> pl.DataFrame:
    """All events of some users with what their types count as; `is_new`: the marts may not have seen it yet.

    With `seen_in` (pg_current_snapshot) only those that a statement saw which ran in that snapshot.
    """
    events = warehouse.frame(
        "select user_id, event_type, occurred_at, received_at, order_id, item_id, source,"
        " coalesce(base_amount, amount)::double precision as amount, quantity::double precision as quantity,"
        " ingested_xid >= %(mark)s as is_new from raw.events where user_id = any(%(users)s)"
        " and (%(seen_in)s::text is null"
        " or pg_visible_in_snapshot(ingested_xid::text::xid8, %(seen_in)s::text::pg_snapshot))",
        mark=warehouse.run(watermark("int_user_daily")),
        users=list(users),
        seen_in=seen_in,
    )
    types = pl.read_csv(EVENT_TYPES, schema={"event_type": pl.String, "category": pl.String, "is_activity": pl.Boolean})
    return events.join(types, on="event_type", how="left").with_columns(
        pl.col("category").fill_null("other"), pl.col("is_activity").fill_null(True)
    )
