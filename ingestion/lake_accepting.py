"""Accepting events into the lake: the same contract, quarantine and outcomes as `accepting`, another place to store.

Belongs here: what is new to the lake, and appending it. Does not: Iceberg (`lake`), or the contract (`accepting`).

Everything is one transaction of Postgres: identities, quarantined rows, the lake's new snapshot, and whatever the
caller adds, such as how far a queue was read. So a batch that is sent again after a kill is known as a whole, or new as
a whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from data_contracts.contract import Contract
from ingestion.accepting import Accept, Outcome, Status, Target, steps
from ingestion.checking import Problem, Row
from lake.catalogue import Lake, LakeTransaction
from lake.events import append, as_arrow
from warehouse import erased_users
from warehouse.database import Connection, Steps, execute_steps
from warehouse.lake_events import identify_json

_CONFLICT = Outcome(Status.CONFLICTING, (Problem("event_id", "is taken by another event"),))


def accept(
    lake: Lake,
    events: Sequence[object],
    *,
    source: str | None = None,
    is_strict: bool = False,
    contract: Contract | None = None,
    batch: str = "",
) -> list[Outcome]:
    """Stores events in the lake as `accepting.accept` does in Postgres; an outcome for each, in their order.

    `batch` is noted with the snapshot. A commit takes some tenths of a second and makes a file, so a batch should have
    thousands of events.
    """
    with lake.writing() as transaction:
        return accept_within(transaction, events, source=source, is_strict=is_strict, contract=contract, batch=batch)


def into_lake(lake: Lake, source: str | None = None) -> Target:
    """Stores what is consumed in the lake."""

    @contextmanager
    def opened() -> Iterator[tuple[Connection, Accept]]:
        with lake.writing() as transaction:
            yield transaction.connection, lambda events: accept_within(transaction, events, source=source)

    return opened


def accept_within(
    transaction: LakeTransaction,
    events: Sequence[object],
    *,
    source: str | None = None,
    is_strict: bool = False,
    contract: Contract | None = None,
    batch: str = "",
) -> list[Outcome]:
    """The same, as part of the caller's transaction (`Lake.writing`)."""
    fresh: dict[int, Row] = {}

    def identifying(good: Mapping[int, Row]) -> Steps[dict[int, Outcome]]:
        outcomes = yield from _identifying(good)
        fresh.update({place: good[place] for place, outcome in outcomes.items() if outcome.status is Status.STORED})
        return outcomes

    asked = steps(events, source, contract, is_strict=is_strict, store=identifying)
    outcomes = execute_steps(transaction.connection, asked)
    append(transaction, as_arrow([fresh[place] for place in sorted(fresh)]), batch)
    return outcomes


def _identifying(good: Mapping[int, Row]) -> Steps[dict[int, Outcome]]:
    """What becomes of good events, of which the lake notes the new ones."""
    erased = set((yield erased_users.erased_among(sorted({row["user_id"] for row in good.values()}))))
    outcomes = {place: Outcome(Status.ERASED) for place, row in good.items() if row["user_id"] in erased}
    if places := [place for place in good if place not in outcomes]:
        identified = yield identify_json([good[place] for place in places])
        outcomes |= dict.fromkeys(places, Outcome(Status.KNOWN))
        outcomes |= {places[at]: Outcome(Status.STORED) for at in identified.fresh}
        outcomes |= {places[at]: _CONFLICT for at in identified.conflicting}
    return outcomes
