"""/feedback: stars by a button, then words by a reply. The reply is known by the question it answers, so nothing has to
be remembered in between."""

from telegram import ForceReply, Message

from bot.texts import LANGUAGES, text
from bot.turn import Turn, keyboard

MOST_WORDS = 3500


async def ask(turn: Turn, words: str) -> None:
    """Asks for stars. Words that follow the command are taken at once."""
    if words:
        await take_words(turn, words)
        return
    stars = [("★" * number, f"stars:{number}") for number in range(1, 6)]
    await turn.reply(turn.text("feedback.stars"), keyboard(stars[:3], stars[3:]), text_kind="feedback")


async def take_stars(turn: Turn, number: str) -> None:
    """Stores stars, and asks for words."""
    if number not in {"1", "2", "3", "4", "5"}:
        return
    stars = int(number)
    await turn.api.add_feedback(
        {"user_id": turn.user_id, "chat_id": turn.chat_id, "language": turn.language, "stars": stars}
    )
    shown = "★" * stars + "☆" * (5 - stars)
    await turn.change(turn.text("feedback.thanks", stars=shown), text_kind="feedback")
    await turn.reply(
        turn.text("feedback.words"),
        ForceReply(input_field_placeholder=turn.text("feedback.placeholder")),
        text_kind="feedback",
    )


async def take_words(turn: Turn, words: str) -> None:
    """Stores words."""
    said = words.replace("\x00", "")[:MOST_WORDS]
    await turn.api.add_feedback(
        {"user_id": turn.user_id, "chat_id": turn.chat_id, "language": turn.language, "words": said}
    )
    await turn.reply(turn.text("feedback.received"), text_kind="feedback")


def answers_question(message: Message) -> bool:
    """Whether a message replies to the bot's question for words."""
    question = message.reply_to_message
    if question is None or question.from_user is None or not question.from_user.is_bot:
        return False
    return question.text in {text(language, "feedback.words") for language in LANGUAGES}
