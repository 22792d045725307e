"""A stand-in for Elasticsearch that speaks its bulk interface: documents are made once by id, and it can be overloaded.

It checks what a real one would refuse: the type of the content, the form of the lines, an index without a name.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Documents:
    """What is stored, by index and id. The next `overloaded` documents are refused with 429, and others for good."""

    stored: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    doubles: int = 0
    overloaded: int = 0
    is_refused: Callable[[dict[str, Any]], bool] = lambda _document: False
    credentials: set[str | None] = field(default_factory=set)

    def all(self) -> list[dict[str, Any]]:
        return [document for index in list(self.stored.values()) for document in list(index.values())]

    def create(self, index: str, document_id: str, document: dict[str, Any]) -> dict[str, Any]:
        about: dict[str, Any] = {"_index": index, "_id": document_id}
        if self.is_refused(document):
            return about | {"status": 400, "error": {"type": "mapper_parsing_exception", "reason": "not a number"}}
        if self.overloaded:
            self.overloaded -= 1
            return about | {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "full"}}
        there = self.stored.setdefault(index, {})
        if document_id in there:
            self.doubles += 1
            return about | {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "there"}}
        there[document_id] = document
        return about | {"status": 201, "result": "created"}


@contextmanager
def elasticsearch(port: int, documents: Documents) -> Iterator[None]:
    """Serves these documents on a port of loopback for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(200 if self.path.startswith("/_cat/health") or self.path == "/" else 404, {})

        def do_GET(self) -> None:
            self.do_HEAD()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            if not self.path.startswith("/_bulk") or "json" not in self.headers["content-type"]:
                self._answer(400, {"error": {"type": "illegal_argument_exception"}, "status": 400})
                return
            documents.credentials.add(self.headers["authorization"])
            assert body.endswith("\n")
            lines = body.splitlines()
            items = []
            for action, document in zip(lines[::2], lines[1::2], strict=True):
                (operation, target), *more = json.loads(action).items()
                assert not more
                assert operation == "create"
                assert target.keys() == {"_index", "_id"}
                assert all(target.values())
                items.append({"create": documents.create(target["_index"], target["_id"], json.loads(document))})
            has_errors = any(item["create"]["status"] >= 300 for item in items)
            self._answer(200, {"took": 1, "errors": has_errors, "items": items})

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
