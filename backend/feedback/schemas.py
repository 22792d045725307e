"""What the routes of the inbox take and answer."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from backend.fields import NO_NUL, Strict
from backend.paging import MOST_CHARACTERS
from backend.subscriptions.schemas import ChatId
from backend.users.schemas import NextCursor
from serving.schemas import UserId
from warehouse.feedback import MOST_WORDS

Language = Literal["en", "ru"]
Text = Annotated[str, Field(min_length=1, max_length=MOST_WORDS, pattern=NO_NUL)]


class NewFeedback(Strict):
    """What a user says: stars, words, or both. Words that follow stars within an hour belong to them."""

    user_id: UserId
    chat_id: ChatId
    language: Language = "en"
    stars: Annotated[int | None, Field(ge=1, le=5)] = None
    words: Text | None = None


class FeedbackReceipt(BaseModel):
    """That it is in the inbox."""

    feedback_id: UUID


class FeedbackEntry(BaseModel):
    """One entry of the inbox."""

    feedback_id: UUID
    user_id: str
    language: str
    stars: int | None
    words: str | None
    given_at: datetime
    answer: str | None
    answered_by: Annotated[str | None, Field(description="the account or key")]
    answered_at: datetime | None
    answer_state: Annotated[
        Literal["queued", "sending", "sent", "failed"] | None,
        Field(description="`sending` for long: the bot was killed, and nobody knows whether Telegram took it"),
    ]
    answer_error: Annotated[str | None, Field(description="why it failed, such as a user who has blocked the bot")]


class FeedbackQuery(BaseModel):
    """Which page of the inbox."""

    model_config = ConfigDict(extra="forbid")

    is_answered: Annotated[bool | None, Field(description="only with, or only without an answer")] = None
    most_stars: Annotated[int | None, Field(ge=1, le=5, description="only with so many stars or fewer")] = None
    limit: Annotated[int, Field(ge=1, le=200, description="entries a page")] = 50
    cursor: Annotated[
        str | None, Field(max_length=MOST_CHARACTERS, description="the `next_cursor` of the page before")
    ] = None


class FeedbackPage(BaseModel):
    """A page of the inbox, newest first."""

    feedback: list[FeedbackEntry]
    next_cursor: NextCursor


class NewAnswer(Strict):
    """What the user is told, as plain text."""

    text: Text


class AnswersWanted(Strict):
    """How many answers the bot can send now."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20


class AnswerToSend(BaseModel):
    """An answer that the bot sends once, now."""

    feedback_id: UUID
    user_id: str
    chat_id: int
    language: str
    text: str


class AnswersToSend(BaseModel):
    """Oldest first."""

    answers: list[AnswerToSend]


class AnswerOutcome(Strict):
    """How sending went: the number of the message, or why there is none."""

    message_id: Annotated[int | None, Field(ge=1)] = None
    error: Annotated[str | None, Field(min_length=1, max_length=500, pattern=NO_NUL)] = None


class OutcomeReceipt(BaseModel):
    """That it is noted."""

    is_first: Annotated[bool, Field(description="false: nobody was sending this answer")]
