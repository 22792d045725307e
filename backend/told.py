"""Sentences by code: what the pipeline and imports said in English is found again, for pages in other languages.

Belongs here: reading a sentence by the template that wrote it. Does not belong here: the templates, which stand in the
room that says them.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from string import Formatter
from typing import Annotated

from pydantic import BaseModel, Field

_REST = "rest"
_AT_END = "{rest}"
_NUMBER = r"[-+]?(?:\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?|nan|inf)%?"
OTHER = "other"
"""The code of words of somebody, or of another version: `text` has them."""


class Told(BaseModel):
    """One sentence, or a part of one."""

    code: Annotated[str, Field(description="`other`: `text` has it as it was said", examples=["gate.few_rows"])]
    parameters: Annotated[
        dict[str, str], Field(description="as they stand in the English text", examples=[{"rows": "42"}])
    ]


class Vocabulary:
    """The sentences of some rooms, each by the prefix of its codes."""

    def __init__(self, rooms: Mapping[str, Mapping[str, str]]) -> None:
        self._rooms = rooms

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str]]]:
        sentences = [
            (f"{room}.{name}", template) for room, said in self._rooms.items() for name, template in said.items()
        ]
        # A sentence that begins with words of its own is known by them, one that begins with `rest` by its end; of
        # others, the one with the most words of its own says the most.
        sentences.sort(key=lambda each: (each[1].startswith("{") - 2 * each[1].startswith(_AT_END), -_own(each[1])))
        return [(code, re.compile(_pattern(template), re.DOTALL)) for code, template in sentences]

    def read(self, text: str) -> list[Told]:
        """What a text says, part by part. A part that is none of the sentences is `other`."""
        for code, pattern in self._patterns:
            if found := pattern.fullmatch(text):
                given = found.groupdict()
                rest = given.pop(_REST, None)
                own = Told(code=code, parameters=given)
                if rest is None:
                    return [own]
                # What stands before the rest is said before it.
                return [own, *self.read(rest)] if found.start(_REST) > 0 else [*self.read(rest), own]
        return [Told(code=OTHER, parameters={"text": text})]


def _own(template: str) -> int:
    """How many characters of a template are its own."""
    return len(re.sub(r"\{.*?\}", "", template))


def _pattern(template: str) -> str:
    """A regular expression for what a template writes."""
    parts = []
    for text, field, spec, _ in Formatter().parse(template):
        parts.append(re.escape(text))
        if field is not None:
            # What is written in a form of numbers is a number: a sentence that begins with one begins nowhere else.
            parts.append(f"(?P<{field}>{_NUMBER if spec else '.+?'})")
    return "".join(parts)
