"""API keys as they are presented: whose key a secret is.

Belongs here: looking a key up by its hash, and remembering the answer for a moment. Does not belong here: making and
revoking keys (`backend.keys`).
"""

from backend.access.permissions import permissions_named
from backend.access.principal import Principal
from backend.access.remembered import Remembered
from backend.database import DatabasePool
from backend.errors import NotAuthenticated
from core.api_keys import digest_of, is_mistyped
from warehouse.api_keys import use_api_key, valid_api_key


class Keys:
    """Finds the principal of a key. A revoked key is refused after `seconds` at most."""

    def __init__(self, database: DatabasePool, seconds: float) -> None:
        self._database = database
        self._known: Remembered[bytes, Principal] = Remembered(seconds)

    async def principal_of(self, key: str) -> Principal:
        """Whose key this is. Raises NotAuthenticated if nobody's, Unavailable while that cannot be looked up."""
        if is_mistyped(key):
            raise NotAuthenticated("This API key is mistyped: its checksum is wrong.")
        digest = digest_of(key)
        known = self._known.get(digest)
        if known is not None:
            return known
        found = await self._database.run(valid_api_key(digest))
        if found is None:
            raise NotAuthenticated("This API key is not valid; `customer-analyzer keys create` makes one.")
        await self._database.run(use_api_key(found.key_id))
        principal = Principal(f"key:{found.key_id}", found.name, permissions_named(found.scopes))
        self._known.put(digest, principal)
        return principal
