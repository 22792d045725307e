"""What a Bento is pinned to and how it is served; the build itself runs in the integration tests."""

import re
from pathlib import Path

import pytest

from serving import build
from serving.build import bento_tag, build_bento, is_built, pinned_requirements, serve_command, serve_environment
from serving.errors import BuildFailed
from tests.returning import install_returning


def test_every_package_is_pinned_once() -> None:
    pins = pinned_requirements("churn")
    names = [pin.partition("==")[0] for pin in pins]

    assert all(pin.count("==") == 1 for pin in pins)
    assert names == sorted(set(names))
    assert {"bentoml", "numpy", "polars", "psycopg", "psycopg-binary", "psycopg-pool", "xgboost"} <= set(names)
    assert not {"mlflow", "dagster", "scikit-learn", "evidently", "nvidia-nccl-cu12"} & set(names)


def test_pins_agree_with_the_lock_file() -> None:
    lock = (Path(__file__).parents[2] / "requirements.lock").read_text(encoding="utf-8")

    assert [pin for pin in pinned_requirements("churn") if f"\n{pin} " not in lock] == []


def test_a_service_listens_where_it_is_told() -> None:
    command = serve_command("churn:3-abc", "127.0.0.1", 4101)

    assert command[1:5] == ["-m", "bentoml", "serve", "churn:3-abc"]
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "4101"


def test_a_service_reports_to_nobody(tmp_path: Path) -> None:
    address = "postgresql://user@127.0.0.1:5433/warehouse"
    environment = serve_environment(tmp_path, address, tmp_path / "ledger", tmp_path / "state")

    assert environment["BENTOML_DO_NOT_TRACK"].lower() == "true"
    assert environment["BENTOML_HOME"] == str(tmp_path)


def test_without_a_model_nothing_is_built(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="train the churn model first"):
        build_bento("churn", tmp_path / "none", digest="0" * 64, version=1, bentoml_home=tmp_path / "home")
    assert not (tmp_path / "home" / "bentos").exists()


def test_a_tag_changes_with_the_model_the_code_and_the_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for package in build._PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "code.py").write_text("a = 1")
    monkeypatch.setattr(build, "_ROOT", tmp_path)

    def tag(digest: str = "0123456789abcdef" * 4, version: int = 3) -> str:
        return bento_tag("churn", digest=digest, version=version)

    first = tag()
    assert re.fullmatch("churn:3-0123456789ab-[0-9a-f]{8}", first)
    assert tag(version=4).partition("-")[2] == first.partition("-")[2]
    assert tag(digest="f" * 64) == f"churn:3-ffffffffffff-{first[-8:]}"
    (tmp_path / "ml" / "__pycache__").mkdir()
    (tmp_path / "ml" / "__pycache__" / "code.pyc").write_text("compiled")
    assert tag() == first
    (tmp_path / "serving" / "code.py").rename(tmp_path / "serving" / "renamed.py")
    renamed = tag()
    (tmp_path / "ml" / "code.py").write_text("a = 2")
    edited = tag()
    monkeypatch.setattr(build, "pinned_requirements", lambda _: ["numpy==0"])
    assert len({first, renamed, edited, tag()}) == 4


def test_a_bento_carries_the_package_that_adds_its_kind(site: Path) -> None:
    install_returning(site)

    def tag(kind: str) -> str:
        return bento_tag(kind, digest="0" * 64, version=1)

    code, before = build._code("returning"), {kind: tag(kind) for kind in ("returning", "churn")}
    assert code["shop_models/training.py"] == (site / "shop_models" / "training.py").read_bytes()
    assert b"returning = shop_models:KIND" in code["shop_models-1.0.dist-info/entry_points.txt"]
    assert b"Requires-Dist: tenacity" in code["shop_models-1.0.dist-info/METADATA"]
    assert not any("shop_models" in name for name in build._code("churn"))
    added = set(pinned_requirements("returning")) - set(pinned_requirements("churn"))
    assert {pin.partition("==")[0] for pin in added} == {"tenacity"}
    (site / "shop_models" / "training.py").write_text("SPEC = None\n")
    assert tag("churn") == before["churn"]
    assert tag("returning") != before["returning"]


def test_only_a_bento_of_our_own_making_is_started(tmp_path: Path) -> None:
    (tmp_path / "bentos" / "churn" / "3-ab-12").mkdir(parents=True)
    (tmp_path / "bentos" / "churn" / "3-ab-12" / "bento.yaml").touch()
    (tmp_path / "bento.yaml").touch()

    assert is_built("churn:3-ab-12", "churn", tmp_path)
    for tag in ("churn:4-ab-12", "purchase:3-ab-12", "churn:../..", "none", "", "--host=0.0.0.0", "churn:3-ab-12 "):
        assert not is_built(tag, "churn", tmp_path)
