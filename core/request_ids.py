"""The id of a request over HTTP, by which callers and logs speak of it."""

import os
import re
from collections.abc import Mapping

_FIT_FOR_LOGS = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(headers: Mapping[str, str]) -> str:
    """The id that the caller gave the request in `X-Request-ID`, or a new one if that is absent or unfit for a log."""
    given = headers.get("x-request-id", "")
    return given if _FIT_FOR_LOGS.fullmatch(given) else os.urandom(8).hex()
