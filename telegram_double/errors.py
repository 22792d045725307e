"""Refusals of the Bot API, each with the status and the words of the real one."""

from typing import Any


class BotApiError(Exception):
    """A request that is refused."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        self.code = code
        self.description = description
        self.parameters = parameters
        super().__init__(description)

    @property
    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        body = {"ok": False, "error_code": self.code, "description": self.description}
        return body | {"parameters": self.parameters} if self.parameters else body


def bad_request(reason: str) -> BotApiError:
    """400, for a request that cannot be done as it is."""
    return BotApiError(400, f"Bad Request: {reason}")


def unauthorized() -> BotApiError:
    """401, for the token of no bot."""
    return BotApiError(401, "Unauthorized")


def forbidden(reason: str) -> BotApiError:
    """403, for a chat that the bot may not write to."""
    return BotApiError(403, f"Forbidden: {reason}")


def not_found(reason: str = "") -> BotApiError:
    """404, for a method or path that does not exist."""
    return BotApiError(404, f"Not Found: {reason}" if reason else "Not Found")


def conflict(reason: str) -> BotApiError:
    """409, for a second way of getting updates."""
    return BotApiError(409, f"Conflict: {reason}")


def too_many(retry_after: int) -> BotApiError:
    """429, with the seconds to wait."""
    return BotApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)
