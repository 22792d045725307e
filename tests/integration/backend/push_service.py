"""A push service for tests, which speaks the real protocol: it demands a signed sender, and its devices decrypt.

Signatures are RFC 8292's (VAPID), messages RFC 8291's (aes128gcm).
"""

import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import http_ece
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


def in_base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Device:
    """A browser's subscription, and what has reached it."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    heard: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """What the service answers next, status and headers, in place of 201."""

    @property
    def keys(self) -> dict[str, str]:
        """As the browser gives them to a page."""
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {"p256dh": in_base64url(point), "auth": in_base64url(self.secret)}

    def decrypted(self, body: bytes) -> dict[str, Any]:
        text = http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        said: dict[str, Any] = json.loads(text)
        return said


@dataclass
class PushService:
    """The service at an address of this machine."""

    address: str
    public_key: str = ""
    devices: dict[str, Device] = field(default_factory=dict)

    def new_device(self) -> Device:
        path = f"/send/{secrets.token_urlsafe(16)}"
        self.devices[path] = Device(f"{self.address}{path}")
        return self.devices[path]

    def demand_sender(self, authorization: str) -> None:
        """Raises where the sender has not signed for this service, now, with the key of the subscription."""
        scheme, _, rest = authorization.partition(" ")
        parts = dict(each.strip().split("=", 1) for each in rest.split(","))
        assert scheme == "vapid"
        assert parts["k"] == self.public_key
        point = base64.urlsafe_b64decode(parts["k"] + "=" * (-len(parts["k"]) % 4))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        claims = jwt.decode(parts["t"], key, algorithms=["ES256"], audience=self.address, options={"require": ["exp"]})
        assert claims["sub"].startswith(("mailto:", "https://"))


@contextmanager
def push_service() -> Iterator[PushService]:
    """The service, for as long as the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            device = service.devices[self.path]
            status, headers = device.answers.pop(0) if device.answers else (201, {})
            try:
                service.demand_sender(self.headers["authorization"])
                assert self.headers["content-encoding"] == "aes128gcm"
                assert int(self.headers["ttl"]) > 0
                said = device.decrypted(body)
            except Exception:  # the real one says no more either
                status, headers = 403, {}
            if status == 201:
                device.heard.append(said)
            self.send_response(status)
            for name, value in {**headers, "content-length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = PushService(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
