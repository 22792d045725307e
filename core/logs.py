"""Logs as JSON: one object on each line of standard output, with the ids of the request and its trace if any.

Fields are those of the Elastic Common Schema, written flat (`log.level`). What the schema has no name for begins with
`customer_analyzer.`. Secrets and personal data are masked (`core.masking`).

Belongs here: the shape of a log line and the loggers that write it. Does not belong here: what is worth logging.
"""

import contextvars
import logging
import logging.config
import time
from typing import Any

import orjson

from core.masking import masked

ECS_VERSION = "8.11.0"

request_id_in_use: contextvars.ContextVar[str | None] = contextvars.ContextVar("request_id_in_use", default=None)
trace_id_in_use: contextvars.ContextVar[str | None] = contextvars.ContextVar("trace_id_in_use", default=None)

# BentoML and uvicorn configure these loggers, in formats of their own, before a service starts.
_FOREIGN_LOGGERS = ("bentoml", "bentoml.access", "uvicorn", "uvicorn.error", "uvicorn.access", "circus")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, message, request and trace id, `fields` if given.

    `fields` have names of ECS, or names of ours, which get the prefix.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """See the class."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "@timestamp": f"{moment}.{int(record.msecs):03d}Z",
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            "ecs.version": ECS_VERSION,
            "service.name": self._service,
            "log.logger": record.name,
        }
        if (request_id := request_id_in_use.get()) is not None:
            line["http.request.id"] = request_id
        if (trace_id := trace_id_in_use.get()) is not None:
            line["trace.id"] = trace_id
        for name, value in getattr(record, "fields", {}).items():
            line[name if "." in name else f"customer_analyzer.{name}"] = value
        if record.exc_info:
            line["error.stack_trace"] = self.formatException(record.exc_info)
        return masked(orjson.dumps(line, default=str).decode())


def message_of(line: str) -> str:
    """What a line of a log says; one that is not in this shape says itself."""
    try:
        return str(orjson.loads(line)["message"])
    except (ValueError, KeyError, TypeError):
        return line


def configure_logging(service: str, level: str) -> None:
    """Makes every logger of this process write JSON."""
    # Nothing below writes these fields, and collecting them is a third of the cost of a line (see "Optimization" in
    # the documentation of `logging`).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonFormatter, "service": service}},
            "handlers": {
                "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}
            },
            "root": {"level": "WARNING", "handlers": ["stdout"]},
            "loggers": {
                "backend": {"level": level.upper()},
                "bot": {"level": level.upper()},
                "serving": {"level": level.upper()},
                "ml": {"level": level.upper()},
                **{name: {"level": "WARNING", "handlers": [], "propagate": True} for name in _FOREIGN_LOGGERS},
            },
        }
    )
