"""`up` says which of the parts that were asked for this machine lacks the programs of, and goes on without them."""

from pathlib import Path

import pytest

from cli.platform import missing_parts
from core.settings import Settings
from standalone import log_shipping, system_programs

SETTINGS = Settings(database_url=None, logs=True)


def test_what_lacks_its_programs_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = {"prometheus": Path("/usr/bin/prometheus")}
    monkeypatch.setattr(system_programs, "find_program", here.get)
    assert missing_parts(Settings(database_url=None), gateway=False, monitoring=False) == {}
    assert missing_parts(SETTINGS, gateway=True, monitoring=True) == {
        "gateway": "The gateway needs nginx, which is not installed here"
        " (on Debian and Ubuntu: apt-get install nginx-light).",
        "monitoring": "--monitoring needs prometheus-alertmanager, which is not installed here"
        " (on Debian and Ubuntu: apt-get install prometheus-alertmanager).",
        "logs": "--logs needs rsyslogd, which is not installed here"
        " (on Debian and Ubuntu: apt-get install rsyslog rsyslog-pgsql).",
    }
    here |= {name: Path("/usr/bin") / name for name in ("nginx", "prometheus-alertmanager", "rsyslogd")}
    monkeypatch.setattr(log_shipping, "MODULES", [tmp_path])
    (tmp_path / "ompgsql.so").touch()
    assert missing_parts(SETTINGS, gateway=True, monitoring=True) == {}
