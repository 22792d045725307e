"""Where a request comes from."""

from dataclasses import dataclass

from fastapi import Request

_MOST = 256


@dataclass(frozen=True, slots=True)
class Origin:
    """The network address, the program, and the id of a request."""

    address: str
    user_agent: str
    request_id: str


def origin_of(request: Request) -> Origin:
    """The dependency that says where a request comes from. The user agent is what the caller claims."""
    claimed = request.headers.get("user-agent", "")[:_MOST].replace("\x00", "")
    return Origin("" if request.client is None else request.client.host, claimed, request.state.request_id)
