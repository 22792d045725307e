"""Error messages of the command line: one sentence and an exit code, never a traceback.

Expected errors have a sentence of their own. The traceback of any other error goes to the home's log, and the message
names the log.
"""

import errno
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from core.errors import DISK_FULL, UserError
from data_contracts.errors import ContractError
from ml.errors import MLError
from serving.errors import ServingError

BAD_INPUT = 2
FAILED = 1


@dataclass(frozen=True)
class Failure:
    """The sentence to print and the exit code."""

    sentence: str
    exit_code: int


def explain(error: Exception) -> Failure:
    """The sentence and exit code for any error."""
    if isinstance(error, UserError):
        return Failure(str(error), error.exit_code)
    if isinstance(error, MLError):
        # An error of ml is about its input, such as the day, the horizon, or too few events.
        return Failure(str(error), BAD_INPUT)
    if isinstance(error, ContractError | ServingError):
        return Failure(str(error), FAILED)
    for cause in _causes(error):
        sentence = _expected_error(cause)
        if sentence is not None:
            return Failure(sentence, FAILED)
    return Failure(_unexpected(error), FAILED)


def _expected_error(error: BaseException) -> str | None:
    from sqlalchemy.exc import OperationalError

    if _sqlstate(error) == psycopg.errors.DiskFull.sqlstate:
        return f"{DISK_FULL}."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        place = f" at {error.filename}" if error.filename else ""
        return f"The disk is full{place}: free space there and repeat the command."
    if isinstance(error, PermissionError) and error.filename:
        return f"{error.filename} may not be read or written by you: change its owner or mode, or name another."
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        said = error.diag.message_primary or "permission denied"
        return f"Postgres refuses ({said}): give the user of DATABASE_URL that right."
    if isinstance(error, psycopg.OperationalError | OperationalError):
        said = (str(error).strip().splitlines() or ["no reason given"])[0]
        return f"The connection to Postgres failed ({said}): see `customer-analyzer status`, then try again."
    return None


def _sqlstate(error: BaseException) -> object:
    """Postgres' error code, from psycopg or psycopg2. SQLAlchemy wraps the driver's error in `orig`."""
    driver_error = getattr(error, "orig", error)
    return getattr(driver_error, "sqlstate", None) or getattr(driver_error, "pgcode", None)


def _unexpected(error: Exception) -> str:
    kind = type(error).__name__
    said = (str(error).strip().splitlines() or [""])[0]
    what = f"{kind}: {said}" if said else kind
    log = _log_traceback(error)
    details = f"the details are in {log}" if log else "--debug shows where"
    return f"Something unexpected went wrong ({what}); {details}; add --debug to see it here."


def _log_traceback(error: Exception) -> Path | None:
    from core.home import Home, open_log
    from core.masking import masked
    from core.settings import read_settings

    try:
        log = Home(read_settings().home).logs / "cli.log"
        with open_log(log) as file:
            file.write(f"--- {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n".encode())
            file.write(masked("".join(traceback.format_exception(error))).encode())
    except (OSError, UserError):
        # There may be no home yet, or no space in it.
        return None
    return log


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        yield current
        seen.add(id(current))
        current = current.__cause__ or current.__context__
