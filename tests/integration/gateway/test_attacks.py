"""Limits, slow clients, requests that two readers would take for two different ones, and foreign host names."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest

from standalone.gateway import Limits
from tests.integration.gateway.conftest import Door, context_of

pytestmark = pytest.mark.system("nginx")

FEW = Limits(address_rate=1, address_burst=9, key_rate=1, key_burst=4, sign_in_rate=1, sign_in_burst=2, connections=20)


@pytest.fixture
def narrow(open_door: Callable[..., Any]) -> Iterator[Door]:
    """A gateway through which few requests get."""
    with open_door(FEW) as opened:
        yield opened


def refused(answers: list[httpx.Response]) -> int:
    """How many were told to come later, each as the API would say it."""
    limited = [answer for answer in answers if answer.status_code == 429]
    for answer in limited:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["status"] == 429
        assert answer.json()["title"] == "Too Many Requests"
    return len(limited)


def test_an_address_may_ask_so_much(narrow: Door) -> None:
    with narrow.client() as client:
        answers = [client.get("/docs") for _ in range(20)]
    assert 8 <= refused(answers) <= 10
    assert len(narrow.api.requests) == 20 - refused(answers)


@pytest.mark.parametrize("headers", [{"authorization": "Bearer a-key"}, {"x-api-key": "a-key"}])
def test_a_key_may_ask_so_much_however_it_is_sent(narrow: Door, headers: dict[str, str]) -> None:
    with narrow.client() as client:
        answers = [client.get("/docs", headers=headers) for _ in range(7)]
        # Five of the seven are within the limit of the key, and all within that of the address.
        assert 1 <= refused(answers) <= 2
        assert client.get("/docs").status_code == 200


def test_sign_in_is_limited_more_than_the_rest(narrow: Door) -> None:
    with narrow.client() as client:
        answers = [client.post("/auth/browser/login", json={}) for _ in range(6)]
        assert 2 <= refused(answers) <= 3
        assert client.get("/docs").status_code == 200


def test_what_is_kept_still_counts(narrow: Door) -> None:
    with narrow.client() as client:
        assert refused([client.get("/dashboard/assets/a.js") for _ in range(15)]) >= 3


def test_an_address_holds_so_many_requests_at_a_time(narrow: Door) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(narrow.connected()) for _ in range(30)]
        for connection in connections:
            # Headers that are complete, and a body that never comes.
            connection.sendall(b"POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n")
        time.sleep(0.5)
        for connection in connections:
            connection.setblocking(False)
        answered = [answer for connection in connections if (answer := _now(connection))]
    assert len(answered) >= 10
    assert all(answer.startswith(b"HTTP/1.1 429") for answer in answered)


def _now(connection: socket.socket) -> bytes:
    try:
        return connection.recv(4096)
    except OSError:
        return b""


def test_slow_clients_are_cut_off_while_others_are_answered(door: Door) -> None:
    """Slow-loris: many connections, each of which sends a header now and then."""
    begun = time.monotonic()
    with ExitStack() as stack, door.client() as client:
        slow = [stack.enter_context(door.connected()) for _ in range(100)]
        for connection in slow:
            connection.sendall(b"GET /users HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        asked = 0
        while time.monotonic() - begun < door.gateway.limits.slow_seconds + 2:
            assert client.get("/docs", timeout=2).status_code == 200
            asked += 1
            for connection in slow:
                _drip(connection)
            time.sleep(0.1)
        assert asked > 10
        assert all(_is_closed(connection) for connection in slow)


def _drip(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.sendall(b"X-A: b\r\n")


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(2)
    try:
        return connection.recv(4096)[:12] in (b"", b"HTTP/1.1 408")
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_slow_body_never_reaches_a_replica(door: Door) -> None:
    before = len(door.api.requests)
    answer = door.raw(b"POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf", seconds=5)
    assert answer[:12] in (b"", b"HTTP/1.1 408")
    assert len(door.api.requests) == before


def test_a_large_body_is_refused_before_it_is_read(door: Door) -> None:
    before = len(door.api.requests)
    with door.client() as client:
        for path, megabytes in (("/events", 5), ("/auth/login", 0.1), ("/telegram/webhook", 2)):
            answer = client.post(path, content=b"x" * int(megabytes * 2**20))
            assert answer.status_code == 413
            assert answer.json()["title"] == "Request Entity Too Large"
        assert client.post("/events", content=b"x" * 3 * 2**20).status_code == 200
        # A file of events may be large; the API says how large.
        assert client.post("/imports", content=b"x" * 6 * 2**20).status_code == 200
    assert len(door.api.requests) == before + 2
    assert door.raw(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: " + b"a" * 40_000 + b"\r\n\r\n").startswith(
        b"HTTP/1.1 400"
    )


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"Transfer-Encoding : chunked\r\nContent-Length: 6\r\n",
        b"Content-Length: 6\r\nContent-Length: 5\r\n",
        b"Content-Length: +6\r\n",
        b"Content-Length: 0x6\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 6 6\r\n",
    ],
)
def test_no_request_hides_in_another(door: Door, headers: bytes) -> None:
    before = len(door.api.requests)
    answer = door.raw(
        b"POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + b"\r\n0\r\n\r\n" + SMUGGLED, seconds=1
    )
    assert answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 501"), answer
    assert len(door.api.requests) == before


def test_a_chunked_body_is_passed_on_whole_with_its_length(door: Door) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"GET /smuggled HTTP/1.1\r\n"
        yield b"\r\n"

    with door.client() as client:
        seen = client.post("/users/7", content=pieces()).json()
    assert seen["body"] == "GET /smuggled HTTP/1.1\r\n\r\n"
    assert seen["headers"]["content-length"] == str(len(seen["body"]))
    assert "transfer-encoding" not in seen["headers"]


@pytest.mark.parametrize(
    "request_line_and_host",
    [
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.example:443\r\n",
        b"GET https://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"GET / HTTP/1.0\r\n",
    ],
)
def test_another_host_name_is_answered_by_nobody(door: Door, request_line_and_host: bytes) -> None:
    before = len(door.api.requests)
    answer = door.raw(request_line_and_host + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 421"), answer
    assert b"application/problem+json" in answer
    assert len(door.api.requests) == before


@pytest.mark.parametrize(
    "headers",
    [
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1/evil.example\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\x00: x\r\n",
    ],
)
def test_a_host_that_is_missing_double_or_odd_is_refused(door: Door, headers: bytes) -> None:
    before = len(door.api.requests)
    assert door.raw(headers + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert len(door.api.requests) == before


def test_the_name_in_the_request_line_counts_and_the_header_is_replaced(door: Door) -> None:
    door.raw(b"GET https://127.0.0.1/x HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert door.api.requests[-1]["path"] == "/x"
    assert door.api.requests[-1]["headers"]["host"] == "127.0.0.1"


def test_a_foreign_certificate_name_is_found_out(door: Door) -> None:
    context = context_of(door.gateway)
    plain = socket.create_connection(("127.0.0.1", door.gateway.port))
    with plain, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(plain, server_hostname="evil.example")
