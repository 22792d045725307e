"""Feedback: what users say to the shop, and what the shop answers through the bot (`app.feedback`).

Belongs here: SQL that the API and the command line share. Does not belong here: sending (`bot`).

An answer is taken by the bot just before it is sent. One whose bot was killed in between stays in `sending` and is
never sent again by itself, because Telegram may have taken it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from warehouse.database import Statement, command, first_row, rows, value

AnswerState = Literal["queued", "sending", "sent", "failed"]

MOST_WORDS = 3500
"""Characters of words and of an answer: what one message of Telegram holds, less what the bot adds."""
JOIN_MINUTES = 60
"""Words that come so soon after stars belong to them."""


@dataclass(frozen=True)
class Feedback:
    """What one user said, and the answer."""

    feedback_id: UUID
    user_id: str
    chat_id: int
    language: str
    stars: int | None
    words: str | None
    given_at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    answer_state: AnswerState | None
    answer_error: str | None


def add_feedback(user_id: str, chat_id: int, language: str, stars: int | None, words: str | None) -> Statement[UUID]:
    """Adds feedback; its id. Words alone join the user's last stars of this hour, if those have no words yet."""
    return value(
        lambda found: UUID(str(found)),
        """
        with joined as (
            update app.feedback set words = %(words)s
            where %(stars)s::integer is null and feedback_id = (
                select feedback_id from app.feedback
                where user_id = %(user_id)s and words is null and answer is null
                    and given_at > now() - make_interval(mins => %(minutes)s)
                order by given_at desc limit 1
            )
            returning feedback_id
        ), added as (
            insert into app.feedback (user_id, chat_id, language, stars, words)
            select %(user_id)s, %(chat_id)s, %(language)s, %(stars)s, %(words)s
            where not exists (select from joined)
            returning feedback_id
        )
        select feedback_id from joined union all select feedback_id from added
        """,
        user_id=user_id,
        chat_id=chat_id,
        language=language,
        stars=stars,
        words=words,
        minutes=JOIN_MINUTES,
    )


def feedback_page(
    *, is_answered: bool | None, most_stars: int | None, before: tuple[datetime, UUID] | None, limit: int
) -> Statement[list[Feedback]]:
    """Up to `limit` entries, newest first, from before a place on. None as a filter lets everything pass."""
    return rows(
        Feedback,
        """
        select feedback_id, user_id, chat_id, language, stars, words, given_at, answer, answered_by, answered_at,
            answer_state, answer_error
        from app.feedback
        where (%(is_answered)s::boolean is null or (answer is not null) = %(is_answered)s)
            and (%(most_stars)s::integer is null or stars <= %(most_stars)s)
            and (%(given_at)s::timestamptz is null or (given_at, feedback_id) < (%(given_at)s, %(feedback_id)s::uuid))
        order by given_at desc, feedback_id desc limit %(limit)s
        """,
        is_answered=is_answered,
        most_stars=most_stars,
        given_at=None if before is None else before[0],
        feedback_id=None if before is None else before[1],
        limit=limit,
    )


def feedback_of(feedback_id: UUID) -> Statement[Feedback | None]:
    """One entry."""
    return first_row(
        Feedback,
        "select feedback_id, user_id, chat_id, language, stars, words, given_at, answer, answered_by, answered_at,"
        " answer_state, answer_error from app.feedback where feedback_id = %(feedback_id)s",
        feedback_id=feedback_id,
    )


def answer_feedback(feedback_id: UUID, answer: str, answered_by: str) -> Statement[int]:
    """Queues an answer for the bot; 0 where there is one already. One that failed may be replaced."""
    return command(
        "update app.feedback set answer = %(answer)s, answered_by = %(answered_by)s, answered_at = now(),"
        " answer_state = 'queued', answer_error = null"
        " where feedback_id = %(feedback_id)s and (answer is null or answer_state = 'failed')",
        feedback_id=feedback_id,
        answer=answer,
        answered_by=answered_by,
    )


def take_answers(limit: int) -> Statement[list[Feedback]]:
    """Answers for one bot to send now, oldest first. Two bots get different ones."""
    return rows(
        Feedback,
        """
        with taken as (
            select feedback_id from app.feedback where answer_state = 'queued'
            order by answered_at limit %(limit)s for update skip locked
        )
        update app.feedback as feedback set answer_state = 'sending'
        from taken where feedback.feedback_id = taken.feedback_id
        returning feedback.feedback_id, user_id, chat_id, language, stars, words, given_at, answer, answered_by,
            answered_at, answer_state, answer_error
        """,
        limit=limit,
    )


def finish_answer(feedback_id: UUID, message_id: int | None, error: str | None) -> Statement[int]:
    """Says that an answer was sent, or why not; 0 where nobody was sending it."""
    return command(
        "update app.feedback set answer_state = case when %(error)s::text is null then 'sent' else 'failed' end,"
        " answer_message_id = %(message_id)s, answer_error = %(error)s"
        " where feedback_id = %(feedback_id)s and answer_state = 'sending'",
        feedback_id=feedback_id,
        message_id=message_id,
        error=error,
    )


def short(entries: Sequence[Feedback]) -> list[dict[str, object]]:
    """Entries as they are listed for people."""
    return [
        {
            "feedback_id": str(each.feedback_id),
            "user_id": each.user_id,
            "given_at": each.given_at.isoformat(timespec="seconds"),
            "stars": each.stars,
            "words": each.words,
            "answer": each.answer,
            "answer_state": each.answer_state,
            "answer_error": each.answer_error,
        }
        for each in entries
    ]
