"""What addresses of folders mean, and which are refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.storage import Storage, StorageError, check_address

DIGEST = "0f" * 32
NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "home", tmp_path / "copies")


def test_a_folder_in_the_home_moves_with_it(storage: Storage, tmp_path: Path) -> None:
    assert storage.folder("home:/artifacts/churn", DIGEST) == tmp_path / "home" / "artifacts" / "churn"
    moved = Storage(tmp_path / "moved", tmp_path / "copies")
    assert moved.folder("home:/artifacts/churn", DIGEST) == tmp_path / "moved" / "artifacts" / "churn"


@given(names=st.lists(NAMES.filter(lambda name: name not in {".", ".."})))
def test_a_folder_of_this_machine_is_used_where_it_is(names: list[str]) -> None:
    folder = Path("/", *names)
    assert Storage(Path("/home"), Path("/copies")).folder(folder.as_uri(), DIGEST) == folder


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/srv/models/churn",
        "srv/models",
        "home:artifacts",
        "home://host/artifacts",
        "home:/../etc",
        "home:/artifacts/%2e%2e/%2e%2e/etc",
        "file:///srv/../etc",
        "file://host/srv",
        "file:///srv/\0",
        "s3:///no/bucket",
        "s3://bucket/../other",
        "s3://bucket/models?versionId=1",
        "http://169.254.169.254/latest/meta-data",
        "gs://bucket/models",
    ],
)
def test_other_addresses_are_refused(storage: Storage, address: str) -> None:
    with pytest.raises(StorageError, match="An address must begin with home:/, file:/// or s3://"):
        storage.folder(address, DIGEST)


@pytest.mark.parametrize("address", ["home:/artifacts", "file:///srv/models", "s3://bucket", "s3://bucket/prefix"])
def test_these_are_addresses(address: str) -> None:
    check_address(address)


def test_a_copy_is_used_again_until_it_is_forgotten(storage: Storage) -> None:
    copy = storage.copies / DIGEST
    copy.mkdir(parents=True)
    assert storage.folder("s3://bucket/models/churn", DIGEST) == copy

    storage.forget("file:///srv/models", DIGEST)
    assert copy.exists()
    storage.forget("s3://bucket/models/churn", DIGEST)
    assert not copy.exists()


@pytest.mark.parametrize("digest", ["", "../../etc", "0F" * 32])
def test_no_digest_leads_out_of_the_copies(storage: Storage, digest: str) -> None:
    with pytest.raises(StorageError, match="64 hexadecimal digits"):
        storage.folder("s3://bucket/models/churn", digest)
