"""Secrets and personal data that must not stay in a log, whoever wrote them there.

Belongs here: what a secret looks like. What we log ourselves has none, but a library may log an address with a
password, and an exception may quote a header.
"""

import re

MASK = "***"

# A word begins here. In JSON the letter of an escaped end of line (\n) is no part of the word after it.
_ESCAPED = r"(?<=\\[nrtbf])|(?<=\\u[0-9a-f]{4})"
_BEGIN = rf"(?:{_ESCAPED}|(?<!\\)\b)"

_SECRETS = re.compile(
    "|".join(
        [
            # API keys and refresh tokens of ours (core.api_keys), and access tokens (JWT).
            rf"{_BEGIN}(?:ca|car)_[0-9A-Za-z]{{20,}}(?:_[0-9A-Za-z]+)?",
            rf"{_BEGIN}eyJ[\w-]{{5,}}\.[\w-]{{5,}}\.[\w-]{{5,}}",
            # The token of a Telegram bot, which is part of each address it calls.
            r"(?<!\d)\d{6,12}:[\w-]{30,}",
            # A credential in a header, and the password in an address.
            r"(?<=[Bb]earer )[\w.~+/=-]{8,}",
            r"(?<=[Bb]asic )[\w+/=]{8,}",
            r"(?<=://)[^\s:/@\"]*:[^\s/@\"]+(?=@)",
            # Whatever is called a secret, as in password=... or "api_key": "...".
            r"(?i:(?<=password)|(?<=passwd)|(?<=secret)|(?<=api_key)|(?<=api-key)|(?<=token))"
            r"(?:\\?[\"'])?\s?[=:]\s?(?:\\?[\"'])?[^\s\"'\\,;&)}]{6,}",
            # People.
            rf"{_BEGIN}[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{{2,}}",
            rf"(?:{_ESCAPED}|(?<![\w.:-]))\+\d[\d ()-]{{8,16}}\d\b",
            rf"(?:{_ESCAPED}|(?<![\w.:-]))8[ -]?\(\d{{3}}\)[ -]?\d{{3}}[ -]?\d\d[ -]?\d\d\b",
        ]
    )
)


# Whatever the expression above finds holds one of these, and most lines hold none: looking for them first halves the
# cost of a line.
_SUSPICIOUS = re.compile(
    r"[\w.+-]@[\w-]|\+\d|8[ -]?\(|ca_|car_|eyJ|earer |asic |://[^\s/@\"]*@|\d:[\w-]{30}"
    r"|(?i:password|passwd|secret|api.key|token)"
)


def masked(text: str) -> str:
    """The text with every secret, e-mail address and telephone number replaced by `***`."""
    return text if _SUSPICIOUS.search(text) is None else _SECRETS.sub(MASK, text)
