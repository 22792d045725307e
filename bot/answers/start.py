"""/start, /help, and what is said to anything else."""

from html import escape

from bot.events import event_of
from bot.turn import Turn, keyboard


async def greet(turn: Turn, payload: str) -> None:
    """The personal answer: the API stores the event and chooses the words, which a marketer can change."""
    event = event_of(turn.update)
    assert event is not None  # noqa: S101 - a command has a user
    addressee = {"first_name": turn.user.first_name[:64], "language": turn.language}
    answer = await turn.api.event_answered(event, addressee)
    words = str(answer["text"])
    await turn.reply(words, text_kind="personal", deep_link=payload[:64] or None)


async def explain(turn: Turn, _rest: str) -> None:
    """What the bot can do."""
    await turn.reply(turn.text("help"), text_kind="help")


async def listen(turn: Turn, _rest: str) -> None:
    """An answer to words that are no command."""
    await turn.reply(turn.text("not_understood"), text_kind="help")


async def invite(turn: Turn, _rest: str) -> None:
    """In a group: personal things are said in private."""
    name = (await turn.bot.get_me()).username
    button = keyboard([(turn.text("open_private"), f"https://t.me/{name}?start=group")])
    await turn.reply(turn.text("in_private", name=escape(turn.user.first_name)), button, text_kind="invitation")
