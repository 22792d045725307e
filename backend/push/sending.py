"""Sending: every device is told of the notices that it has not been told of, of topics that it has turned on.

Belongs here: encrypting (RFC 8291), signing (RFC 8292), and what becomes of the push service's answer. Does not belong
here: which devices there are (`warehouse.push`), and what is said (`topics`).

A device's place in the row of notices is written after the push service has taken the message. A worker that is killed
in between sends it again, and the device shows it once, because both have the same tag.
"""

import base64
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from backend.access.permissions import ROLE_PERMISSIONS, Role
from backend.push.topics import PERMISSIONS, message_of
from core.push_keys import public_half
from warehouse import push
from warehouse.database import Connection, Database, execute
from warehouse.notices import StoredNotice, ends, notices_after
from warehouse.push import Target

logger = logging.getLogger("backend.push")

KINDS = ("early_warning", "campaign", "drift", "run")
TTL_SECONDS = 12 * 3600
"""How long the push service keeps a message for a device that is off. What is older is not sent any more."""
WAIT_SECONDS = 300
_MOST_WAIT_SECONDS = 6 * 3600
_SECONDS = 10.0
_TOKEN_SECONDS = 3600
_PAGE = 100


@dataclass(frozen=True)
class Sender:
    """Who sends: the file of the key, and an address at which push services can reach its owner; may be empty."""

    key_file: Path
    contact: str


def send_due(warehouse: Database, sender: Sender, client: httpx.Client | None = None) -> int:
    """Tells every device what it has not been told; how many messages were taken. A failure stops no other device."""
    last_id = warehouse.run(ends()).last_id
    devices = warehouse.run(push.due(last_id))
    if not devices:
        return 0
    sent = 0
    with client or httpx.Client(timeout=_SECONDS, trust_env=False) as http:
        for subscription_id in devices:
            try:
                with warehouse.transaction() as connection:
                    target = execute(connection, push.hold(subscription_id))
                    if target is not None:
                        sent += _tell(connection, target, last_id, sender, http)
            except httpx.HTTPError as error:
                # Its text may name the address, which is a secret of the device.
                logger.warning("a push service cannot be reached: %s", type(error).__name__)
                warehouse.run(push.wait(subscription_id, WAIT_SECONDS))
    return sent


def _tell(connection: Connection, target: Target, last_id: int, sender: Sender, http: httpx.Client) -> int:
    allowed = ROLE_PERMISSIONS[Role(target.role)]
    topics = {topic for topic, permission in PERMISSIONS.items() if topic in target.topics and permission in allowed}
    after, sent = target.told_until, 0
    while after < last_id:
        found = execute(connection, notices_after(after, KINDS, _PAGE))
        for notice in found:
            said = message_of(notice)
            if said is not None and said[0] in topics and not _is_old(notice):
                topic, values = said
                payload = {"topic": topic, "notice_id": notice.notice_id, "language": target.language, **values}
                content, headers = _message(target, payload, sender)
                answer = http.post(target.endpoint, content=content, headers=headers)
                if not _is_taken(connection, target, answer):
                    return sent
                sent += 1
            execute(connection, push.told(target.subscription_id, notice.notice_id, is_sent=said is not None))
        after = found[-1].notice_id if len(found) == _PAGE else last_id
    execute(connection, push.told(target.subscription_id, last_id, is_sent=False))
    return sent


def _is_taken(connection: Connection, target: Target, answer: httpx.Response) -> bool:
    """Whether the push service has dealt with a message; otherwise nothing more is sent to the device for now."""
    status = answer.status_code
    if answer.is_success:
        return True
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        execute(connection, push.forget(target.subscription_id))
        return False
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500:
        execute(connection, push.wait(target.subscription_id, _seconds_to_wait(answer)))
        return False
    logger.error("a push service refuses a message with %d; some demand a contact: set WORKER_PUSH_CONTACT", status)
    # Sent again it would be refused again.
    return True


def _seconds_to_wait(answer: httpx.Response) -> float:
    asked = answer.headers.get("retry-after", "")
    return min(float(asked), _MOST_WAIT_SECONDS) if asked.isdecimal() else WAIT_SECONDS


def _is_old(notice: StoredNotice) -> bool:
    return datetime.now(UTC) - notice.noticed_at > timedelta(seconds=TTL_SECONDS)


def _message(target: Target, payload: dict[str, object], sender: Sender) -> tuple[bytes, dict[str, str]]:
    """What is posted: the encrypted message, and the signature of whoever sends."""
    from pywebpush import WebPusher

    subscription = {"endpoint": target.endpoint, "keys": {"p256dh": target.p256dh, "auth": target.auth}}
    encrypted = WebPusher(subscription).encode(json.dumps(payload).encode(), content_encoding="aes128gcm")
    if encrypted is None:
        raise AssertionError("nothing to send")
    headers = {
        "authorization": signature(target.endpoint, sender, datetime.now(UTC)),
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": str(TTL_SECONDS),
        "urgency": "normal",
    }
    return bytes(encrypted["body"]), headers


def signature(endpoint: str, sender: Sender, now: datetime) -> str:
    """Who sends, for one push service (RFC 8292), which lets the contact be left out: an invented one helps nobody."""
    from py_vapid import Vapid02
    from py_vapid.jwt import sign

    address = urlsplit(endpoint)
    claims: dict[str, object] = {
        "aud": f"{address.scheme}://{address.netloc}",
        "exp": int(now.timestamp()) + _TOKEN_SECONDS,
    }
    if sender.contact:
        claims["sub"] = sender.contact
    token = sign(claims, Vapid02.from_file(str(sender.key_file)).private_key)
    return f"vapid t={token},k={public_half(sender.key_file)}"


def is_base64url(text: str, length: int) -> bool:
    """Whether a text is so many bytes in base64url, as browsers give their keys."""
    try:
        return len(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) == length
    except ValueError:
        return False
