"""What a Bento is pinned to and how it is served; the build itself runs in the integration tests."""

from pathlib import Path

import pytest

from serving.build import build_bento, pinned_requirements, serve_command, serve_environment
from serving.errors import BuildFailed


def test_every_package_is_pinned_once() -> None:
    pins = pinned_requirements()
    names = [pin.partition("==")[0] for pin in pins]

    assert all(pin.count("==") == 1 for pin in pins)
    assert names == sorted(set(names))
    assert {"bentoml", "numpy", "polars", "psycopg", "psycopg-binary", "psycopg-pool", "xgboost"} <= set(names)
    assert not {"mlflow", "dagster", "scikit-learn", "evidently", "nvidia-nccl-cu12"} & set(names)


def test_pins_agree_with_the_lock_file() -> None:
    lock = (Path(__file__).parents[2] / "requirements.lock").read_text(encoding="utf-8")

    assert [pin for pin in pinned_requirements() if f"\n{pin} " not in lock] == []


def test_a_service_listens_where_it_is_told() -> None:
    command = serve_command("churn:3-abc", "127.0.0.1", 4101)

    assert command[1:5] == ["-m", "bentoml", "serve", "churn:3-abc"]
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "4101"


def test_a_service_reports_to_nobody(tmp_path: Path) -> None:
    environment = serve_environment(tmp_path, "postgresql://user@127.0.0.1:5433/warehouse", tmp_path / "ledger")

    assert environment["BENTOML_DO_NOT_TRACK"].lower() == "true"
    assert environment["BENTOML_HOME"] == str(tmp_path)


def test_without_a_model_nothing_is_built(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="train the churn model first"):
        build_bento("churn", tmp_path / "none", digest="0" * 64, version=1, bentoml_home=tmp_path / "home")
    assert not (tmp_path / "home" / "bentos").exists()
