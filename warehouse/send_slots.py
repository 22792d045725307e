"""The budget of messages to Telegram, which the bot and all senders share: `app.send_slots`.

Belongs here: SQL that takes slots, and the spacing that keeps Telegram's limits. Does not belong here: sending.

A slot is a moment at which one message may leave. Slots are evenly spaced, so no window of a second holds more than
is allowed, wherever it begins. Campaigns may only take a slot that is nearly due, and replies may take later ones. So
while replies wait, campaigns get none.
"""

from dataclasses import dataclass

from warehouse.database import Statement, command

A_SECOND = 30.0
"""What Telegram allows a bot, all chats together."""
CHAT_SECONDS = 1.0
GROUP_SECONDS = 3.0
"""Between two messages to one chat; 20 a minute to a group."""
CAMPAIGN_AHEAD_SECONDS = 0.1
REPLY_AHEAD_SECONDS = 30.0
_ROOM = 0.965
"""The share of the limit that is used: messages arrive a little earlier or later than they leave."""


@dataclass(frozen=True, slots=True)
class Slot:
    """When to send: in `wait_seconds` where it is granted; else ask again then.

    `is_chat_busy` says that the chat's own limit stands in the way, and not that of all chats together.
    """

    is_granted: bool
    wait_seconds: float
    is_chat_busy: bool


def take_slot(
    chat_id: int | None, *, is_reply: bool, a_second: float = A_SECOND, least_ahead: float = 0.0
) -> Statement[Slot]:
    """The next slot for a message to a chat; None for a message that has the chat's slot and missed the one of all.

    `a_second` is how many messages Telegram allows, all chats together, `least_ahead` how many seconds the sender needs
    before it can send.
    """
    return Statement(
        "select is_granted, wait_seconds, is_chat_busy from app.take_send_slot("
        "%(chat_id)s::bigint, %(spacing)s::float8, %(chat_spacing)s::float8, %(least_ahead)s::float8,"
        " %(most_ahead)s::float8)",
        {
            "chat_id": chat_id,
            "spacing": 1 / (a_second * _ROOM),
            "chat_spacing": GROUP_SECONDS if chat_id is not None and chat_id < 0 else CHAT_SECONDS,
            "least_ahead": least_ahead,
            "most_ahead": least_ahead + (REPLY_AHEAD_SECONDS if is_reply else CAMPAIGN_AHEAD_SECONDS),
        },
        lambda result: Slot(*result.rows[0]),
    )


def hold_slots(seconds: float) -> Statement[int]:
    """Nobody sends for so long: Telegram said so (`retry_after`)."""
    return command(
        "insert into app.send_slots values (0, clock_timestamp() + make_interval(secs => %(seconds)s))"
        " on conflict (chat_id) do update set next_at = greatest(send_slots.next_at, excluded.next_at)",
        seconds=seconds,
    )


def forget_slots() -> Statement[int]:
    """Forgets chats to which nothing was sent in the last minute."""
    return command("delete from app.send_slots where chat_id <> 0 and next_at < now() - interval '1 minute'")
