"""Secrets as files: made once, and a webhook's replaced with both in force."""

import stat
from pathlib import Path

import pytest

from backend.errors import NotAuthenticated, Unavailable
from backend.settings import BackendSettings
from backend.telegram.service import demand_telegram, webhook_secrets
from cli import secrets
from core.api_keys import is_mistyped
from core.errors import UserError


def test_what_is_missing_is_made_and_what_is_there_stays(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    secrets.make(folder)
    made = {file.name: file.read_text() for file in folder.iterdir()}
    assert made.keys() == {*secrets.KEYS, *secrets.PASSWORDS, secrets.PUSH_KEY}
    assert len(set(made.values())) == len(made)
    assert all(made[name].startswith("ca_") and not is_mistyped(made[name]) for name in secrets.KEYS)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "bot-key").unlink()
    secrets.make(folder)
    again = {file.name: file.read_text() for file in folder.iterdir()}
    assert {name for name in made if made[name] != again[name]} == {"bot-key"}


def test_both_webhook_secrets_count_until_the_old_one_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "webhook-secret"
    file.write_text("old-secret-that-is-longer-than-the-new-one-will-be-by-far\n")
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://me@db/warehouse")
    monkeypatch.setenv("BACKEND_TELEGRAM_WEBHOOK_SECRET_FILE", str(file))
    # Of a process that is not started again.
    settings = BackendSettings()
    (old,) = webhook_secrets(settings)
    secrets.webhook_secret(file)
    new = capsys.readouterr().out.strip()
    for given in (old, new):
        demand_telegram(webhook_secrets(settings), given, 1)
    secrets.webhook_secret(file, end=True)
    demand_telegram(webhook_secrets(settings), new, 1)
    for given in (old, f"{new} ", "", None):
        with pytest.raises(NotAuthenticated):
            demand_telegram(webhook_secrets(settings), given, 1)


def test_nobody_is_telegram_without_a_secret(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        demand_telegram([], "", 1)
    (tmp_path / "empty").touch()
    with pytest.raises(UserError, match="holds no secret"):
        secrets.webhook_secret(tmp_path / "empty")
