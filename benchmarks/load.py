"""Load on an HTTP service: wrk measures the highest throughput, a paced client of our own the latency of each answer.

Belongs here: sending requests and timing answers. Does not belong here: which servers are compared (`serving.py`).
"""

import asyncio
import gc
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import numpy as np
import psutil

CONNECTIONS = 8
_LOOK_SECONDS = 0.1
_BEFORE_SECONDS = 0.5
"""For a latency to count as undisturbed, nothing may have been stolen since this long before the request was due."""


@dataclass(frozen=True)
class Target:
    """The address of requests, their bodies, which are used in turn, and the API key (None: no such header)."""

    url: str
    bodies: Sequence[str]
    key: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of each request."""
        shown = {} if self.key is None else {"authorization": f"Bearer {self.key}"}
        return {"content-type": "application/json", **shown}

    def requests(self) -> list[bytes]:
        """The bodies as whole HTTP requests."""
        place = urlsplit(self.url)
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = f"POST {place.path} HTTP/1.1\r\nhost: {place.netloc}\r\n{headers}"
        return [f"{head}content-length: {len(body.encode())}\r\n\r\n{body}".encode() for body in self.bodies]


@dataclass(frozen=True)
class Measured:
    """The number of requests and failures, the duration, and the latency of each answer (seconds; empty from wrk).

    `due` is the time at which each request was due, in seconds since the first. `undisturbed` says for each answer
    whether the hypervisor gave this machine all of its processor time meanwhile.
    """

    requests: int
    failures: int
    seconds: float
    due: np.ndarray[tuple[int], np.dtype[np.float64]]
    latencies: np.ndarray[tuple[int], np.dtype[np.float64]]
    undisturbed: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds

    def stalls(self, late_seconds: float, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
        """How often the chosen answers were late. Late answers that were due within a second of each other count
        once."""
        late = np.sort(self.due[chosen & (self.latencies > late_seconds)])
        return int((np.diff(late) > 1).sum()) + bool(len(late))


def has_wrk() -> bool:
    """Whether wrk is installed. Otherwise the Python client is used, which reaches lower rates."""
    return shutil.which("wrk") is not None


def max_throughput(target: Target, seconds: float) -> Measured:
    """Sends as many requests as possible over CONNECTIONS connections."""
    return _wrk(target, seconds) if has_wrk() else asyncio.run(closed_loop(target, seconds=seconds))


def _wrk(target: Target, seconds: float) -> Measured:
    bodies = ",\n".join(f"[==[{body}]==]" for body in target.bodies)
    headers = ", ".join(f'["{name}"] = "{value}"' for name, value in target.headers.items())
    script = (
        f"local bodies = {{{bodies}}}\nlocal place = 0\n"
        "request = function()\n  place = place % #bodies + 1\n"
        f'  return wrk.format("POST", nil, {{{headers}}}, bodies[place])\nend\n'
        "done = function(summary)\n  local e = summary.errors\n"
        '  io.write(string.format("measured %d %d %d\\n", summary.requests,'
        " e.status + e.connect + e.read + e.write + e.timeout, summary.duration))\nend\n"
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bodies.lua"
        path.write_text(script, encoding="utf-8")
        command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{int(seconds)}s"]
        done = subprocess.run(
            [*command, "--timeout", "30s", "--script", str(path), target.url],
            check=True,
            capture_output=True,
            text=True,
        )
    found = next(line.split() for line in done.stdout.splitlines() if line.startswith("measured"))
    requests, failures, microseconds = map(int, found[1:])
    return Measured(requests, failures, microseconds / 1e6, np.empty(0), np.empty(0), np.empty(0, bool))


async def closed_loop(target: Target, *, seconds: float = 3600.0, requests: int | None = None) -> Measured:
    """Each connection sends its next request when the last one is answered."""
    return await _all(target, seconds, requests, None)


async def paced(target: Target, per_second: float, requests: int) -> Measured:
    """Sends requests at an even pace. Latency counts from when a request was due, so that stalls are not hidden."""
    return await _all(target, 3600.0, requests, per_second)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Turns the garbage collector off, because a pause of this process would look like a slow answer."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


async def _all(target: Target, seconds: float, requests: int | None, per_second: float | None) -> Measured:
    content = target.requests()
    spans: list[tuple[float, float]] = []
    stolen: list[tuple[float, float]] = []
    failures = sent = 0
    begin = 0.0

    async def connection() -> None:
        nonlocal failures, sent
        place = urlsplit(target.url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        while time.perf_counter() - begin < seconds and (requests is None or sent < requests):
            number, sent = sent, sent + 1
            due = time.perf_counter() if per_second is None else begin + number / per_second
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            writer.write(content[number % len(content)])
            status = await _answer(reader)
            spans.append((due, time.perf_counter()))
            failures += status != 200
        writer.close()

    async def watch() -> None:
        while True:
            stolen.append((time.perf_counter(), _steal_seconds()))
            await asyncio.sleep(_LOOK_SECONDS)

    with _without_collections():
        begin = time.perf_counter()
        watching = asyncio.create_task(watch())
        await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
        taken = time.perf_counter() - begin
        watching.cancel()
    stolen.append((time.perf_counter(), _steal_seconds()))
    due, done = np.array(spans).T
    looked, lost = np.array(stolen).T
    before = np.maximum(np.searchsorted(looked, due - _BEFORE_SECONDS) - 1, 0)
    undisturbed = lost[before] == lost[np.searchsorted(looked, done)]
    return Measured(len(spans), failures, taken, due - begin, done - due, undisturbed)


def _steal_seconds() -> float:
    """Seconds that the hypervisor has given to others while this machine needed them; 0 if it does not count them."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head[9:12])
