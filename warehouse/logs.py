"""Lines of the log of all processes: found by their words, service, level and time.

Belongs here: SQL of `logs.lines`. Does not belong here: who writes a line (`core.logs`, `core.foreign_logs`) and who
brings it here (`standalone.log_shipping`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql

from warehouse.database import Result, Statement, value

LEVELS = ("debug", "info", "warning", "error", "critical")
"""From the least to the most grave."""


@dataclass(frozen=True)
class LogLine:
    """A line: when it was written, by whom, and all its fields, whose names are those of ECS."""

    at: datetime
    service: str
    level: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class LogQuery:
    """Which lines are sought. Each of `words` must stand in a line, in any case; an empty tuple asks for all.

    `level` is the least grave one. Replicas and services are named as their lines name them (`api`, `postgres`).
    """

    since: datetime
    until: datetime
    words: Sequence[str] = ()
    services: Sequence[str] = ()
    level: str = "debug"
    trace_id: str | None = None
    request_id: str | None = None


_CONDITIONS = {
    "words": sql.SQL("line::text ilike all(%(words)s)"),
    "services": sql.SQL("service = any(%(services)s)"),
    "trace_id": sql.SQL("line ->> 'trace.id' = %(trace_id)s"),
    "request_id": sql.SQL("line ->> 'http.request.id' = %(request_id)s"),
}


def search(query: LogQuery, limit: int) -> Statement[list[LogLine]]:
    """The newest lines that match, at most `limit` of them, in the order of their times."""
    asked = {
        "words": [f"%{_literal(word)}%" for word in query.words],
        "services": list(query.services),
        "trace_id": query.trace_id,
        "request_id": query.request_id,
    }
    conditions = [_CONDITIONS[name] for name, given in asked.items() if given]
    if query.level != LEVELS[0]:
        conditions.append(sql.SQL("level = any(%(levels)s)"))
    statement = sql.SQL(
        "select at, service, level, line from logs.lines"
        " where at >= %(since)s and at < %(until)s"
        " and day between (%(since)s at time zone 'UTC')::date and (%(until)s at time zone 'UTC')::date"
        " {} order by at desc, length(id) desc, id desc limit %(limit)s"
    ).format(sql.SQL(" ").join(sql.SQL("and {}").format(each) for each in conditions))
    parameters = {
        **asked,
        "since": query.since,
        "until": query.until,
        "levels": list(LEVELS[LEVELS.index(query.level) :]),
        "limit": limit,
    }
    return Statement(statement, parameters, _in_order)


def newest_line() -> Statement[datetime | None]:
    """When the newest line was written; None where there is none."""
    return value(lambda at: at, "select max(at) from logs.lines")


def _in_order(result: Result) -> list[LogLine]:
    return [LogLine(*row) for row in reversed(result.rows)]


def _literal(word: str) -> str:
    """A word as the pattern that matches it as it stands in JSON."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return escaped.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
