"""Formatted text: HTML becomes plain text with entities, and plain text is searched for commands, links, mentions.

Offsets and lengths count UTF-16 code units, as the Bot API's do.
"""

import re
from html.parser import HTMLParser
from typing import Any

from telegram_double.errors import bad_request

Entity = dict[str, Any]

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
}
# As Telegram's clients find them; a command begins a word.
_FOUND = (
    ("bot_command", re.compile(r"(?<![\w/@])/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("url", re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z][A-Za-z0-9_]{3,31}\b")),
)

_STRAY = re.compile(r"<(?!/?[A-Za-z])")


def units(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def found_entities(text: str) -> list[Entity]:
    """The commands, links and mentions of a plain text."""
    return sorted(
        (
            {"type": kind, "offset": units(text[: match.start()]), "length": units(match[0])}
            for kind, pattern in _FOUND
            for match in pattern.finditer(text)
        ),
        key=lambda entity: entity["offset"],
    )


def with_found(text: str, given: list[Entity]) -> list[Entity]:
    """The entities of a formatted text, and the commands, links and mentions outside links and code."""
    closed = [each for each in given if each["type"] in ("code", "pre", "text_link")]
    found = [
        each
        for each in found_entities(text)
        if not any(
            each["offset"] < other["offset"] + other["length"] and other["offset"] < each["offset"] + each["length"]
            for other in closed
        )
    ]
    return sorted([*given, *found], key=lambda entity: (entity["offset"], -entity["length"]))


def parsed(text: str, parse_mode: str) -> tuple[str, list[Entity]]:
    """The plain text and the entities of a formatted one. Raises BotApiError for what Telegram would not parse."""
    if not parse_mode:
        return text, []
    if parse_mode.lower() != "html":
        raise bad_request("unsupported parse_mode")
    stray = _STRAY.search(text)
    if stray is not None:
        offset = len(text[: stray.start()].encode())
        raise bad_request(f'can\'t parse entities: Unsupported start tag "" at byte offset {offset}')
    reader = _Reader(text)
    reader.feed(text)
    reader.close()
    reader.demand_closed()
    return reader.text, sorted(reader.entities, key=lambda entity: (entity["offset"], -entity["length"]))


class _Reader(HTMLParser):
    """Reads the tags that Telegram knows, and refuses all others."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self._source = source.split("\n")
        self._open: list[tuple[str, Entity]] = []
        self.text = ""
        self.entities: list[Entity] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens an entity."""
        if tag not in _TAGS:
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {self._offset()}')
        entity: Entity = {"type": _TAGS[tag], "offset": units(self.text)}
        if tag == "a":
            entity["url"] = dict(attrs).get("href") or ""
        self._open.append((tag, entity))

    def handle_endtag(self, tag: str) -> None:
        """Closes the entity that was opened last."""
        if not self._open:
            raise bad_request(f"can't parse entities: Unexpected end tag at byte offset {self._offset()}")
        opened, entity = self._open.pop()
        if opened != tag:
            raise bad_request(
                f"can't parse entities: Unmatched end tag at byte offset {self._offset()}, "
                f'expected "</{opened}>", found "</{tag}>"'
            )
        length = units(self.text) - entity["offset"]
        if length:
            self.entities.append({**entity, "length": length})

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        self.text += data

    def demand_closed(self) -> None:
        """Raises BotApiError where a tag was left open."""
        if self._open:
            raise bad_request(
                f"can't parse entities: Can't find end tag corresponding to start tag \"{self._open[-1][0]}\""
            )

    def _offset(self) -> int:
        line, column = self.getpos()
        return len("\n".join([*self._source[: line - 1], self._source[line - 1][:column]]).encode())
