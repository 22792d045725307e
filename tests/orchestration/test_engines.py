"""A build finds its Spark by SPARK_REMOTE, and leaves nothing running there."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.home import Home
from core.settings import Settings
from orchestration import engines
from orchestration.engines import spark_of_build


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of sessions that were ended."""
    found: list[str] = []
    monkeypatch.setattr(engines, "begin_session", lambda _: "an application")
    monkeypatch.setattr(engines, "end_session", found.append)
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    return found


def settings_for(remote: str, home: Path) -> Settings:
    return Settings(home=home, engine="spark", spark_remote=SecretStr(remote))


@pytest.mark.parametrize(
    ("remote", "begin"),
    [("sc://spark:15002", "sc://spark:15002/;"), ("sc://spark:15002/;token=a", "sc://spark:15002/;token=a;")],
)
def test_the_session_of_a_named_cluster_ends_with_the_build(
    tmp_path: Path, ended: list[str], remote: str, begin: str
) -> None:
    with spark_of_build(settings_for(remote, tmp_path), Home(tmp_path), "postgresql://u@h/warehouse") as spark:
        address = os.environ["SPARK_REMOTE"]
        assert address == f"{begin}session_id={spark.session_id}"
        told = {"engine": "spark", "spark_application": "an application", "spark_session": spark.session_id}
        assert spark.metadata == told
        assert ended == []
    assert ended == [address]
    assert "SPARK_REMOTE" not in os.environ


def test_the_session_of_a_cancelled_build_ends_too(tmp_path: Path, ended: list[str]) -> None:
    settings = settings_for("sc://spark:15002", tmp_path)
    with pytest.raises(KeyboardInterrupt), spark_of_build(settings, Home(tmp_path), "postgresql://u@h/warehouse"):
        raise KeyboardInterrupt
    assert len(ended) == 1


def test_the_address_of_a_cluster_is_a_secret_of_the_settings(tmp_path: Path) -> None:
    settings = settings_for("sc://spark:15002/;token=secret", tmp_path)
    assert "secret" not in repr(settings)
    assert "SPARK_REMOTE" not in settings.variables
    assert settings.variables["CUSTOMER_ANALYZER_ENGINE"] == "spark"
