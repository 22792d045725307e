"""/notifications: topics, quiet hours, pause, stop. Each button changes one thing and shows the settings again."""

from datetime import UTC, datetime, timedelta
from typing import Any

from telegram import InlineKeyboardMarkup

from bot.api import Json
from bot.turn import Turn, keyboard

TOPICS = ("offers", "recommendations", "reminders", "news")
QUIET = {"night": ("22:00", "08:00"), "evening": ("19:00", "10:00"), "none": ("00:00", "00:00")}
PAUSE_DAYS = {"week": 7, "month": 30}


async def settings(turn: Turn, _rest: str) -> None:
    """Shows what the user has chosen."""
    found = await turn.api.subscription(turn.user_id)
    if found["state"] == "none":
        found = await turn.api.change_subscription(turn.user_id, turn.chat_id, language=turn.language)
    await turn.reply(_words(turn, found), _buttons(turn, found), text_kind="settings")


async def choose_topic(turn: Turn, topic: str) -> None:
    """Switches a topic on or off."""
    if topic in TOPICS:
        chosen = set((await turn.api.subscription(turn.user_id))["topics"]) ^ {topic}
        await _change(turn, topics=sorted(chosen))


async def choose_quiet(turn: Turn, name: str) -> None:
    """Chooses the hours in which nothing is sent."""
    if name in QUIET:
        start, end = QUIET[name]
        await _change(turn, quiet_hours={"start": start, "end": end})


async def pause(turn: Turn, name: str) -> None:
    """Pauses all messages for a while, or ends the pause."""
    if name in PAUSE_DAYS:
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=PAUSE_DAYS[name])
        await _change(turn, paused_until=until.isoformat())
    else:
        await _change(turn, paused_until=None)


async def stop(turn: Turn, name: str) -> None:
    """Ends all messages but answers, or allows them again."""
    await _change(turn, is_stopped=name != "off")


async def _change(turn: Turn, **change: Any) -> None:
    found = await turn.api.change_subscription(turn.user_id, turn.chat_id, **change)
    await turn.change(_words(turn, found), _buttons(turn, found), text_kind="settings")


def _words(turn: Turn, found: Json) -> str:
    lines = [turn.text("settings.title"), ""]
    lines += [f"{'✅' if topic in found['topics'] else '▫️'} {turn.text(f'topic.{topic}')}" for topic in TOPICS]
    start, end = found["quiet_hours"]["start"][:5], found["quiet_hours"]["end"][:5]
    quiet = "settings.no_quiet" if start == end else "settings.quiet"
    lines += ["", turn.text(quiet, start=start, end=end, zone=found["time_zone"])]
    if found["state"] == "paused":
        day = datetime.fromisoformat(found["paused_until"]).strftime("%d.%m.%Y")
        lines.append(turn.text("settings.paused", day=day))
    if found["state"] == "stopped":
        lines.append(turn.text("settings.stopped"))
    if found["state"] == "do_not_contact":
        lines.append(turn.text("settings.forbidden"))
    return "\n".join(lines)


def _buttons(turn: Turn, found: Json) -> InlineKeyboardMarkup:
    topics = [(turn.text(f"topic.{topic}"), f"topic:{topic}") for topic in TOPICS]
    is_paused, is_stopped = found["state"] == "paused", found["state"] == "stopped"
    pauses = ["off"] if is_paused else [*PAUSE_DAYS]
    return keyboard(
        topics[:2],
        topics[2:],
        [(turn.text(f"quiet.{name}"), f"quiet:{name}") for name in QUIET],
        [(turn.text(f"pause.{name}"), f"pause:{name}") for name in pauses],
        [(turn.text("stop.off" if is_stopped else "stop.on"), "stop:off" if is_stopped else "stop:on")],
    )
