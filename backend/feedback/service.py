"""What is decided about feedback: events around it, and when there may be an answer."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.errors import Conflict, Invalid, NotFound
from backend.events import service as events
from backend.feedback.schemas import (
    AnswerOutcome,
    AnswerToSend,
    FeedbackEntry,
    FeedbackPage,
    FeedbackQuery,
    NewFeedback,
)
from backend.paging import cursor_of, place_of
from backend.resources import Resources
from core.problems import FieldError
from warehouse import feedback as store
from warehouse.database import execute_async
from warehouse.feedback import Feedback

_PLACE = TypeAdapter(tuple[datetime, UUID])


async def add(resources: Resources, principal: Principal, given: NewFeedback) -> UUID:
    """Puts feedback into the inbox, and notes it as an event without its words. Raises Invalid for nothing said."""
    if given.stars is None and given.words is None:
        raise Invalid("Say something: stars, words or both.", [FieldError("words", "is missing, and so is `stars`")])
    feedback_id = await resources.database.run(
        store.add_feedback(given.user_id, given.chat_id, given.language, given.stars, given.words)
    )
    properties: dict[str, object] = {
        "feedback_id": str(feedback_id),
        "stars": given.stars,
        "characters": len(given.words or ""),
    }
    await _store_event(resources, principal, given.user_id, "feedback", properties)
    return feedback_id


async def page(resources: Resources, query: FeedbackQuery) -> FeedbackPage:
    """A page of the inbox, newest first. Raises Invalid for a cursor of something else."""
    before = None if query.cursor is None else place_of(query.cursor, _PLACE)
    found = await resources.database.run(
        store.feedback_page(
            is_answered=query.is_answered, most_stars=query.most_stars, before=before, limit=query.limit + 1
        )
    )
    entries = found[: query.limit]
    last = entries[-1] if len(found) > query.limit else None
    return FeedbackPage(
        feedback=[shown(each) for each in entries],
        next_cursor=last and cursor_of((last.given_at, str(last.feedback_id))),
    )


async def answer(resources: Resources, principal: Principal, origin: Origin, feedback_id: UUID, text: str) -> Feedback:
    """Queues an answer for the bot. Raises NotFound, and Conflict where there is one already."""
    async with resources.database.transaction() as connection:
        found = await execute_async(connection, store.feedback_of(feedback_id))
        if found is None:
            raise NotFound("There is no such feedback.", [FieldError("feedback_id", "is not the id of feedback")])
        if not await execute_async(connection, store.answer_feedback(feedback_id, text, principal.name)):
            raise Conflict("This feedback has an answer already.", [FieldError("feedback_id", "is answered")])
        await execute_async(connection, entry(principal, origin, "feedback:answer", f"feedback:{feedback_id}"))
    queued = await resources.database.run(store.feedback_of(feedback_id))
    return queued or found


async def answers_to_send(resources: Resources, limit: int) -> list[AnswerToSend]:
    """Answers that the bot sends now."""
    return [
        AnswerToSend(
            feedback_id=each.feedback_id,
            user_id=each.user_id,
            chat_id=each.chat_id,
            language=each.language,
            text=each.answer or "",
        )
        for each in await resources.database.run(store.take_answers(limit))
    ]


async def finish(resources: Resources, principal: Principal, feedback_id: UUID, outcome: AnswerOutcome) -> bool:
    """Notes how sending went, and an answer that was sent as an event. Raises Invalid, and NotFound."""
    if (outcome.message_id is None) == (outcome.error is None):
        raise Invalid("Name the message or the error.", [FieldError("message_id", "goes without `error`")])
    database = resources.database
    found = await database.run(store.feedback_of(feedback_id))
    if found is None:
        raise NotFound("There is no such feedback.", [FieldError("feedback_id", "is not the id of feedback")])
    is_first = await database.run(store.finish_answer(feedback_id, outcome.message_id, outcome.error)) == 1
    if is_first and outcome.message_id is not None:
        said = {"feedback_id": str(feedback_id), "message_id": outcome.message_id, "text_kind": "feedback_answer"}
        await _store_event(resources, principal, found.user_id, "answer_sent", said)
    return is_first


def shown(found: Feedback) -> FeedbackEntry:
    """An entry as callers see it."""
    return FeedbackEntry(**{name: getattr(found, name) for name in FeedbackEntry.model_fields})


async def _store_event(
    resources: Resources, principal: Principal, user_id: str, event_type: str, properties: Mapping[str, object]
) -> None:
    event = {
        "event_id": str(uuid4()),
        "user_id": user_id,
        "event_type": event_type,
        "occurred_at": datetime.now(UTC).isoformat(),
        "source": "telegram",
        "properties": properties,
    }
    await events.store(resources.intake, [event], principal.id, None)
