"""The first admin, from the command line; and the log of what was done there."""

import json
import os
import subprocess
import sys
from pathlib import Path

from standalone.stack import Platform
from tests.integration.conftest import command

PASSWORD = "a long sentence nobody guesses"


def typed(platform: Platform, password: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Types a command that reads a password from standard input."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("customer-analyzer")), *arguments],
        env={**os.environ, **platform.environment, "COLUMNS": "200"},
        input=f"{password}\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_first_admin_is_made_reset_and_disabled_and_the_log_is_whole(
    empty_platform: Platform, warehouse_url: str
) -> None:
    weak = typed(empty_platform, "short", "accounts", "create-admin", "anna@shop.example")
    assert weak.returncode == 2
    assert "12 to 256 characters" in weak.stderr

    made = typed(empty_platform, PASSWORD, "accounts", "create-admin", "anna@shop.example", "--name", "Anna")
    assert made.returncode == 0, made.stderr
    again = typed(empty_platform, PASSWORD, "accounts", "create-admin", "Anna@shop.example")
    assert again.returncode == 2
    assert "accounts reset" in again.stderr
    assert typed(empty_platform, PASSWORD + "!", "accounts", "reset", "anna@shop.example").returncode == 0
    command(empty_platform, "accounts", "disable", "anna@shop.example")
    assert "nobody@shop.example" in command(empty_platform, "accounts", "disable", "nobody@shop.example", exit_code=2)

    listed = command(empty_platform, "accounts", "list", "--json")
    (account,) = json.loads(listed)
    assert (account["email"], account["name"], account["role"]) == ("anna@shop.example", "Anna", "admin")
    assert account["disabled_at"] is not None
    assert "argon2" not in listed

    assert "3 rows are as they were written" in command(empty_platform, "audit", "verify")
    with empty_platform.server.connect("warehouse") as connection:
        connection.execute("update app.audit set actor_name = 'somebody else' where sequence = 2")
    assert "Row 2 was changed." in command(empty_platform, "audit", "verify", exit_code=1)
    assert "0 months" in command(empty_platform, "audit", "trim")
