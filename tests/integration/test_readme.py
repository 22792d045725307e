"""Every command of the README does what it says: each block is run as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import RanPlatform
from tests.integration.installed import Installed

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
SHELL = re.findall(r"^```sh\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
PYTHON = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
MAKE = [block for block in SHELL if block.startswith("make ")]
SHOP = [block for block in SHELL if "CUSTOMER_ANALYZER_HOME=my-shop" in block]
API = [block for block in SHELL if ":8000/" in block]
REST = [block for block in SHELL if block not in [*MAKE, *SHOP, *API]]


def run(script: str, folder: Path, environment: dict[str, str], *, venv: Path) -> str:
    """Runs a block in a folder that has the `.venv` the commands speak of."""
    if not (folder / ".venv").exists():
        (folder / ".venv").symlink_to(venv)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_there_is_something_to_run() -> None:
    assert (len(MAKE), len(SHOP), len(API), len(REST), len(PYTHON)) == (3, 2, 1, 2, 1)
    assert "@@" not in README


@pytest.mark.parametrize("block", MAKE)
def test_make_targets_exist(block: str) -> None:
    """What the targets do is run by .ci/run; here it is enough that they are there."""
    subprocess.run(["make", "--dry-run", *block.split()[1:]], cwd=CHECKOUT, check=True, capture_output=True)


@pytest.mark.parametrize("block", REST)
def test_looking_around_and_calling_a_service(block: str, ran_platform: RanPlatform, tmp_path: Path) -> None:
    script = block.replace("http://127.0.0.1:3003", ran_platform.service_urls["churn"])
    environment = {**os.environ, **ran_platform.platform.environment}
    assert "somebody-new" in run(script, tmp_path, environment, venv=Path(sys.prefix))


@pytest.mark.parametrize("block", API)
def test_calling_the_api(block: str, ran_platform: RanPlatform, ran_api: str, tmp_path: Path) -> None:
    environment = {**os.environ, **ran_platform.platform.environment}
    said = run(block.replace("http://127.0.0.1:8000", ran_api), tmp_path, environment, venv=Path(sys.prefix))
    assert said.count('"status":"stored"') == 2
    assert '"status":4' not in said


@pytest.mark.parametrize("block", PYTHON)
def test_calling_a_service_from_python(block: str, ran_platform: RanPlatform, tmp_path: Path) -> None:
    script = block.replace("http://127.0.0.1:3003", ran_platform.service_urls["churn"])
    # The block before exports it.
    environment = {**os.environ, "CUSTOMER_ANALYZER_SERVICE_KEY": ran_platform.service_key}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[1].startswith("somebody-new 0.")


def test_ones_own_events_from_a_file_to_a_run(tmp_path: Path, installed: Installed) -> None:
    """The made-up shop has every kind of event, so this is also the pipeline on more than purchases.

    It runs in the installed wheel, which so proves to hold all that a run reads.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOMER_ANALYZER_")}
    said = [run(block, tmp_path, {**environment, "COLUMNS": "200"}, venv=installed.environment) for block in SHOP]
    assert "my-events.csv" in said[0]
    for model in ("segmentation", "purchase", "churn"):
        assert re.search(rf"{model}.*v1", said[1]), said[1]
