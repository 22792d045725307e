"""Forwarded addresses are believed of trusted proxies alone, and only as far as these vouch for them."""

from ipaddress import ip_network
from typing import Any

import pytest

from backend.access.proxies import real_address, trust_proxies

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "real"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", ["6.6.6.6", "nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
    ],
)
def test_the_last_address_that_is_no_trusted_proxy_is_the_callers(peer: str, forwarded: list[str], real: str) -> None:
    assert real_address(peer, forwarded, TRUSTED) == real


def scope(kind: str = "http") -> dict[str, Any]:
    headers = [(b"x-forwarded-for", b"6.6.6.6, 198.51.100.1"), (b"x-forwarded-proto", b"https")]
    return {"type": kind, "scheme": "http", "client": ("10.0.0.1", 5000), "headers": headers}


def test_by_default_nobody_is_believed() -> None:
    given = scope()
    trust_proxies(given, [])
    assert given == scope()


def test_a_trusted_proxy_says_address_and_scheme() -> None:
    for kind, scheme in (("http", "https"), ("websocket", "wss")):
        given = scope(kind)
        trust_proxies(given, TRUSTED)
        assert (given["client"], given["scheme"]) == (("198.51.100.1", 0), scheme)
