"""What `POST /events` decides: which id an event has, and what its sender is told.

Does not belong here: reading the request (`endpoints`), or storing events (`intake`).
"""

from collections import Counter
from collections.abc import Sequence
from uuid import NAMESPACE_OID, uuid5

from backend.errors import Invalid
from backend.events.intake import Intake
from backend.events.schemas import EventError, EventResult, EventResults
from core.problems import MAX_ERRORS, FieldError
from ingestion.accepting import Outcome, Status

_IDS = uuid5(NAMESPACE_OID, "customer-analyzer/events")


async def store(intake: Intake, events: Sequence[object], sender: str, idempotency_key: str | None) -> EventResults:
    """Stores events, and says what became of each.

    Under an Idempotency-Key, events without an id of their own get one from the sender, the key and their place. So the
    same request sent again stores nothing twice. Raises Invalid where no event of the request could be stored, and
    Unavailable.
    """
    identified = [_identified(event, sender, idempotency_key, place) for place, event in enumerate(events)]
    outcomes = await intake.store(identified)
    refused = [place for place, outcome in enumerate(outcomes) if outcome.status is Status.REFUSED]
    if len(refused) == len(outcomes):
        raise _nothing_stored(outcomes)
    counts = Counter(outcome.status for outcome in outcomes)
    return EventResults(
        **{status.value: counts[status] for status in Status},
        results=[_result(event, outcome) for event, outcome in zip(identified, outcomes, strict=True)],
    )


def _identified(event: object, sender: str, idempotency_key: str | None, place: int) -> object:
    if idempotency_key is None or not isinstance(event, dict) or event.get("event_id") is not None:
        return event
    return {**event, "event_id": str(uuid5(_IDS, f"{sender}/{idempotency_key}/{place}"))}


def _result(event: object, outcome: Outcome) -> EventResult:
    event_id = event.get("event_id") if isinstance(event, dict) else None
    return EventResult(
        event_id=event_id if isinstance(event_id, str) else None,
        status=outcome.status.value,
        errors=[EventError(field=each.field, message=each.reason) for each in outcome.problems],
    )


def _nothing_stored(outcomes: Sequence[Outcome]) -> Invalid:
    """The problem that names the fields of all events: `events[2].amount`."""
    errors = [
        FieldError(f"events[{place}].{each.field}".rstrip("."), each.reason)
        for place, outcome in enumerate(outcomes)
        for each in outcome.problems
    ]
    named = ", ".join(f"`{each.field}`" for each in errors[:3])
    return Invalid(f"No event was stored; see {named}. They are kept in quarantine.", errors[:MAX_ERRORS])
