"""What became of the rows of a file.

Belongs here: counts, and adding them up. Does not: tables for a terminal (`cli`).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingestion.batches import PackedBatch
from ingestion.errors import OnlyBadRowsError
from ingestion.event_writer import Stored
from ingestion.exchange import by_currency
from ingestion.words import said

PURCHASE = re.compile(
    r"(?i)purchas|transaction|\border|_paid|paid_|bought|\bbuy|_buy|\bsale|payment|kauf|покуп|заказ|оплат"
)

# So many events without a user who has two are hardly those of a shop's customers.
_LONE_USERS = 100


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a file's rows: read = stored + known + quarantined + erased.

    `quarantined_known` of the quarantined ones were in quarantine already. `conflicting` of them keep the contract,
    but have the id of another event. Those of erased users are left out. `reasons` counts why rows were refused;
    `examples` has the first of each as JSON. `other_types` counts events of types that the contract does not name.
    `base` is the base currency, None where no amount had a currency. `waiting` counts, by currency, those of the
    quarantined rows that wait for a rate; `points` counts amounts that are no money. `lines` of text were read,
    `skipped` of them the head or empty; 0 where a file has no lines. `has_users_again`: a user has more than one
    event. `joining_nothing` counts events of type alias that joined no ids. `notes` are sentences for the one who
    imports.
    """

    file: Path
    read: int = 0
    stored: int = 0
    known: int = 0
    quarantined: int = 0
    quarantined_known: int = 0
    conflicting: int = 0
    erased: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    other_types: Mapping[str, int] = field(default_factory=dict)
    base: str | None = None
    waiting: Mapping[str, int] = field(default_factory=dict)
    points: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    lines: int = 0
    skipped: int = 0
    has_users_again: bool = False
    joining_nothing: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: `fraction` of `result.file` (0 to 1; None if nobody knows) is stored."""

    fraction: float | None
    result: ImportResult


def added(result: ImportResult, stored: Stored, packed: PackedBatch) -> ImportResult:
    """`result` and one batch more."""
    batch = packed.batch
    refused = batch.quarantine
    examples = refused.unique("reason", keep="first", maintain_order=True).select("reason", "row")
    return replace(
        result,
        read=result.read + stored.stored + stored.known + stored.quarantined + stored.erased,
        stored=result.stored + stored.stored,
        known=result.known + stored.known,
        quarantined=result.quarantined + stored.quarantined,
        quarantined_known=result.quarantined_known + stored.quarantined_known,
        conflicting=result.conflicting + stored.conflicting,
        erased=result.erased + stored.erased,
        reasons=Counter(result.reasons) + Counter(refused.get_column("reason").to_list()),
        examples={**dict(examples.iter_rows()), **result.examples},
        other_types=Counter(result.other_types) + Counter(batch.other_types),
        base=packed.base,
        waiting=Counter(result.waiting) + Counter(packed.waiting),
        points=Counter(result.points) + Counter(packed.points),
        repeated=result.repeated + batch.repeated,
        lines=result.lines + batch.chunk.lines,
        skipped=result.skipped + batch.chunk.skipped,
        has_users_again=batch.has_users_again,
    )


def demand_good_rows(results: Iterable[ImportResult]) -> None:
    """Raises OnlyBadRowsError for the first file of which every row broke the contract."""
    for result in results:
        waiting = sum(result.waiting.values())
        if result.read and result.quarantined - result.conflicting - waiting == result.read:
            raise OnlyBadRowsError(said("only_bad_rows", rows=result.read, path=result.file, reasons=commonest(result)))


def commonest(result: ImportResult, limit: int = 3) -> str:
    """The commonest reasons for which rows were refused, with counts: "2 user_id is missing, 1 ..."."""
    reasons = Counter(result.reasons).most_common()
    said = [f"{count:,}: {reason}" for reason, count in reasons[:limit]]
    rest = sum(count for _, count in reasons[limit:])
    return "; ".join([*said, f"{rest:,} for other reasons"] if rest else said) or "no reason noted"


def noted(result: ImportResult, zone: str) -> ImportResult:
    """`result` with what its counts are worth a sentence for. `zone` is the one of the file's clocks."""
    notes = list(result.notes)
    if result.repeated:
        notes.append(said("repeated_times", times=result.repeated, zone=zone))
    if result.waiting:
        rows, named = sum(result.waiting.values()), by_currency(result.waiting)
        notes.append(said("waiting", rows=rows, currencies=named, base=result.base))
    if result.points:
        notes.append(said("points", currencies=by_currency(result.points)))
    good = result.read - result.quarantined
    if good >= _LONE_USERS and not result.has_users_again:
        notes.append(said("lone_users", users=good))
    if result.joining_nothing:
        notes.append(said("joining_nothing", events=result.joining_nothing))
    if result.other_types:
        types = ", ".join(f"{name} ({count:,})" for name, count in Counter(result.other_types).most_common(5))
        notes.append(said("other_types", types=types))
    looks = [name for name in result.other_types if PURCHASE.search(name)]
    if looks:
        notes.append(said("like_purchase", type=looks[0], same=looks[0]))
    return replace(result, notes=tuple(notes))


def lines_sentence(result: ImportResult) -> str:
    """How the lines of a text file add up to its rows."""
    more = result.lines - result.read - result.skipped
    return (
        f"{result.lines:,} lines are {result.read:,} rows, {more:,} lines that go on with a row,"
        f" and {result.skipped:,} that are the head or empty"
    )
