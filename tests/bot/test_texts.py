"""The bot's words: both catalogues say everything, with the same places, in the right plural."""

import re
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from bot import texts
from bot.routing import BUTTONS, COMMANDS
from bot.texts import LANGUAGES, Language, UnknownText, counted, language_of, text


def messages(language: Language) -> dict[str, list[str]]:
    """Every message of a catalogue with its forms."""
    with (texts._FOLDER / f"{language}.po").open("rb") as source:
        found = read_po(source, locale=language)
    singular = {each.id: [str(each.string)] for each in found if isinstance(each.id, str) and each.id}
    plural = {each.id[0]: list(each.string) for each in found if isinstance(each.id, tuple)}
    return singular | plural


def places(words: str) -> set[str]:
    """The places for values in a message."""
    return {name for _, name, _, _ in Formatter().parse(words) if name}


def test_the_catalogues_have_the_same_messages_with_the_same_places() -> None:
    english, russian = messages("en"), messages("ru")
    assert english.keys() == russian.keys()
    for key, forms in english.items():
        assert all(words.strip() for words in [*forms, *russian[key]]), key
        assert {frozenset(places(words)) for words in [*forms, *russian[key]]} == {frozenset(places(forms[0]))}, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_has_a_line_in_the_menu(language: Language) -> None:
    for name in COMMANDS:
        assert 1 <= len(text(language, f"menu.{name}")) <= 256
        assert re.fullmatch("[a-z]{1,32}", name)


def test_plurals_are_those_of_the_language() -> None:
    said = [counted("ru", "recommend.popular", number, item="чай").split()[-1] for number in (1, 2, 5, 11, 21)]
    assert said == ["покупатель", "покупателя", "покупателей", "покупателей", "покупатель"]
    assert counted("en", "recommend.popular", 1, item="tea").endswith("1 buyer")


def test_a_message_that_is_missing_is_an_error() -> None:
    with pytest.raises(UnknownText):
        text("en", "no.such.message")


@pytest.mark.parametrize(
    ("code", "language"), [("ru", "ru"), ("ru-RU", "ru"), ("be", "ru"), ("en-GB", "en"), ("de", "en"), (None, "en")]
)
def test_the_language_follows_that_of_telegram(code: str | None, language: str) -> None:
    assert language_of(code) == language


def test_what_buttons_carry_fits_into_telegrams_64_bytes() -> None:
    assert all(len(name.encode()) + 1 + 32 <= 64 for name in BUTTONS)
