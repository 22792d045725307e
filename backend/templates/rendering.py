"""Renders a template for a user, and refuses one that could not be rendered or that Telegram would not take.

Belongs here: the sandbox. A template is a text with variables, filters and conditions: no loops, calls, attributes or
arithmetic, so that it ends at once and reads nothing but the variables. What variables hold is escaped.
"""

from collections.abc import Mapping
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

VARIABLES: Mapping[str, tuple[str, Any]] = {
    "first_name": ("the user's first name; may be empty", "Anna"),
    "orders_total": ("how many orders the user has made", 3),
    "days_since_last_purchase": ("days since the last order; 0 where there is none", 40),
    "days_since_first_seen": ("days since the user was first here", 100),
    "recommendations": ("items for the user, as a list; may be empty", ["teapot", "cup"]),
}
"""By name: the meaning, and an example. Nothing of what the models say is among them."""

MOST_MESSAGE = 3500
"""Telegram's limit is 4,096, less what the bot adds."""

_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Filter,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
_FILTERS = {"default", "first", "join", "length", "lower", "title", "trim", "upper"}
_TAGS = {"b", "strong", "i", "em", "u", "s", "code", "blockquote", "tg-spoiler"}
_EMPTY: dict[str, Any] = {name: [] if isinstance(example, list) else "" for name, (_, example) in VARIABLES.items()}


class UnusableTemplate(ValueError):
    """A text that cannot be used as a template; the message says why."""


def render(text: str, values: Mapping[str, Any]) -> str:
    """The text for a user. Raises UnusableTemplate."""
    try:
        rendered = _compiled(text).render(values).strip()
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise UnusableTemplate(f"cannot be rendered: {error}") from None
    if len(rendered) > MOST_MESSAGE:
        raise UnusableTemplate(f"is longer than {MOST_MESSAGE} characters")
    return rendered


def demand_usable(text: str) -> None:
    """Raises UnusableTemplate for a text that fails, with all variables given or with all of them empty."""
    for values in ({name: example for name, (_, example) in VARIABLES.items()}, _EMPTY | _NUMBERS):
        rendered = render(text, values)
        if not rendered:
            raise UnusableTemplate("says nothing where the variables are empty")
        reader = _Tags()
        reader.feed(rendered)
        reader.close()
        if reader.open:
            raise UnusableTemplate(f"leaves <{reader.open[-1]}> open")


_NUMBERS: dict[str, Any] = {name: 0 for name, (_, example) in VARIABLES.items() if isinstance(example, int)}


@lru_cache(maxsize=500)
def _compiled(text: str) -> Template:
    environment = _environment()
    for node in environment.parse(text).find_all(nodes.Node):
        if not isinstance(node, _NODES):
            raise UnusableTemplate(f"uses {type(node).__name__}; only variables, filters and conditions are possible")
        if isinstance(node, nodes.Name) and node.name not in VARIABLES:
            raise UnusableTemplate(f"uses `{node.name}`, which is no variable")
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise UnusableTemplate(f"uses the filter `{node.name}`; there are {', '.join(sorted(_FILTERS))}")
    return environment.from_string(text)


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)


class _Tags(HTMLParser):
    """Refuses tags that Telegram does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens a tag."""
        if tag not in _TAGS or attrs:
            raise UnusableTemplate(f"uses <{tag}>; Telegram's plain tags are {', '.join(sorted(_TAGS))}")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Closes the tag that was opened last."""
        if not self.open or self.open.pop() != tag:
            raise UnusableTemplate(f"closes <{tag}>, which is not open")
