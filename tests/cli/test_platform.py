"""`up` says which of the parts that were asked for this machine lacks the programs of, and goes on without them."""

from pathlib import Path

import pytest

from cli.platform import missing_parts
from standalone import system_programs


def test_what_lacks_its_programs_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"prometheus": Path("/usr/bin/prometheus")}
    monkeypatch.setattr(system_programs, "find_program", here.get)
    assert missing_parts(gateway=False, monitoring=False) == {}
    assert missing_parts(gateway=True, monitoring=True) == {
        "gateway": "The gateway needs nginx, which is not installed here"
        " (on Debian and Ubuntu: apt-get install nginx-light).",
        "monitoring": "--monitoring needs prometheus-alertmanager, which is not installed here"
        " (on Debian and Ubuntu: apt-get install prometheus-alertmanager).",
    }
    here |= {name: Path("/usr/bin") / name for name in ("nginx", "prometheus-alertmanager")}
    assert missing_parts(gateway=True, monitoring=True) == {}
