"""/start, /help, and what is said to anything else."""

from html import escape

from bot.answers.feedback import answers_question, take_words
from bot.events import event_of
from bot.turn import Turn, keyboard

_MOST_PAYLOAD = 64


async def greet(turn: Turn, payload: str) -> None:
    """The personal answer with its reason. The API stores the event and chooses the words, which a marketer can change.

    The chat is registered, so that the user can be written to about what they choose.
    """
    event = event_of(turn.update)
    assert event is not None  # noqa: S101 - a command has a user
    addressee = {"first_name": turn.user.first_name[:_MOST_PAYLOAD], "language": turn.language}
    answer = await turn.api.event_answered(event, addressee)
    words = f"{answer['text']}\n\n<i>{answer['reason']}</i>\n\n{turn.text('see_help')}"
    await turn.reply(
        words,
        text_kind="personal",
        template=answer["template"],
        template_version=answer["template_version"],
        situation=answer["situation"],
        deep_link=payload[:_MOST_PAYLOAD] or None,
    )
    await turn.languages.register(turn.user, turn.chat_id, turn.language)


async def explain(turn: Turn, _rest: str) -> None:
    """What the bot can do."""
    await turn.reply(turn.text("help"), text_kind="help")


async def listen(turn: Turn, _rest: str) -> None:
    """Words that are no command: an answer to the bot's question, or something it does not understand."""
    message = turn.update.message
    if message is not None and message.text and answers_question(message):
        await take_words(turn, message.text)
        return
    await turn.reply(turn.text("not_understood"), text_kind="help")


async def invite(turn: Turn, _rest: str) -> None:
    """In a group: personal things are said in private."""
    button = keyboard([(turn.text("open_private"), f"https://t.me/{turn.bot.username}?start=group")])
    await turn.reply(turn.text("in_private", name=escape(turn.user.first_name)), button, text_kind="invitation")
