"""/language."""

from bot.texts import LANGUAGES, Language, text
from bot.turn import Turn, keyboard


async def ask(turn: Turn, _rest: str) -> None:
    """Offers the languages, each in its own words."""
    buttons = keyboard([(text(language, "language.name"), f"language:{language}") for language in LANGUAGES])
    await turn.reply(turn.text("language.ask"), buttons, text_kind="language")


async def choose(turn: Turn, chosen: str) -> None:
    """Stores the choice, and answers in that language from now on."""
    known: dict[str, Language] = {language: language for language in LANGUAGES}
    if chosen not in known:
        return
    await turn.api.change_subscription(turn.user_id, turn.chat_id, language=chosen)
    turn.language = known[chosen]
    turn.languages.remember(turn.user_id, turn.language)
    await turn.change(turn.text("language.chosen"), text_kind="language")
