"""Secrets from files, for every kind of settings."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.settings import BackendSettings
from core.errors import UserError
from core.secret_files import FileSettings


class Example(FileSettings, BaseSettings):
    model_config = SettingsConfigDict(env_prefix="EXAMPLE_")

    password: SecretStr | None = None
    place: str = "here"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("s3cret-word\n")
    return path


def test_a_secret_is_read_from_the_file_that_its_variable_names(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_PASSWORD_FILE", str(file))
    settings = Example()
    assert settings.password is not None
    assert settings.password.get_secret_value() == "s3cret-word"
    assert "s3cret-word" not in repr(settings)


def test_what_is_no_secret_is_not_read_from_a_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_PLACE_FILE", str(file))
    assert Example().place == "here"


def test_a_secret_that_is_given_twice_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_PASSWORD", "another")
    monkeypatch.setenv("EXAMPLE_PASSWORD_FILE", str(file))
    with pytest.raises(UserError, match="not both"):
        Example()


@pytest.mark.parametrize("content", [None, " \n"])
def test_a_file_that_says_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "no").write_text(content)
    monkeypatch.setenv("EXAMPLE_PASSWORD_FILE", str(tmp_path / "no"))
    with pytest.raises(UserError, match=r"EXAMPLE_PASSWORD_FILE names .*no, which"):
        Example()


def test_a_setting_with_a_name_of_its_own_has_a_file_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://me@db/warehouse")
    monkeypatch.setenv("REDIS_URL_FILE", str(file))
    url = BackendSettings().redis_url
    assert url is not None
    assert url.get_secret_value() == "s3cret-word"
