"""Wakes up those who wait for updates when some have arrived in this process; other processes are looked for meanwhile.

Belongs here: waiting. Does not belong here: what is waited for (`service`).
"""

import asyncio
import contextlib

LOOK_SECONDS = 0.5
"""How often those who wait look for what another process has stored."""


class Arrivals:
    """A signal that many may wait for."""

    def __init__(self) -> None:
        self._arrived = asyncio.Event()

    def announce(self) -> None:
        """Something has arrived."""
        waiting, self._arrived = self._arrived, asyncio.Event()
        waiting.set()

    async def wait(self, seconds: float) -> None:
        """Returns when something arrives, or when it is time to look, at the latest after `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, LOOK_SECONDS)):
                await self._arrived.wait()
