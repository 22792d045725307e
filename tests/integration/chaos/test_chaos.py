"""Everything fails in turn under load, for `MINUTES` (30): nothing acknowledged is lost or doubled, all comes back."""

import os
import sys
from pathlib import Path

import pytest

from tests.integration.chaos.report import table
from tests.integration.chaos.scene import chaos

MINUTES = float(os.environ.get("MINUTES") or 30)


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 3600)
def test_nothing_is_lost_and_everything_returns(tmp_path: Path) -> None:
    outcome = chaos(tmp_path, MINUTES, seed=1)
    sys.stdout.write(table(outcome))
    assert outcome.complaints == []
