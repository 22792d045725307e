"""The words of the bot, by language, from gettext catalogues: `locales/en.po` and `locales/ru.po`.

Catalogues are compiled when they are read, so a changed one counts at the next start. A message is named by a key.
"""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Language = Literal["en", "ru"]

LANGUAGES: tuple[Language, ...] = ("en", "ru")
_FOLDER = Path(__file__).parent / "locales"
_SPEAK_RUSSIAN = {"ru", "be", "kk", "uk", "ky", "uz", "tg"}
"""Languages whose speakers are answered in Russian, as long as they choose no other."""


class UnknownText(KeyError):
    """A catalogue lacks a message."""


def language_of(code: str | None) -> Language:
    """The language to speak with somebody whose Telegram is set to `code`, as in `ru` or `en-GB`."""
    return "ru" if (code or "").lower().partition("-")[0] in _SPEAK_RUSSIAN else "en"


@cache
def catalogue(language: Language) -> gettext.GNUTranslations:
    """The compiled catalogue of a language."""
    compiled = BytesIO()
    with (_FOLDER / f"{language}.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=language, abort_invalid=True))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def text(language: Language, key: str, /, **values: object) -> str:
    """A message, with values in its places. Raises UnknownText."""
    found = catalogue(language).gettext(key)
    if found == key:
        raise UnknownText(key)
    return found.format(**values)


def counted(language: Language, key: str, number: int, /, **values: object) -> str:
    """A message about a number of things, in the right plural; the message can use `number`."""
    found = catalogue(language).ngettext(key, f"{key}.many", number)
    if found in (key, f"{key}.many"):
        raise UnknownText(key)
    return found.format(number=number, **values)
