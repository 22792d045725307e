"""What the checks of new events found, the newest hundred of them.

Belongs here: SQL on `raw.contract_checks`. Does not belong here: checking (`ingestion.contract_check`).
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from warehouse.database import Statement, command, rows

_KEPT = 100

T = TypeVar("T")


def record_check(is_passed: bool, rows_checked: int, sentence: str, warnings: Sequence[str]) -> Statement[int]:
    """Adds a check, and forgets the oldest."""
    return command(
        "with added as (insert into raw.contract_checks (is_passed, rows_checked, sentence, warnings)"
        " values (%(is_passed)s, %(rows_checked)s, %(sentence)s, %(warnings)s) returning check_id)"
        " delete from raw.contract_checks using added where contract_checks.check_id <= added.check_id - %(kept)s",
        is_passed=is_passed,
        rows_checked=rows_checked,
        sentence=sentence,
        warnings=[*warnings],
        kept=_KEPT,
    )


def newest_checks(limit: int, make: Callable[..., T]) -> Statement[list[T]]:
    """`make` of moment, whether it passed, rows, sentence and warnings of the newest checks, newest first."""
    return rows(
        make,
        "select checked_at, is_passed, rows_checked, sentence, warnings from raw.contract_checks"
        " order by check_id desc limit %(limit)s",
        limit=limit,
    )
