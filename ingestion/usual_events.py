"""What events usually look like, and how new ones differ: what no rule about a single row can see.

Belongs here: measuring new rows in SQL, in one pass over all and two over a sample, and holding the figures against
those of the rows that passed before. Does not: rules about a row (`data_contracts`), or when a check runs and what it
stops (`ingestion.contract_check`).

Nothing is unusual about the first events of a source. What is compared is large on purpose: a schema, a clock or a unit
that changed, not a shop that did; drift is the models' business.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from psycopg import sql

from data_contracts.contract import Contract
from ingestion.daily_profile import Floats, hours_shifted
from ingestion.exchange import by_currency

MEASURES = ("source", "measure", "name", "events", "total")
_SCHEMA = {
    "source": pl.String,
    "measure": pl.String,
    "name": pl.String,
    "events": pl.Int64,
    "total": pl.Float64,
}
# Properties and hours are looked at in about so many rows: what only a few rows have is no change of schema.
_SAMPLE_ROWS = 100_000
# A key or a type that fewer of a source's rows have is told, and stops nothing.
_LEAST_SHARE = 0.05
_LEAST_EVENTS = 30
_LEAST_EVENTS_OF_DAY = 200
# Between ten times, which prices never move by, and a hundred times, which cents for dollars are.
_LEAST_FACTOR = 10.0
_LEAST_MORE_REFUSED = 0.2
# Figures of rows that have no source, because they are in quarantine.
_ANY = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something unusual about a column of the new rows of a source, without a value of anyone's data.

    A `stops` finding keeps everything downstream from being built on them; others are only told.
    """

    column: str
    source: str
    sentence: str
    stops: bool


def grouped_query(rows: sql.Composable, is_broken: sql.Composable) -> sql.Composed:
    """New rows by source, type and currency, and how many meet the condition `is_broken`.

    `rows` is a table and a `where`. One pass, whatever is measured; as Postgres knows how few these groups are, it
    shares the pass among its workers, which it would not with hours.
    """
    return sql.SQL(
        "select source, event_type, currency, count(*) as events, count(*) filter (where {is_broken}) as broken,"
        " count(amount) as amount, count(quantity) as quantity, count(order_id) as order_id, count(item_id) as item_id,"
        " count(properties) as properties, count(*) filter (where amount <> 0) as priced,"
        " coalesce(sum(ln(abs(amount::float8))) filter (where amount <> 0), 0) as logarithms"
        " from {rows} group by 1, 2, 3"
    ).format(is_broken=is_broken, rows=rows)


def hours_query(rows: sql.Composable, events: int) -> sql.Composed:
    """A sample of the `events` new rows by source and hour. Not scaled up: the sample is what a profile rests on."""
    return sql.SQL(
        "select source, date_bin('1 hour', occurred_at, timestamptz 'epoch') as hour, count(*) as events"
        " from {sampled} group by 1, 2"
    ).format(sampled=_sample(rows, _step(events)))


def properties_query(rows: sql.Composable, events: int) -> sql.Composed:
    """Keys of properties and their JSON types in a sample of the new rows, scaled up to all `events` of them."""
    step = _step(events)
    return sql.SQL(
        "select source, key || ' ' || jsonb_typeof(value) as name, {step} * count(*) as events"
        " from {sampled} cross join lateral jsonb_each(properties) where jsonb_typeof(value) <> 'null' group by 1, 2"
    ).format(step=step, sampled=_sample(rows, step))


def _step(events: int) -> int:
    """Of how many rows one is in the sample."""
    return max(1, events // _SAMPLE_ROWS)


def _sample(rows: sql.Composable, step: int) -> sql.Composed:
    """A sample of the new rows as a subquery; the same rows give the same sample."""
    return sql.SQL(
        "(select source, occurred_at, properties from {rows} and mod(uuid_hash(event_id), {step}) = 0) as sampled"
    ).format(rows=rows, step=step)


def refused_query(contract: Contract, rows: sql.Composable) -> sql.Composed:
    """How many new rows of the quarantine broke a rule of each column: a reason is "COLUMN sentence; ..."."""
    counts = [
        sql.SQL("select {name} as name, count(*) filter (where reason ~ {found}) as events from refused").format(
            name=name, found=f"(^|; ){name} "
        )
        for name in contract.columns
    ]
    # An id that is taken is no column of another type, and neither is an amount that waits for a rate.
    return sql.SQL(
        "with refused as (select reason from {rows} and waits_for is null and repaired_at is null"
        " and reason !~ '^event_id is taken') {counts}"
    ).format(rows=rows, counts=sql.SQL(" union all ").join(counts))


def measure(
    grouped: pl.DataFrame, by_hour: pl.DataFrame, properties: pl.DataFrame, refused: pl.DataFrame
) -> pl.DataFrame:
    """The results of the four queries as figures to keep and to compare: columns MEASURES."""
    types = grouped.group_by("source", pl.col("event_type").alias("name")).agg(pl.col("events").sum())
    amounts = (
        grouped.filter(pl.col("priced") > 0)
        .group_by("source", pl.concat_str("event_type", pl.lit(" "), pl.col("currency").fill_null("")).alias("name"))
        .agg(pl.col("priced").sum().alias("events"), pl.col("logarithms").sum().alias("total"))
    )
    optional = ("amount", "quantity", "order_id", "item_id", "properties")
    stored = [(_ANY, "stored", name, int(grouped[name].sum()), 0.0) for name in optional]
    stored.append((_ANY, "stored", "", int(grouped["events"].sum()), 0.0))
    hours = [
        (str(source[0]), "hour", f"{hour:02d}", events, covered)
        for source, rows in by_hour.group_by("source")
        for hour, events, covered in _hours(rows)
    ]
    return pl.concat(
        [
            _figures(types, "type"),
            _figures(amounts, "amount"),
            _figures(properties, "property"),
            _figures(refused.filter(pl.col("events") > 0).with_columns(source=pl.lit(_ANY)), "refused"),
            pl.DataFrame([*stored, *hours], schema=_SCHEMA, orient="row"),
        ]
    )


def compare(contract: Contract, new: pl.DataFrame, usual: pl.DataFrame) -> list[Finding]:
    """What is unusual about the figures `new`, given the `usual` ones. Both as `measure` makes them."""
    known = {(str(s), str(m), str(n)): (int(e), float(t)) for s, m, n, e, t in usual.select(MEASURES).iter_rows()}
    fresh = {(str(s), str(m), str(n)): (int(e), float(t)) for s, m, n, e, t in new.select(MEASURES).iter_rows()}
    found = [*_new_types(contract, fresh, known), *_refused_columns(fresh, known)]
    for source in sorted({source for source, _, _ in fresh} & {source for source, _, _ in known} - {_ANY}):
        ours, theirs = _of(source, fresh), _of(source, known)
        found += [*_properties(source, ours, theirs), *_units(source, ours, theirs), *_shift(source, ours, theirs)]
    return [*found, *_currencies(fresh, known)]


Figures = Mapping[tuple[str, str, str], tuple[int, float]]
OfSource = Mapping[tuple[str, str], tuple[int, float]]


def _of(source: str, figures: Figures) -> OfSource:
    return {(measure, name): value for (each, measure, name), value in figures.items() if each == source}


def _figures(rows: pl.DataFrame, measure: str) -> pl.DataFrame:
    total = pl.col("total") if "total" in rows.columns else pl.lit(0.0).alias("total")
    return rows.select(
        "source", pl.lit(measure).alias("measure"), "name", pl.col("events").cast(pl.Int64), total.cast(pl.Float64)
    )


def _hours(rows: pl.DataFrame) -> Iterator[tuple[int, int, float]]:
    """For each hour of the day, events of a source and how often the rows' time covers that hour.

    Nothing if they cover less than a day. Stragglers, a hundredth at either end, do not stretch the time.
    """
    ordered = rows.sort("hour")
    numbers = ordered["hour"].dt.epoch("s").to_numpy() // 3600
    events = ordered["events"].to_numpy()
    reached = np.cumsum(events) / events.sum()
    first, last = np.searchsorted(reached, 0.01), np.searchsorted(reached, 0.99)
    covered = np.bincount(np.arange(numbers[first], numbers[last] + 1) % 24, minlength=24)
    if not covered.all():
        return
    inside = slice(first, last + 1)
    counts = np.bincount(numbers[inside] % 24, weights=events[inside], minlength=24)
    yield from zip(range(24), counts.astype(int).tolist(), covered.astype(float).tolist(), strict=True)


def _new_types(contract: Contract, fresh: Figures, known: Figures) -> Iterator[Finding]:
    foreseen = {each.name for each in contract.event_types}
    seen = {name for _, measure, name in known if measure == "type"}
    for (source, measure, name), (events, _) in fresh.items():
        if measure == "type" and name not in foreseen and name not in seen:
            yield Finding(
                "event_type", source, f"{name} is a new type ({events:,} rows), counted as other", stops=False
            )


def _refused_columns(fresh: Figures, known: Figures) -> Iterator[Finding]:
    for (_, measure, column), (refused, _) in fresh.items():
        if measure != "refused" or not any(kind == "stored" for _, kind, _ in known):
            continue
        share, usual = _refused_share(fresh, column), _refused_share(known, column)
        if refused >= _LEAST_EVENTS and share > usual + _LEAST_MORE_REFUSED:
            sentence = f"cannot be read as agreed in {share:.0%} of the rows that have it, usually {usual:.0%}"
            yield Finding(column, _ANY, sentence, stops=True)


def _refused_share(figures: Figures, column: str) -> float:
    refused = figures.get((_ANY, "refused", column), (0, 0.0))[0]
    # Columns that every event must have are not counted one by one.
    stored = figures.get((_ANY, "stored", column), figures.get((_ANY, "stored", ""), (0, 0.0)))[0]
    return refused / max(refused + stored, 1)


def _properties(source: str, fresh: OfSource, known: OfSource) -> Iterator[Finding]:
    rows = sum(events for (measure, _), (events, _) in fresh.items() if measure == "type")
    types: dict[str, set[str]] = {}
    for measure, name in known:
        if measure == "property":
            key, _, kind = name.rpartition(" ")
            types.setdefault(key, set()).add(kind)
    for (measure, name), (events, _) in fresh.items():
        key, _, kind = name.rpartition(" ")
        if measure != "property" or kind in types.get(key, ()):
            continue
        what = f"changed its type to {kind}" if key in types else "is new"
        yield Finding(f"properties.{key}", source, f"{what} ({events:,} rows)", stops=events >= _LEAST_SHARE * rows)


def _units(source: str, fresh: OfSource, known: OfSource) -> Iterator[Finding]:
    for (measure, name), (events, total) in fresh.items():
        before, before_total = known.get((measure, name), (0, 0.0))
        if measure != "amount" or min(events, before) < _LEAST_EVENTS:
            continue
        factor = float(np.exp(total / events - before_total / before))
        if not 1 / _LEAST_FACTOR < factor < _LEAST_FACTOR:
            sentence = f"of {name.strip()} is about {factor:.3g} times the usual"
            yield Finding("amount", source, sentence, stops=True)


def _currencies(fresh: Figures, known: Figures) -> Iterator[Finding]:
    """Currencies that a source never had, or, where a source is new, that none had. No currency counts as one."""
    known_by_source: dict[str, set[str]] = {}
    for source, measure, name in known:
        if measure == "amount":
            known_by_source.setdefault(source, set()).add(name.rpartition(" ")[2])
    everywhere = set().union(*known_by_source.values())
    counts: dict[str, Counter[str]] = {}
    for (source, measure, name), (events, _) in fresh.items():
        currency = name.rpartition(" ")[2]
        usual = known_by_source.get(source, everywhere)
        if measure == "amount" and usual and currency not in usual:
            counts.setdefault(source, Counter())[currency or "none"] += events
    for source, new in sorted(counts.items()):
        before = ", ".join(sorted(each or "none" for each in known_by_source.get(source, everywhere)))
        sentence = f"has currencies that are new ({by_currency(new)}; so far {before})"
        yield Finding("amount", source, sentence, stops=True)


def _shift(source: str, fresh: OfSource, known: OfSource) -> Iterator[Finding]:
    ours, theirs = _profile(fresh), _profile(known)
    if ours is None or theirs is None:
        return
    hours = hours_shifted(ours, theirs)
    if hours:
        # Daylight saving moves people by an hour, so that alone stops nothing.
        sentence = f"is {hours:+d} hours from the usual hours of the day"
        yield Finding("occurred_at", source, sentence, stops=abs(hours) > 1)


def _profile(figures: OfSource) -> Floats | None:
    hours = [figures.get(("hour", f"{hour:02d}"), (0, 0.0)) for hour in range(24)]
    events = np.array([each[0] for each in hours], np.float64)
    covered = np.array([each[1] for each in hours], np.float64)
    if events.sum() < _LEAST_EVENTS_OF_DAY or not covered.all():
        return None
    rates = events / covered
    return np.asarray(rates / rates.sum(), np.float64)
