"""Who may be written to: chats, topics, caps, quiet hours, and users whom nobody may contact.

Belongs here: SQL on `app.subscriptions` and `app.do_not_contact`. Does not belong here: the shop's own rules, which
hold where a column is null (`backend.subscriptions.rules`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from psycopg import sql

from warehouse.database import Statement, command, first_row

_COLUMNS = (
    "user_id",
    "chat_id",
    "language",
    "topics",
    "time_zone",
    "quiet_from",
    "quiet_until",
    "most_a_day",
    "most_a_week",
    "paused_until",
    "stopped_at",
    "blocked_at",
    "subscribed_at",
    "changed_at",
)
CHANGEABLE = frozenset(_COLUMNS) - {"user_id", "subscribed_at", "changed_at"}


@dataclass(frozen=True, slots=True)
class Subscription:
    """A row of `app.subscriptions`. What is None is as the shop's settings say, or has not happened."""

    user_id: str
    chat_id: int
    language: str
    topics: list[str]
    time_zone: str | None
    quiet_from: time | None
    quiet_until: time | None
    most_a_day: int | None
    most_a_week: int | None
    paused_until: datetime | None
    stopped_at: datetime | None
    blocked_at: datetime | None
    subscribed_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class DoNotContact:
    """A row of `app.do_not_contact`."""

    user_id: str
    reason: str
    said_by: str
    since: datetime


def subscription_of(ids: Sequence[str]) -> Statement[Subscription | None]:
    """The subscription of a person with these ids: of several, the one that was changed last."""
    query = sql.SQL(
        "select {} from app.subscriptions where user_id = any(%(ids)s) order by changed_at desc, user_id limit 1"
    ).format(sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)))
    return first_row(Subscription, query, ids=[*ids])


def release_chat(chat_id: int, user_id: str) -> Statement[int]:
    """Takes a chat from whoever else has it."""
    return command(
        "delete from app.subscriptions where chat_id = %(chat_id)s and user_id <> %(user_id)s",
        chat_id=chat_id,
        user_id=user_id,
    )


def add_subscription(user_id: str, chat_id: int, language: str) -> Statement[int]:
    """Adds a subscription to nothing yet; how many rows were added (none where there is one)."""
    return command(
        "insert into app.subscriptions (user_id, chat_id, language) values (%(user_id)s, %(chat_id)s, %(language)s)"
        " on conflict (user_id) do nothing",
        user_id=user_id,
        chat_id=chat_id,
        language=language,
    )


def change_subscription(user_id: str, changes: Mapping[str, Any]) -> Statement[int]:
    """Sets columns, whose names are among CHANGEABLE. `changed_at` moves also where nothing else does."""
    if unknown := set(changes) - CHANGEABLE:
        raise ValueError(f"no such columns: {unknown}")
    assigned = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in changes if name in CHANGEABLE
    ]
    query = sql.SQL("update app.subscriptions set {} where user_id = %(user_id)s").format(
        sql.SQL(", ").join([*assigned, sql.SQL("changed_at = clock_timestamp()")])
    )
    return command(query, **changes, user_id=user_id)


def end_subscription(chat_id: int) -> Statement[int]:
    """Telegram said that this chat takes no messages any more; how many subscriptions ended by that."""
    return command(
        "update app.subscriptions set blocked_at = clock_timestamp(), changed_at = clock_timestamp()"
        " where chat_id = %(chat_id)s and blocked_at is null",
        chat_id=chat_id,
    )


def move_chat(chat_id: int, new_chat_id: int) -> Statement[int]:
    """A group has another id now, unless somebody has registered that one already."""
    return command(
        "update app.subscriptions set chat_id = %(new_chat_id)s, changed_at = clock_timestamp()"
        " where chat_id = %(chat_id)s"
        " and not exists (select from app.subscriptions where chat_id = %(new_chat_id)s)",
        chat_id=chat_id,
        new_chat_id=new_chat_id,
    )


def do_not_contact_of(ids: Sequence[str]) -> Statement[DoNotContact | None]:
    """Why nobody may write to a person with these ids; None where it is not forbidden."""
    return first_row(
        DoNotContact,
        "select user_id, reason, said_by, since from app.do_not_contact where user_id = any(%(ids)s)"
        " order by since, user_id limit 1",
        ids=[*ids],
    )


def forbid_contact(user_id: str, reason: str, said_by: str) -> Statement[int]:
    """Nobody may write to this user from now on. Of one to whom it was forbidden before, the date stays."""
    return command(
        "insert into app.do_not_contact (user_id, reason, said_by) values (%(user_id)s, %(reason)s, %(said_by)s)"
        " on conflict (user_id) do update set reason = excluded.reason, said_by = excluded.said_by",
        user_id=user_id,
        reason=reason,
        said_by=said_by,
    )


def allow_contact(ids: Sequence[str]) -> Statement[int]:
    """A person with these ids may be written to again; how many ids it was forbidden for."""
    return command("delete from app.do_not_contact where user_id = any(%(ids)s)", ids=[*ids])
