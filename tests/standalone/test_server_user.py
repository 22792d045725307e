"""The user of servers of other people's programs: what stands in the way is said of the program that it stops."""

import os
import pwd
from pathlib import Path

import pytest

from core.errors import PlatformError
from standalone import server_user


@pytest.mark.parametrize(("name", "title"), [("postgres", "Postgres"), ("pgbouncer", "PgBouncer"), ("nginx", "nginx")])
def test_a_closed_folder_is_said_of_the_program_that_may_not_enter_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, title: str
) -> None:
    nobody = pwd.getpwuid(65534)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(server_user, "_system_user", lambda _program: nobody)
    monkeypatch.setattr(server_user, "_held_capabilities", lambda: 0)
    program, closed = tmp_path / name, tmp_path / "closed"
    program.touch(0o755)
    closed.mkdir(0o700)
    with pytest.raises(PlatformError, match=f"^{title} runs as user {nobody.pw_name}, who may not enter "):
        server_user.server_identity(closed / "data", program)
