"""A tiny real HTTP server that answers as it is told, so that a client meets what networks do."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One answer; a status of 0 drops the connection instead."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after_seconds: float = 0.0


DROP = Reply(0)


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; `connection` is the same for two that shared one."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    connection: int


@dataclass
class Misbehaving:
    """Gives `replies` in turn, the last of them for ever, and remembers what it was asked."""

    address: str
    replies: list[Reply]
    seen: list[Seen] = field(default_factory=list)


@contextmanager
def misbehaving(*replies: Reply) -> Iterator[Misbehaving]:
    """A server on a free port of this machine, for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(content) if content else None
            said.seen.append(Seen(self.command, self.path, headers, body, self.client_address[1]))
            reply = said.replies.pop(0) if len(said.replies) > 1 else said.replies[0]
            time.sleep(reply.after_seconds)
            if reply.status == 0:
                self.close_connection = True
                return
            answer = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {**reply.headers, "content-length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            self.do_POST()

        def do_DELETE(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    said = Misbehaving(f"http://127.0.0.1:{server.server_port}", list(replies))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield said
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
