"""One listener: who it is, what it is told, and what it says meanwhile.

Belongs here: the conversation after the connection was accepted. Does not belong here: who may connect (`endpoints`),
and which notices there are (`service`).
"""

import asyncio
import time
from typing import TypeVar

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import BaseModel, SecretStr, ValidationError

from backend.access.guard import principal_of
from backend.access.principal import Principal
from backend.errors import NotAuthenticated
from backend.notices import service
from backend.notices.schemas import Alive, Opening, Renewal, Told
from backend.resources import Resources
from core.problems import from_validation

T = TypeVar("T", bound=BaseModel)

OPENING_SECONDS = 5.0
"""How long a listener has to say who it is."""
CHECK_SECONDS = 5.0
"""How often it is looked whether a session or key is still good."""
ALIVE_SECONDS = 15.0
"""How often a listener hears something while nothing happens."""


class Listener:
    """A connection that is told of notices."""

    def __init__(self, websocket: WebSocket, resources: Resources) -> None:
        self._websocket = websocket
        self._resources = resources
        self._token = SecretStr("")
        self.principal: Principal | None = None
        self.told = 0

    async def converse(self) -> None:
        """Tells until the listener leaves. Raises ProblemError where it is refused, WebSocketDisconnect at the end."""
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                opening = await self._said(Opening)
        except TimeoutError:
            raise NotAuthenticated(f"Say who you are within {OPENING_SECONDS:.0f} seconds.") from None
        await self._admit(opening.token)
        ready = await service.beginning(self._resources.database, opening.after)
        await self._send(ready)
        telling, hearing = asyncio.create_task(self._tell(ready.after)), asyncio.create_task(self._hear())
        try:
            ended, _ = await asyncio.wait({telling, hearing}, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            telling.cancel()
            hearing.cancel()
            await asyncio.gather(telling, hearing, return_exceptions=True)

    async def _tell(self, after: int) -> None:
        said_at = checked_at = time.monotonic()
        while True:
            newest = await self._resources.notices.newer_than(after, CHECK_SECONDS)
            if time.monotonic() - checked_at >= CHECK_SECONDS:
                self.principal = await principal_of(self._resources, self._token.get_secret_value())
                checked_at = time.monotonic()
            if newest > after and self.principal is not None:
                step = await service.step(self._resources.database, service.kinds_for(self.principal), after, newest)
                for notice in step.notices:
                    await self._send(Told(notice=notice))
                    self._resources.metrics.notices_told(notice.kind).inc()
                    self.told += 1
                after = step.after
                said_at = time.monotonic() if step.notices else said_at
            if time.monotonic() - said_at >= ALIVE_SECONDS:
                await self._send(Alive(after=after))
                said_at = time.monotonic()

    async def _hear(self) -> None:
        while True:
            await self._admit((await self._said(Renewal)).token)

    async def _admit(self, token: SecretStr) -> None:
        principal = await principal_of(self._resources, token.get_secret_value())
        await self._resources.limits.spend(principal.id)
        if self.principal is not None and principal.id != self.principal.id:
            raise NotAuthenticated("This token is somebody else's; open another connection for it.")
        service.kinds_for(principal)
        self._token, self.principal = token, principal

    async def _said(self, model: type[T]) -> T:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        try:
            return model.model_validate_json(message.get("text") or message.get("bytes") or b"")
        except ValidationError as error:
            raise from_validation(error) from None

    async def _send(self, message: BaseModel) -> None:
        await self._websocket.send_text(message.model_dump_json())
