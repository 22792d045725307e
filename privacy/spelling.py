"""How a user's id is recognised in text that others wrote, and what takes its place there.

Belongs here: the regular expression and the mask. Does not: where it is looked for (`tables`, `files`).
"""

import html
import json
import re
from urllib.parse import quote

_SHORTEST_WORD, _SHORTEST_NUMBER = 6, 8


def spellings(user_id: str) -> tuple[str, ...]:
    """The id as text, JSON, HTML and addresses write it. Text without any of these does not mention the user."""
    in_json = json.dumps(user_id)[1:-1], json.dumps(user_id, ensure_ascii=False)[1:-1]
    return tuple(sorted({user_id, *in_json, html.escape(user_id), quote(user_id)}))


def pattern(user_id: str) -> str:
    """A regular expression, for Python and Postgres alike, that finds the id (group 2) as it may be written in text.

    An id like tg-8412993 is found wherever it stands as a word of its own. A short number or a plain word (42,
    anna, 2024-05-01) means something else nearly everywhere: such an id is found only as the value of a `user_id`.
    """
    before = r"(?<![\w-])()" if _is_distinctive(user_id) else r"""(user_id\\*["']?\s*[:=]\s*\\*["']?)"""
    return rf"{before}({'|'.join(map(re.escape, spellings(user_id)))})(?![\w-])"


def mask_of(user_id: str) -> str:
    """What takes the place of the id. JSON stays JSON: a number is replaced by a number."""
    return "0" if user_id.isdigit() else "erased"


def parameters(user_id: str) -> dict[str, object]:
    """What SQL that looks for a user binds: `user_id`, `likes`, `pattern` and, to put in its place, `masked`."""
    return {
        "user_id": user_id,
        "likes": ["%" + re.sub(r"([\\%_])", r"\\\1", spelled) + "%" for spelled in spellings(user_id)],
        "pattern": pattern(user_id),
        # To Postgres, a group's number has one digit: \10 is group 1 and a zero.
        "masked": rf"\1{mask_of(user_id)}",
    }


def mask(user_id: str, text: str) -> str:
    """The text with each mention of the user masked."""
    return re.sub(pattern(user_id), rf"\g<1>{mask_of(user_id)}", text)


def _is_distinctive(user_id: str) -> bool:
    if re.fullmatch(r"[\d.:-]+", user_id):
        return user_id.isdigit() and len(user_id) >= _SHORTEST_NUMBER
    return len(user_id) >= _SHORTEST_WORD and any(character.isdigit() for character in user_id)
