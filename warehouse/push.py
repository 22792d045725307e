"""Devices that are told of notices by push.

Belongs here: SQL on `app.push_subscriptions`. Does not belong here: what is sent, and how (`backend.push`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from warehouse.database import Statement, command, first_row, rows, value


@dataclass(frozen=True)
class Device:
    """A device as its owner sees it."""

    subscription_id: UUID
    session_id: UUID
    endpoint: str = field(repr=False)
    topics: list[str]
    device: str
    made_at: datetime
    told_at: datetime | None


@dataclass(frozen=True)
class Target:
    """A device as the worker reaches it. Whoever has `endpoint`, `p256dh` and `auth` can write to it."""

    subscription_id: UUID
    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)
    topics: list[str]
    language: str
    told_until: int
    role: str


def subscribe(
    session_id: UUID, endpoint: str, p256dh: str, auth: str, topics: Sequence[str], language: str, device: str
) -> Statement[UUID]:
    """Adds a device, or changes it: an endpoint is one device, which belongs to whoever subscribed last.

    A device is told of what happens from now on.
    """
    return value(
        _same,
        "insert into app.push_subscriptions"
        " (session_id, endpoint, p256dh, auth, topics, language, device, told_until) values (%(session_id)s,"
        " %(endpoint)s, %(p256dh)s, %(auth)s, %(topics)s, %(language)s, %(device)s,"
        " (select last_id from app.notice_ends)) on conflict (endpoint) do update set session_id = excluded.session_id,"
        " p256dh = excluded.p256dh, auth = excluded.auth, topics = excluded.topics, language = excluded.language,"
        " device = excluded.device returning subscription_id",
        session_id=session_id,
        endpoint=endpoint,
        p256dh=p256dh,
        auth=auth,
        topics=[*topics],
        language=language,
        device=device,
    )


def devices(account_id: UUID) -> Statement[list[Device]]:
    """The devices of an account, oldest first."""
    return rows(
        Device,
        "select subscription_id, session_id, endpoint, topics, device, made_at, told_at"
        " from app.push_subscriptions join app.sessions using (session_id)"
        " where account_id = %(account_id)s and ended_at is null order by made_at, subscription_id",
        account_id=account_id,
    )


def unsubscribe(account_id: UUID, subscription_id: UUID) -> Statement[int]:
    """Removes a device of an account; 0 where it has none of this id."""
    return command(
        "delete from app.push_subscriptions using app.sessions"
        " where push_subscriptions.session_id = sessions.session_id and account_id = %(account_id)s"
        " and subscription_id = %(subscription_id)s",
        account_id=account_id,
        subscription_id=subscription_id,
    )


def due(last_id: int) -> Statement[list[UUID]]:
    """Devices that have not been told of everything up to a notice, and need not wait."""
    return rows(
        _same,
        "select subscription_id from app.push_targets where told_until < %(last_id)s order by told_until",
        last_id=last_id,
    )


def hold(subscription_id: UUID) -> Statement[Target | None]:
    """A device that nobody else tells until the transaction ends; None where somebody does, or it is gone."""
    return first_row(
        Target,
        "select subscription_id, endpoint, p256dh, auth, topics, language, told_until, role from app.push_targets"
        " where subscription_id = (select subscription_id from app.push_subscriptions"
        " where subscription_id = %(subscription_id)s for update skip locked)",
        subscription_id=subscription_id,
    )


def told(subscription_id: UUID, notice_id: int, *, is_sent: bool) -> Statement[int]:
    """Notes up to where a device has been told, and whether something was sent to it."""
    return command(
        "update app.push_subscriptions set told_until = %(notice_id)s, waits_until = null,"
        " told_at = case when %(is_sent)s then now() else told_at end where subscription_id = %(subscription_id)s",
        subscription_id=subscription_id,
        notice_id=notice_id,
        is_sent=is_sent,
    )


def wait(subscription_id: UUID, seconds: float) -> Statement[int]:
    """Leaves a device alone for so many seconds."""
    return command(
        "update app.push_subscriptions set waits_until = now() + make_interval(secs => %(seconds)s)"
        " where subscription_id = %(subscription_id)s",
        subscription_id=subscription_id,
        seconds=seconds,
    )


def forget(subscription_id: UUID) -> Statement[int]:
    """Removes a device that the push service does not know any more."""
    return command(
        "delete from app.push_subscriptions where subscription_id = %(subscription_id)s",
        subscription_id=subscription_id,
    )


def _same(subscription_id: UUID) -> UUID:
    return subscription_id
