"""Proposes a profile for a file that nobody described: by the names of its columns, and by what is in them.

Belongs here: the proposal. Does not: being right; the user sees the first rows and edits it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from data_contracts.contract import Contract
from data_contracts.errors import ConventionError
from data_contracts.times import times
from ingestion.batches import FILLED, prepare
from ingestion.chunks import Chunk, Wanted
from ingestion.errors import FileRefusedError, MappingRefusedError
from ingestion.mapping import listed, map_columns, names_of, wanted_columns
from ingestion.normalizing import find_reading
from ingestion.profile import Profile
from ingestion.profile_files import profile_names, read_profile
from ingestion.readers import read_chunks
from ingestion.results import PURCHASE
from ingestion.words import said

_LOOK_ROWS = 1_000
# What others call our columns, the likeliest first; letters and digits only.
_SYNONYMS = {
    "user_id": "userid customerid custid clientid visitorid memberid buyerid distinctid userpseudoid fromid accountid"
    " customer user client buyer customeremail billingemail email",
    "event_type": "eventtype eventname event action activity",
    "occurred_at": "occurredat eventtime eventtimestamp timestamp orderpurchasetimestamp createdat paidat orderdate"
    " purchasedate invoicedate transactiondate datetime created date time",
    "order_id": "orderid ordernumber orderno invoiceno invoice transactionid checkoutid order",
    "item_id": "itemid productid stockcode sku articleid product item",
    "amount": "amount totalprice revenue ordertotal total price value sum",
    "currency": "currency currencycode ordercurrency",
    "quantity": "quantity qty count",
}
_WORDS = (
    (re.compile(r"(?i)refund|return|chargeback"), "refund"),
    (re.compile(r"(?i)add.*(cart|basket)|^cart$"), "add_to_cart"),
    (re.compile(r"(?i)checkout"), "checkout"),
    (re.compile(r"(?i)search"), "search"),
    (re.compile(r"(?i)view|^page"), "view"),
    (re.compile(r"(?i)sign.?up|regist"), "signup"),
    (re.compile(r"(?i)pending|cancel|fail|abandon|start"), None),
    (PURCHASE, "purchase"),
)


@dataclass(frozen=True, slots=True)
class Guess:
    """A proposal, the first rows as they would be stored, and how many of those looked at would be refused, and why."""

    profile: Profile
    events: pl.DataFrame
    refused: int
    reasons: tuple[str, ...]


def guess(path: Path, contract: Contract) -> Guess:
    """A profile for `path`: one of ours if its columns are there, else one by names.

    Raises FileRefusedError for a file that cannot be read, or of which no column can be who, when and what.
    """
    chunk = _first(path, Profile(), contract)
    names = names_of(chunk)
    profile = _ours(names) or _by_names(path, chunk, names, contract)
    chunk = _first(path, profile, contract)
    try:
        reading = find_reading(contract, map_columns(chunk, contract, profile.columns), profile)
    except (ConventionError, MappingRefusedError) as error:
        raise FileRefusedError(f"{path}: {error}") from error
    (batch,) = prepare([chunk], contract, reading, source="import")
    reasons = batch.quarantine.get_column("reason").value_counts(sort=True).head(3).get_column("reason").to_list()
    return Guess(profile, batch.events, batch.quarantine.height, tuple(reasons))


def _first(path: Path, profile: Profile, contract: Contract) -> Chunk:
    return next(read_chunks(path, wanted_columns(contract, profile), _LOOK_ROWS))


def _ours(names: Sequence[str]) -> Profile | None:
    """The profile of ours of which the file has most columns, if it has all that every event needs."""
    best: tuple[int, Profile] | None = None
    for name in profile_names():
        profile = read_profile(name)
        found = {column for column, source in profile.columns.items() if source.partition(".")[0] in names}
        is_whole = {"user_id", "event_type", "occurred_at"} <= found | (set(names) - set(profile.columns))
        if is_whole and profile.records is None and len(found) >= 3 and (best is None or len(found) > best[0]):
            kept = {column: profile.columns[column] for column in profile.columns if column in found}
            best = (len(found), replace(profile, columns=kept))
    return None if best is None else best[1]


def _by_names(path: Path, chunk: Chunk, names: Sequence[str], contract: Contract) -> Profile:
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(names)}
    columns: dict[str, str] = {}
    for column, synonyms in _SYNONYMS.items():
        if column in names:
            continue
        found = next((plain[each] for each in synonyms.split() if each in plain), None)
        if found is not None and found not in columns.values():
            columns[column] = found
    frame = _values(path, chunk, names)
    if "occurred_at" not in columns and "occurred_at" not in names:
        free = [name for name in frame.columns if name not in columns.values()]
        if dated := [name for name in free if _are_times(frame.get_column(name))]:
            columns["occurred_at"] = dated[0]
    if day := columns.get("occurred_at"):
        clock = plain.get(re.sub(r"(date|day)$", "time", re.sub(r"[^a-z0-9]", "", day.lower())), day)
        if clock != day and clock in frame.columns and _are_clocks(frame.get_column(clock)):
            columns["occurred_at"] = f"{day}+{clock}"
    if "event_type" not in columns and "event_type" not in names and {"amount", "order_id"} & {*columns, *names}:
        columns["event_type"] = "'purchase'"
    for each in contract.properties:
        if each.required and each.name not in (*FILLED, *columns, *names):
            raise FileRefusedError(
                said("no_column_looks_like", path=path, name=each.name, same=each.name, columns=listed(names))
            )
    source = columns.get("event_type", "event_type")
    words = _words(frame.get_column(source), contract) if source in frame.columns else {}
    return Profile(columns, {"event_type": words} if words else {})


def _values(path: Path, chunk: Chunk, names: Sequence[str]) -> pl.DataFrame:
    if chunk.documents is None:
        return chunk.rows
    return next(read_chunks(path, Wanted(tuple(names)), _LOOK_ROWS)).rows


def _are_times(values: pl.Series) -> bool:
    if values.dtype.is_numeric() or values.null_count() == len(values):
        return False
    if values.dtype == pl.String and values.cast(pl.Float64, strict=False).is_not_null().any():
        return False
    return times(values).null_count() <= len(values) // 10


def _are_clocks(values: pl.Series) -> bool:
    text = values.cast(pl.String, strict=False).str.strip_chars()
    text = text.filter(text != "")
    return len(text) > 0 and bool(text.str.contains(r"^\d{1,2}:\d{2}").all())


def _words(values: pl.Series, contract: Contract) -> dict[str, str]:
    known = {each.name for each in contract.event_types}
    words: dict[str, str] = {}
    for word in values.cast(pl.String, strict=False).drop_nulls().unique().sort().head(200):
        if word.strip().lower().replace(" ", "_") in known:
            continue
        ours = next((ours for pattern, ours in _WORDS if pattern.search(word)), None)
        if ours is not None:
            words[word] = ours
    return words
