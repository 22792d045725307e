"""`/feedback` for people of the shop, and `/telegram/feedback` and `/telegram/answers` for the bot."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.feedback import service
from backend.feedback.schemas import (
    AnswerOutcome,
    AnswersToSend,
    AnswersWanted,
    FeedbackEntry,
    FeedbackPage,
    FeedbackQuery,
    FeedbackReceipt,
    NewAnswer,
    NewFeedback,
    OutcomeReceipt,
)
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(tags=["feedback"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
IsBot = Annotated[Principal, Depends(requires(Permission.TELEGRAM_WRITE))]


@router.get("/feedback", summary="The inbox: what users say, newest first")
async def get_feedback(
    resources: Held,
    _principal: Annotated[Principal, Depends(looks(Permission.FEEDBACK_READ, "feedback:read"))],
    query: Annotated[FeedbackQuery, Query()],
) -> FeedbackPage:
    """With the answers and how sending them went."""
    return await service.page(resources, query)


@router.post("/feedback/{feedback_id}/answer", summary="Answer a user through the bot", status_code=HTTPStatus.ACCEPTED)
async def post_feedback_answer(
    resources: Held,
    principal: Annotated[Principal, Depends(requires(Permission.FEEDBACK_ANSWER))],
    origin: Annotated[Origin, Depends(origin_of)],
    feedback_id: UUID,
    given: NewAnswer,
) -> FeedbackEntry:
    """The bot sends it within seconds, once. Only an answer that failed can be replaced by another."""
    return service.shown(await service.answer(resources, principal, origin, feedback_id, given.text))


@router.post("/telegram/feedback", summary="What a user says to the shop", status_code=HTTPStatus.CREATED)
async def post_telegram_feedback(resources: Held, principal: IsBot, given: NewFeedback) -> FeedbackReceipt:
    """For the bot. It is an event too, which says how many stars and characters, and not the words."""
    return FeedbackReceipt(feedback_id=await service.add(resources, principal, given))


@router.post("/telegram/answers/take", summary="Take answers to be sent")
async def take_answers(resources: Held, _principal: IsBot, wanted: AnswersWanted) -> AnswersToSend:
    """Each answer is given to one bot, once."""
    return AnswersToSend(answers=await service.answers_to_send(resources, wanted.limit))


@router.post("/telegram/answers/{feedback_id}/outcome", summary="Say how sending an answer went")
async def post_answer_outcome(
    resources: Held, principal: IsBot, feedback_id: UUID, outcome: AnswerOutcome
) -> OutcomeReceipt:
    """Where nothing is said, the answer stays in `sending`."""
    return OutcomeReceipt(is_first=await service.finish(resources, principal, feedback_id, outcome))
