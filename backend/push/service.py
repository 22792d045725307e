"""Devices: what is decided when somebody subscribes or looks."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit
from uuid import UUID

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.auth.proofs import session_of
from backend.auth.service import account_of
from backend.errors import Invalid, NotFound
from backend.push.schemas import DeviceAnswer, NewDevice, Push
from backend.push.sending import is_base64url
from backend.push.topics import PERMISSIONS, TOPICS
from backend.resources import Resources
from core.problems import FieldError
from warehouse import push

_PLAIN_HOST = re.compile(r"[a-z0-9.-]+(:\d{1,5})?")


async def state(resources: Resources, principal: Principal) -> Push:
    """What a browser needs to subscribe, and the devices of whoever asks."""
    devices = await resources.database.run(push.devices(account_of(principal)))
    return Push(
        public_key=resources.settings.push_public_key or None,
        topics=[topic for topic, permission in PERMISSIONS.items() if permission in principal.permissions],
        devices=[
            DeviceAnswer(
                subscription_id=each.subscription_id,
                device=each.device,
                topics=[topic for topic in TOPICS if topic in each.topics],
                made_at=each.made_at,
                told_at=each.told_at,
                is_current=each.session_id == principal.session_id,
            )
            for each in devices
        ],
    )


async def subscribe(resources: Resources, principal: Principal, given: NewDevice, origin: Origin) -> UUID:
    """Adds or changes a device of the session that asks. Raises NotFound where push is not set up, and Invalid."""
    if not resources.settings.push_public_key:
        raise NotFound("Push is not set up: BACKEND_PUSH_PUBLIC_KEY is not set.")
    if not is_known(given.endpoint, resources.settings.push_services):
        raise Invalid("This is no push service that is known here.", [FieldError("endpoint", "is not known")])
    if not is_base64url(given.p256dh, 65) or not is_base64url(given.auth, 16):
        raise Invalid("These are not the keys of a browser.", [FieldError("p256dh", "is not a key")])
    return await resources.database.run(
        push.subscribe(
            session_of(principal),
            given.endpoint,
            given.p256dh,
            given.auth,
            sorted(set(given.topics)),
            given.language,
            origin.user_agent,
        )
    )


async def unsubscribe(resources: Resources, principal: Principal, subscription_id: UUID) -> None:
    """Removes a device of whoever asks. Raises NotFound."""
    if not await resources.database.run(push.unsubscribe(account_of(principal), subscription_id)):
        raise NotFound("You have no device with this id.")


def is_known(endpoint: str, services: Sequence[str]) -> bool:
    """Whether an address is at one of these origins, in which `*` stands for any beginning of a host.

    The worker posts there, so an address that anybody may choose would let them reach what stands behind it.
    """
    try:
        address = urlsplit(endpoint)
    except ValueError:
        return False
    # A plain host, as browsers give it: nothing that two programs could read differently.
    if _PLAIN_HOST.fullmatch(address.netloc) is None:
        return False
    return any(fnmatchcase(f"{address.scheme}://{address.netloc}", service) for service in services)
