"""Messages are signed with the home's own key, and name a contact only where there is one."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from py_vapid import Vapid02

from backend.push.sending import Sender, signature
from core.push_keys import ensure_push_key

NOW = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("contact", ["", "mailto:anna@shop.example"])
def test_a_signature_names_the_service_and_a_contact_if_there_is_one(tmp_path: Path, contact: str) -> None:
    key = tmp_path / "push-key.pem"
    public = ensure_push_key(key)
    signed = signature("https://push.example:8443/send/abc", Sender(key, contact), NOW)
    scheme, _, rest = signed.partition(" ")
    token, named = (part.partition("=")[2] for part in rest.split(","))
    assert (scheme, named) == ("vapid", public)
    assert Vapid02.verify(signed)
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims == {
        "aud": "https://push.example:8443",
        "exp": int(NOW.timestamp()) + 3600,
        **({"sub": contact} if contact else {}),
    }
