"""Who a request really comes from, where gateways stand in front of the API.

Belongs here: reading `X-Forwarded-For` and `X-Forwarded-Proto`. Anybody can send these headers, so they are believed of
the networks named in `BACKEND_TRUSTED_PROXIES` alone, which are none by default.
"""

import ipaddress
from collections.abc import MutableMapping, Sequence
from typing import Any

from starlette.datastructures import Headers

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def trust_proxies(scope: MutableMapping[str, Any], trusted: Sequence[Network]) -> None:
    """Puts the real address and scheme into the scope of a request that a trusted proxy has passed on."""
    client = scope.get("client")
    if not trusted or client is None or not _is_trusted(client[0], trusted):
        return
    headers = Headers(scope=scope)
    forwarded = [each.strip() for line in headers.getlist("x-forwarded-for") for each in line.split(",")]
    scope["client"] = (real_address(client[0], forwarded, trusted), 0)
    if headers.get("x-forwarded-proto") in ("http", "https"):
        is_secure = headers["x-forwarded-proto"] == "https"
        plain, secure = ("ws", "wss") if scope["type"] == "websocket" else ("http", "https")
        scope["scheme"] = secure if is_secure else plain


def real_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The last address that no trusted proxy has: whatever stands before it is what that caller claims."""
    real = peer
    for address in reversed(forwarded):
        if not _is_trusted(real, trusted):
            break
        if not _is_address(address):
            break
        real = address
    return real


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in trusted)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
