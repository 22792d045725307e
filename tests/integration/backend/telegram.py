"""Telegram's double as `up` starts it, what it was sent, and senders as processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from standalone.fleet import running_servers
from standalone.stack import Platform
from standalone.telegram_servers import sender_server, telegram_of, telegram_servers


@dataclass(frozen=True)
class Double:
    """A running double."""

    address: str
    token: str

    def act(self, action: str, **given: Any) -> None:
        """What people do, or what goes wrong."""
        httpx.post(f"{self.address}/double/{action}", json=given, trust_env=False).raise_for_status()

    def sends(self) -> list[dict[str, Any]]:
        """The messages that it took, in their order."""
        answer = httpx.get(f"{self.address}/double/sends", trust_env=False, timeout=30)
        return list(answer.raise_for_status().json())


@contextmanager
def running_double(platform: Platform, **limits: int) -> Iterator[Double]:
    """The double of a platform, without limits unless some are given as in `per_second=30`."""
    (command,) = telegram_servers(platform)
    rates = {"per_second": 0, "per_chat_second": 0, "per_group_minute": 0, **limits}
    chosen = {f"TELEGRAM_DOUBLE_{name.upper()}": str(rate) for name, rate in rates.items()}
    with running_servers([replace(command, environment={**command.environment, **chosen})]):
        telegram = telegram_of(platform)
        yield Double(telegram.url, telegram.token)


def start_sender(platform: Platform, log: Path, **settings: object) -> "subprocess.Popen[bytes]":
    """A sender as a process of its own, which writes to a log."""
    command = sender_server(platform)
    chosen = {f"SENDER_{name.upper()}": str(value) for name, value in settings.items()}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "backend.sending"],
            env={**os.environ, **command.environment, **chosen},
            stdout=output,
            stderr=output,
        )


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process as a power cut would."""
    process.send_signal(signal.SIGKILL)
    process.wait()
