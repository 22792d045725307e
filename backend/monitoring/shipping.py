"""How far the shippers of logs are behind: the age of the oldest line that one has not brought to its destination.

rsyslog notes how far it has come in each file once the destination has taken the lines (`deploy/logs`); what comes
after that place still waits. Does not belong here: what is shipped, and where to (`standalone.log_shipping`).
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from core.home import Home, read_json
from core.metrics import PREFIX

_LINE_BYTES = 262_144
"""As much of a line as rsyslog takes."""


def shipping_lag(home: Home, processes: Iterable[str]) -> Iterator[Metric]:
    """A figure for each of the processes that is a shipper; nothing where none of them is."""
    shippers = [name for name in processes if (home.log_shipping / name).is_dir()]
    if not shippers:
        return
    lag = GaugeMetricFamily(
        f"{PREFIX}_log_shipping_lag_seconds", "Age of the oldest line that was not shipped yet", labels=["shipper"]
    )
    for name in shippers:
        lag.add_metric([name], lag_seconds(home, home.log_shipping / name, time.time()))
    yield lag


def lag_seconds(home: Home, folder: Path, now: float) -> float:
    """The age of the oldest line of a home that the shipper with this folder has not shipped; 0 if there is none."""
    places = _places(folder)
    written = [now]
    for pattern in home.shipped_logs:
        for log in pattern.parent.glob(pattern.name):
            with suppress(OSError):
                written += _first_waiting(log, places.get(log.stat().st_ino, 0))
    return max(0.0, now - min(written))


def _places(folder: Path) -> dict[int, int]:
    """How far each file was shipped, by its inode. Where a file has two notes, the newer one counts."""
    places: dict[int, int] = {}
    for note in sorted(folder.glob("imfile-state:*"), key=_modified):
        with suppress(KeyError, ValueError):
            places[int(note.name.split(":")[1])] = int(read_json(note)["curr_offs"])
    return places


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _first_waiting(log: Path, place: int) -> list[float]:
    """When the line at a place of a file was written: the time that it says, or else when the file was last written to.

    Nothing where no complete line follows the place.
    """
    with log.open("rb") as file:
        file.seek(place)
        line, end, _ = file.read(_LINE_BYTES).partition(b"\n")
        if not end and len(line) < _LINE_BYTES:
            return []
        try:
            return [datetime.fromisoformat(json.loads(line)["@timestamp"]).timestamp()]
        except (KeyError, TypeError, ValueError):
            return [os.fstat(file.fileno()).st_mtime]
