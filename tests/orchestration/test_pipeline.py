"""What the command line makes of a run."""

import subprocess
import sys
from datetime import date
from pathlib import Path

from orchestration.pipeline import Check, FailedStep, RunOutcome, output_to


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


def test_output_of_children_goes_to_the_log_and_comes_back_afterwards(tmp_path: Path, capfd: object) -> None:
    log = tmp_path / "logs" / "run.log"
    with output_to(log) as terminal:
        subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
        terminal.write("to the person\n")
    subprocess.run([sys.executable, "-c", "print('afterwards')"], check=True)
    assert log.read_text() == "from a child\n"
    printed = capfd.readouterr()  # type: ignore[attr-defined]
    assert (printed.out, printed.err) == ("afterwards\n", "to the person\n")
