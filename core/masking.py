"""Secrets and personal data that must not stay in a log, whoever wrote them there.

Belongs here: what a secret looks like. What we log ourselves has none, but a library may log an address with a
password, and an exception may quote a header.
"""

import re

MASK = "***"

_SECRETS = re.compile(
    "|".join(
        [
            # API keys and refresh tokens of ours (core.api_keys), and access tokens (JWT).
            r"\b(?:ca|car)_[0-9A-Za-z]{20,}(?:_[0-9A-Za-z]+)?",
            r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]{5,}",
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
            r"[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}",
            r"(?<![\w.:-])\+\d[\d ()-]{8,16}\d\b",
        ]
    )
)


def masked(text: str) -> str:
    """The text with every secret, e-mail address and telephone number replaced by `***`."""
    return _SECRETS.sub(MASK, text)
