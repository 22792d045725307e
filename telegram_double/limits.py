"""How many messages a bot may send: overall, to one chat, to one group. Telegram's own numbers by default.

A message is counted in every window that ends with it, so the numbers hold however windows are laid.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from telegram_double.errors import too_many

_MOST_WINDOWS = 20_000


@dataclass(frozen=True)
class Rates:
    """Messages that are allowed; 0 allows any number."""

    per_second: int = 30
    per_chat_second: int = 1
    per_group_minute: int = 20


class Limits:
    """Counts what is sent. A refused message is not counted."""

    def __init__(self, rates: Rates, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._clock = clock
        self._sent: dict[Hashable, deque[float]] = {}

    def spend(self, chat_id: int) -> None:
        """Counts one message to a chat. Raises BotApiError (429) where a window is full."""
        now = self._clock()
        windows = [("all", self._rates.per_second, 1.0)]
        if chat_id < 0:
            windows.append((f"group {chat_id}", self._rates.per_group_minute, 60.0))
        else:
            windows.append((f"chat {chat_id}", self._rates.per_chat_second, 1.0))
        limited = [(self._window(name, now, seconds), most, seconds) for name, most, seconds in windows if most]
        waits = [sent[-most] + seconds - now for sent, most, seconds in limited if len(sent) >= most]
        if waits:
            raise too_many(max(1, math.ceil(max(waits))))
        for sent, _, _ in limited:
            sent.append(now)

    def _window(self, name: str, now: float, seconds: float) -> deque[float]:
        if len(self._sent) > _MOST_WINDOWS:
            # No window is longer than a minute.
            self._sent = {key: sent for key, sent in self._sent.items() if sent and sent[-1] > now - 60}
        sent = self._sent.setdefault(name, deque())
        while sent and sent[0] <= now - seconds:
            sent.popleft()
        return sent
