"""What is decided about subscriptions: what a change means, and what stands in the way of messages.

Every change is an event of the user (`consent_changed`), stored in the same transaction. One by a person with an
account, and every prohibition, is in the audit log too.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from psycopg.errors import InvalidParameterValue

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.store import add_look
from backend.database import Connection
from backend.errors import Invalid, NotFound
from backend.resources import Resources
from backend.subscriptions.rules import ContactRules, Topic, rules_now
from backend.subscriptions.schemas import DoNotContactAnswer, QuietHours, SubscriptionAnswer, SubscriptionChange
from backend.users import store as users
from core.problems import FieldError
from ingestion.accepting import Status, accept_async
from warehouse import subscriptions as store
from warehouse.database import execute_async
from warehouse.subscriptions import DoNotContact, Subscription

State = Literal["active", "paused", "stopped", "blocked", "do_not_contact", "none"]

EVENT_TYPE = "consent_changed"
_LANGUAGE = "en"


async def subscription(resources: Resources, user_id: str) -> SubscriptionAnswer:
    """The subscription of the user's person, under any of the ids. Without one, its state is `none`."""
    async with resources.database.transaction() as connection:
        return await _answer(connection, resources.contact_rules, user_id)


async def change(
    resources: Resources, principal: Principal, origin: Origin, user_id: str, wanted: SubscriptionChange
) -> SubscriptionAnswer:
    """Changes a subscription, and makes it where a chat is named. Raises NotFound and Invalid."""
    given = wanted.model_dump(exclude_unset=True)
    said = wanted.model_dump(exclude_unset=True, mode="json")
    now = datetime.now(UTC)
    try:
        async with resources.database.transaction() as connection:
            await _store_event(connection, principal, user_id, said)
            known = await _known(connection, user_id, given, wanted.language)
            await execute_async(connection, store.change_subscription(known, columns_of(given, now)))
            answer = await _answer(connection, resources.contact_rules, user_id)
            if principal.account_id is not None:
                await _record(connection, principal, origin, "subscription:change", user_id)
    except InvalidParameterValue:
        raise Invalid(
            "The database does not know this time zone; use another name of it.",
            [FieldError("time_zone", "is not known to the database")],
        ) from None
    return answer


async def forbid(
    resources: Resources, principal: Principal, origin: Origin, user_id: str, reason: str
) -> SubscriptionAnswer:
    """Nobody may write to the user's person from now on. The user need not have a chat. Raises NotFound."""
    async with resources.database.transaction() as connection:
        await _store_event(connection, principal, user_id, {"do_not_contact": reason})
        await execute_async(connection, store.forbid_contact(user_id, reason, principal.id))
        answer = await _answer(connection, resources.contact_rules, user_id)
        await _record(connection, principal, origin, "subscription:forbid", user_id)
    return answer


async def allow(resources: Resources, principal: Principal, origin: Origin, user_id: str) -> SubscriptionAnswer:
    """The prohibition ends, for all ids of the person. Raises NotFound where there is none."""
    async with resources.database.transaction() as connection:
        ids = await execute_async(connection, users.ids_of_person(user_id))
        if not await execute_async(connection, store.allow_contact(ids)):
            raise NotFound("Writing to this user is not forbidden.")
        await _store_event(connection, principal, user_id, {"do_not_contact": None})
        answer = await _answer(connection, resources.contact_rules, user_id)
        await _record(connection, principal, origin, "subscription:allow", user_id)
    return answer


def columns_of(given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The columns that a change sets."""
    columns = {
        name: value
        for name, value in given.items()
        if name in store.CHANGEABLE and (value is not None or name not in ("chat_id", "language", "topics"))
    }
    if "topics" in columns:
        columns["topics"] = sorted({str(topic) for topic in columns["topics"]})
    if "quiet_hours" in given:
        hours = given["quiet_hours"] or {"start": None, "end": None}
        columns |= {"quiet_from": hours["start"], "quiet_until": hours["end"]}
    for asked, column in (("is_stopped", "stopped_at"), ("is_blocked", "blocked_at")):
        if given.get(asked) is not None:
            columns[column] = now if given[asked] else None
    return columns


def state_of(found: Subscription | None, prohibition: DoNotContact | None, now: datetime) -> State:
    """What stands in the way of messages: what holds longest is named."""
    if prohibition is not None:
        return "do_not_contact"
    if found is None:
        return "none"
    if found.blocked_at is not None:
        return "blocked"
    if found.stopped_at is not None:
        return "stopped"
    return "paused" if found.paused_until is not None and found.paused_until > now else "active"


async def _known(connection: Connection, user_id: str, given: Mapping[str, Any], language: str | None) -> str:
    """The id under which the person's subscription is; it is made where there is none and a chat is given."""
    ids = await execute_async(connection, users.ids_of_person(user_id))
    found = await execute_async(connection, store.subscription_of(ids))
    chat_id = given.get("chat_id")
    if found is None and chat_id is None:
        raise NotFound("The user has no chat yet; name it in `chat_id`.", [FieldError("chat_id", "is missing")])
    if chat_id is not None:
        # One chat at a time: the person's other ids do not keep an older one.
        user_id = user_id if found is None else found.user_id
        await execute_async(connection, store.release_chat(chat_id, user_id))
        await execute_async(connection, store.add_subscription(user_id, chat_id, language or _LANGUAGE))
        return user_id
    assert found is not None  # noqa: S101 - raised above
    return found.user_id


async def _store_event(connection: Connection, principal: Principal, user_id: str, said: Mapping[str, Any]) -> None:
    """Stores what was said as an event, which also keeps out who was erased. Raises NotFound and Invalid."""
    event = {
        "event_id": str(uuid4()),
        "user_id": user_id,
        "event_type": EVENT_TYPE,
        "occurred_at": datetime.now(UTC).isoformat(),
        "source": "telegram" if principal.account_id is None else "web",
        "properties": {"said_by": principal.id, **said},
    }
    (outcome,) = await accept_async(connection, [event], is_strict=True)
    if outcome.status is Status.ERASED:
        raise NotFound("This user was erased.", [FieldError("user_id", "was erased")])
    if outcome.status is not Status.STORED:
        errors = [FieldError(each.field, each.reason) for each in outcome.problems]
        raise Invalid("No event can have this user id.", errors)


async def _record(connection: Connection, principal: Principal, origin: Origin, action: str, user_id: str) -> None:
    await execute_async(
        connection, add_look(principal.id, principal.name, origin.address, origin.request_id, action, user_id)
    )


async def _answer(connection: Connection, environment: ContactRules, user_id: str) -> SubscriptionAnswer:
    rules = await execute_async(connection, rules_now(environment))
    ids = await execute_async(connection, users.ids_of_person(user_id))
    found = await execute_async(connection, store.subscription_of(ids))
    prohibition = await execute_async(connection, store.do_not_contact_of(ids))
    return answer_of(user_id, found, prohibition, rules, datetime.now(UTC))


def answer_of(
    user_id: str,
    found: Subscription | None,
    prohibition: DoNotContact | None,
    rules: ContactRules,
    now: datetime,
) -> SubscriptionAnswer:
    """A subscription as callers see it: the shop's rules stand where the user has none of their own."""

    def own(name: str) -> Any:
        return None if found is None else getattr(found, name)

    def chosen(name: str) -> Any:
        return getattr(rules, name) if own(name) is None else own(name)

    return SubscriptionAnswer(
        user_id=own("user_id") or user_id,
        state=state_of(found, prohibition, now),
        chat_id=own("chat_id"),
        language=own("language"),
        topics=[Topic(topic) for topic in own("topics") or () if topic in set(Topic)],
        time_zone=chosen("time_zone"),
        quiet_hours=QuietHours(start=chosen("quiet_from"), end=chosen("quiet_until")),
        most_a_day=chosen("most_a_day"),
        most_a_week=chosen("most_a_week"),
        paused_until=own("paused_until"),
        stopped_at=own("stopped_at"),
        blocked_at=own("blocked_at"),
        subscribed_at=own("subscribed_at"),
        do_not_contact=prohibition
        and DoNotContactAnswer(reason=prohibition.reason, said_by=prohibition.said_by, since=prohibition.since),
    )
