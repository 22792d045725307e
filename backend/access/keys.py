"""API keys as they are presented: whose key a secret is.

Belongs here: looking a key up by its hash, and remembering the answer for a moment. Does not belong here: making and
revoking keys.
"""

import time

from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.database import DatabasePool
from backend.errors import NotAuthenticated
from serving.key_ring import digest_of
from warehouse.service_keys import valid_key

_REMEMBERED = 10_000


class Keys:
    """Finds the principal of a key. A revoked key is refused after `seconds` at most."""

    def __init__(self, database: DatabasePool, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._known: dict[bytes, tuple[float, Principal]] = {}

    async def principal_of(self, key: str) -> Principal:
        """Whose key this is. Raises NotAuthenticated if nobody's, Unavailable while that cannot be looked up."""
        digest = digest_of(key)
        now = time.monotonic()
        known = self._known.get(digest)
        if known is not None and known[0] > now:
            return known[1]
        found = await self._database.run(valid_key(digest))
        if found is None:
            self._known.pop(digest, None)
            raise NotAuthenticated("This API key is not valid; `customer-analyzer keys create` makes one.")
        principal = Principal(f"key:{found.key_id}", found.name, frozenset(Permission))
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[digest] = (now + self._seconds, principal)
        return principal
