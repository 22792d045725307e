import json
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ml import artifact
from ml.artifact import Model, Provenance
from ml.catalogue import FeatureCatalogue
from ml.churn import train_churn
from ml.cutoffs import CutoffPlan
from ml.errors import ArtifactError


@pytest.fixture(scope="module")
def model(shop_frame: Callable[..., pl.DataFrame], catalogue: FeatureCatalogue, plan: CutoffPlan) -> Model:
    return train_churn(shop_frame(2500), catalogue, plan).model


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> tuple[Path, str]:
    directory = tmp_path / "churn"
    return directory, artifact.save(model, directory, provenance=Provenance(metrics={"auc": 0.7}))


def test_directory_holds_native_files_and_says_what_it_is(saved: tuple[Path, str], model: Model) -> None:
    directory, digest = saved
    assert {path.suffix for path in directory.iterdir()} == {".json"}
    description = json.loads((directory / "model.json").read_text())
    assert description["kind"] == "churn"
    assert description["features"] == list(model.feature_names)
    assert description["feature_hash"] == model.feature_hash
    assert artifact.read_provenance(directory).metrics == {"auc": 0.7}
    assert len(digest) == 64
    assert isinstance(artifact.load(directory, digest), Model)


def test_equal_models_have_equal_digests(saved: tuple[Path, str], model: Model, tmp_path: Path) -> None:
    assert artifact.save(model, tmp_path / "again", provenance=Provenance(metrics={"auc": 0.7})) == saved[1]


def test_no_row_of_a_person_is_kept(model: Model) -> None:
    assert not model.golden["user_id"].str.starts_with("u0").any()


def test_every_changed_byte_is_noticed(saved: tuple[Path, str]) -> None:
    directory, digest = saved
    for path in sorted(directory.iterdir()):
        content = path.read_bytes()
        path.write_bytes(content[:-2] + b" " + content[-2:])
        with pytest.raises(ArtifactError):
            artifact.load(directory, digest)
        path.write_bytes(content)
    artifact.load(directory, digest)


def test_a_whole_other_model_does_not_pass_for_the_recorded_one(saved: tuple[Path, str]) -> None:
    with pytest.raises(ArtifactError, match="not the model that was recorded"):
        artifact.load(saved[0], "0" * 64)


@pytest.mark.parametrize("name", ["extra.pkl", "notes.txt"])
def test_an_added_file_is_refused(saved: tuple[Path, str], name: str) -> None:
    (saved[0] / name).write_bytes(b"x")
    with pytest.raises(ArtifactError, match=name):
        artifact.load(*saved)


def test_a_missing_file_and_a_link_are_refused(saved: tuple[Path, str], tmp_path: Path) -> None:
    golden = saved[0] / "golden.json"
    golden.rename(tmp_path / "elsewhere.json")
    with pytest.raises(ArtifactError, match=r"golden\.json"):
        artifact.load(*saved)
    golden.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(ArtifactError, match=r"golden\.json is not a plain file"):
        artifact.load(*saved)


def test_a_pipe_for_a_manifest_is_refused_and_not_waited_for(saved: tuple[Path, str]) -> None:
    directory, digest = saved
    (directory / "manifest.json").unlink()
    os.mkfifo(directory / "manifest.json")

    with pytest.raises(ArtifactError, match=r"manifest\.json is not a plain file"):
        artifact.load(directory, digest)


def test_a_model_that_answers_differently_is_refused(saved: tuple[Path, str]) -> None:
    directory, _ = saved
    golden = json.loads((directory / "golden.json").read_text())
    golden["answers"]["score"][0] += 0.01
    (directory / "golden.json").write_bytes(artifact.to_json(golden))
    manifest = {
        path.name: artifact.sha256(path.read_bytes()) for path in directory.iterdir() if path.name != "manifest.json"
    }
    (directory / "manifest.json").write_bytes(artifact.to_json(manifest))
    with pytest.raises(ArtifactError, match="golden rows"):
        artifact.load(directory)


def test_saving_never_overwrites(saved: tuple[Path, str], model: Model) -> None:
    with pytest.raises(ArtifactError, match="already holds files"):
        artifact.save(model, saved[0], provenance=Provenance())


def test_a_directory_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is not a model directory"):
        artifact.load(tmp_path / "nowhere")


def test_undefined_numbers_become_null() -> None:
    assert (
        artifact.to_json({"a": float("nan"), "b": [float("inf"), 1.5]})
        == b'{\n "a": null,\n "b": [\n  null,\n  1.5\n ]\n}\n'
    )
