"""A server that answers with what it was sent, in place of what stands behind the gateway.

Whatever is asked, it says that the answer may be kept by everybody for an hour: a gateway that kept something personal
would be found out.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Echo:
    """A running server: its address as `host:port`, and the requests that reached it."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.requests: list[dict[str, Any]] = []


@contextmanager
def echoing() -> Iterator[Echo]:
    """Runs the server for the duration of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers: dict[str, str] = {}
            for name, value in self.headers.items():
                headers[name.lower()] = f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
            seen = {"method": self.command, "path": self.path, "headers": headers, "body": body.decode("latin-1")}
            echo.requests.append(seen)
            if "slow" in self.path:
                time.sleep(1)
            content = json.dumps({**seen, "number": len(echo.requests)}).encode()
            # The gateway asks here whether the other pages may be opened.
            is_refused = self.path == "/auth/browser/operations" and "signed-in" not in headers.get("cookie", "")
            self.send_response(401 if is_refused else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.send_header("cache-control", "public, max-age=3600")
            self.send_header("x-powered-by", "an echo")
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    echo = Echo(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield echo
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
