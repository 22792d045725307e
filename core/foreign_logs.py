"""Lines of programs that are not ours, written again in the shape of our own (`core.logs`), with secrets masked.

Belongs here: how such programs write a line, and what becomes of it. A record may take several lines, such as a
traceback. Does not belong here: reading and writing (`core.log_filter`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from core.logs import ECS_VERSION
from core.masking import masked

LONGEST = 65_536
"""Characters of a record that are kept. The rest of a longer one is left out."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_TIME = r"(?P<time>\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?)(?: ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d))?"
_LEVEL = r"(?P<level>DEBUG\d?|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)"

_HEADS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        # Dagster: 2026-11-26 15:28:44 +0000 - dagster.daemon - INFO - text
        rf"{_TIME} - (?P<logger>\S+) - {_LEVEL} - (?P<message>.*)",
        # BentoML: 2026-11-26T13:16:25+0000 [INFO] [cli] text
        rf"{_TIME} \[{_LEVEL}\] \[(?P<logger>[^\]]+)\] (?P<message>.*)",
        # Postgres and PgBouncer: 2026-11-26 12:31:06.338 UTC [14310] warehouse LOG:  text
        rf"{_TIME} \[(?P<pid>\d+)\] (?:(?P<database>[\w-]+) +| *)"
        r"(?P<level>DEBUG\d?|NOISE|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC"
        r"|DETAIL|HINT|QUERY|CONTEXT|LOCATION|BACKTRACE|STATEMENT):? +(?P<message>.*)",
        # nginx: 2026/11/26 15:29:20 [crit] 12#12: *3 text
        rf"{_TIME} \[(?P<level>[a-z]+)\] (?P<pid>\d+)#\d+: (?:\*\d+ )?(?P<message>.*)",
        # Redis: 12:M 26 Nov 2026 15:29:20.123 * text
        r"(?P<pid>\d+):[XCSM] \d\d \w{3} \d{4} [\d:.]+ (?P<level>[.*#-]) (?P<message>.*)",
        # MLflow: 2026/11/26 15:28:57 INFO mlflow.store.db.utils: text
        rf"{_TIME} {_LEVEL}:? +(?:(?P<logger>[a-z_]\w*(?:\.\w+)*): )?(?P<message>.*)",
        # uvicorn, Alembic: INFO:     text, INFO  [alembic.runtime.migration] text
        rf"{_LEVEL}:? +(?:\[(?P<logger>[\w.]+)\] )?(?P<message>.*)",
        # rsyslog: rsyslog internal message (3,-2007): text
        r"rsyslog internal message \((?P<level>\d),-?\d+\): (?P<message>.*)",
        # Python's warnings: /a/file.py:12: UserWarning: text
        r"(?P<message>\S+\.py:\d+: (?P<level>\w*Warning): .*)",
        # Go's own log: 2026/11/26 15:29:20 text
        rf"{_TIME} (?P<message>.*)",
    )
)
_PAIR = re.compile(r'([\w.]+)=("(?:[^"\\]|\\.)*"|\S*)')

_LEVELS = {
    **dict.fromkeys((".", "-", "7", "noise", "trace"), "debug"),
    **dict.fromkeys(("*", "5", "6", "log", "notice"), "info"),
    **dict.fromkeys(("#", "4", "warn"), "warning"),
    "3": "error",
    **dict.fromkeys(("0", "1", "2", "fatal", "panic", "crit", "alert", "emerg"), "critical"),
}
"""Names of levels that are not Python's."""
_OF_PYTHON = ("debug", "info", "warning", "error", "critical")

_TRACEBACK = re.compile(r"Traceback \(most recent call last\)|Stack Trace:")
_CHAINED = re.compile(r"During handling of|The above exception was|Fatal Python error|Exception ignored in")
_DETAILS = ("DETAIL", "HINT", "QUERY", "CONTEXT", "LOCATION", "BACKTRACE", "STATEMENT")
"""What Postgres says of a line that it has written before, in lines of their own."""


@dataclass
class _Record:
    fields: dict[str, Any]
    message: list[str]
    trace: list[str] = field(default_factory=list)
    is_in_trace: bool = False
    length: int = 0


class Shaper:
    """The lines of one program, of which records are made. `now` is the time of records that say none with a zone."""

    def __init__(self, service: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._service = service
        self._now = now
        self._open: _Record | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether a record could still go on in the next line."""
        return self._open is not None

    def take(self, line: str) -> list[str]:
        """One line of the program, without its end; the records that are complete now."""
        line = _COLOURS.sub("", line).rstrip()
        if line.startswith('{"@timestamp"'):
            # One of ours, which a program of somebody else's started.
            return [*self.rest(), masked(line)]
        if self._open is not None and self._goes_on(self._open, line):
            return []
        if not line:
            return []
        complete = self.rest()
        self._open = self._begin(line)
        return complete

    def rest(self) -> list[str]:
        """The record that was being read, if any."""
        record, self._open = self._open, None
        return [] if record is None else [_written(record)]

    def _goes_on(self, record: _Record, line: str) -> bool:
        if record.length > LONGEST:
            # Left out, until the next record begins.
            return _head(line) is None and not line.startswith(("ts=", "time="))
        begins = _TRACEBACK.match(line) and record.fields["log.level"] not in ("debug", "info")
        if begins or (_CHAINED.match(line) and record.trace):
            record.is_in_trace = True
            _add(record, record.trace, line)
            return True
        if not line or line[0] in " \t" or (record.is_in_trace and _TRACEBACK.match(line)):
            _add(record, record.trace if record.is_in_trace else record.message, line)
            return True
        if record.is_in_trace and _head(line) is None:
            # The last line of a traceback, which names the exception.
            record.is_in_trace = False
            _add(record, record.trace, line)
            return True
        found = _head(line)
        said = {} if found is None else found.groupdict()
        if said.get("level") in _DETAILS and record.fields.get("process.pid") == int(said["pid"]):
            _add(record, record.message, f"{said['level']}: {said['message']}")
            return True
        return False

    def _begin(self, line: str) -> _Record:
        fields: dict[str, Any] = {
            "@timestamp": _moment(self._now()),
            "log.level": "info",
            "message": "",
            "ecs.version": ECS_VERSION,
            "service.name": self._service,
        }
        if line.startswith(("ts=", "time=")):
            return _Record(fields | _pairs(line), [])
        if _TRACEBACK.match(line):
            return _Record(fields | {"log.level": "error"}, ["an exception was not handled"], [line], is_in_trace=True)
        found = _head(line)
        if found is None:
            return _Record(fields, [line], length=len(line))
        said = found.groupdict()
        if said.get("level"):
            fields["log.level"] = _level(said["level"])
        if said.get("zone") and (moment := _parsed(said["time"], said["zone"])):
            fields["@timestamp"] = moment
        if said.get("logger"):
            fields["log.logger"] = said["logger"]
        if said.get("pid"):
            fields["process.pid"] = int(said["pid"])
        if said.get("database"):
            fields["customer_analyzer.database"] = said["database"]
        return _Record(fields, [said["message"]], length=len(line))


def _add(record: _Record, part: list[str], line: str) -> None:
    part.append(line)
    record.length += len(line)


def _head(line: str) -> re.Match[str] | None:
    return next((found for head in _HEADS if (found := head.fullmatch(line)) is not None), None)


def _level(name: str) -> str:
    lower = name.lower()
    if lower.endswith("warning"):
        return "warning"
    if lower.startswith("debug"):
        return "debug"
    lower = _LEVELS.get(lower, lower)
    return lower if lower in _OF_PYTHON else "info"


def _pairs(line: str) -> dict[str, Any]:
    """The fields of a line of Prometheus and its exporters, such as `ts=... level=info msg="text" err="text"`."""
    pairs: dict[str, str] = {name: _unquoted(text) for name, text in _PAIR.findall(line)}
    moment = _parsed(pairs.pop("ts", "") or pairs.pop("time", ""), None)
    level, logger, message = pairs.pop("level", "info"), pairs.pop("caller", ""), pairs.pop("msg", "")
    rest = " ".join(f"{name}={text}" for name, text in pairs.items())
    return {
        **({"@timestamp": moment} if moment else {}),
        "log.level": _level(level),
        "message": " ".join(filter(None, (message, rest))),
        **({"log.logger": logger} if logger else {}),
    }


def _unquoted(text: str) -> str:
    """A value as it was before it was quoted."""
    if not text.startswith('"'):
        return text
    try:
        return str(orjson.loads(text))
    except orjson.JSONDecodeError:
        return text[1:-1]


def _parsed(time: str, zone: str | None) -> str | None:
    try:
        moment = datetime.fromisoformat(time.replace("/", "-").replace(",", ".") + (zone or "").replace("UTC", "Z"))
    except ValueError:
        return None
    return None if moment.tzinfo is None else _moment(moment)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written(record: _Record) -> str:
    fields = dict(record.fields)
    if record.message:
        fields["message"] = "\n".join(record.message).strip()[:LONGEST]
    if record.trace:
        fields["error.stack_trace"] = "\n".join(record.trace).strip()[:LONGEST]
    # Half a character, which JSON has no form for, may stand in a line that was cut.
    return masked(orjson.dumps(fields).decode())
