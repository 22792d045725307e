"""What the command line makes of a run."""

from datetime import date

import pytest
from dagster._utils.error import SerializableErrorInfo

from orchestration.pipeline import Check, FailedStep, RunOutcome, one_line


def outcome(**changes: object) -> RunOutcome:
    values: dict[str, object] = {
        "run_id": "r",
        "as_of": date(2025, 1, 1),
        "horizon_days": 30,
        "failed": (),
        "skipped": (),
        "checks": (Check("churn_champion", "gate", True, "better"),),
    }
    return RunOutcome(**{**values, **changes})  # type: ignore[arg-type]


def test_a_run_with_skipped_steps_is_a_success_and_one_with_failed_steps_is_not() -> None:
    assert outcome(skipped=("purchase_champion",)).is_success
    assert not outcome(failed=(FailedStep("marts", "no"),)).is_success


def test_a_check_is_found_by_asset_and_name() -> None:
    found = outcome().check("churn_champion", "gate")
    assert found is not None
    assert found.description == "better"
    assert outcome().check("churn_champion", "drift") is None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("psycopg.errors.UndefinedTable: no such table\nLINE 1\n", "psycopg.errors.UndefinedTable: no such table"),
        (
            "DagsterDbtCliRuntimeError: The dbt CLI process with command\n\n`dbt build`\n\nfailed with exit code `1`."
            "\n\nErrors parsed from dbt logs:\n\nFailure in model a\n\n  Database Error in model a (a.sql)\n  no b\n",
            "Database Error in model a (a.sql) no b",
        ),
        (
            'psycopg.errors.DiskFull: could not extend file "base/5/17": No space left on device\nHINT: Check',
            "The disk under Postgres is full: free space there and repeat the command; nothing was stored in part",
        ),
    ],
)
def test_a_failed_step_is_told_in_one_line(message: str, reason: str) -> None:
    innermost = SerializableErrorInfo(message, [], "Error")
    assert one_line(SerializableErrorInfo("wrapped", [], "Error", cause=innermost)) == reason
