"""Jars are those that are listed, wherever they came from."""

from hashlib import sha256
from pathlib import Path

import pytest

from core.errors import UserError
from standalone import spark_jars
from standalone.spark_jars import fetch_jars, found_jars, listed_jars


def _list(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    jar = spark_jars.Jar("a.group:a-jar:1.2", sha256(content).hexdigest())
    monkeypatch.setattr(spark_jars, "listed_jars", lambda: [jar])


def test_every_listed_jar_has_coordinates_and_a_digest() -> None:
    for jar in listed_jars():
        assert jar.coordinates.count(":") == 2
        assert len(jar.sha256) == 64


def test_a_jar_that_somebody_put_there_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _list(monkeypatch, b"classes")
    (tmp_path / "a-jar-1.2.jar").write_bytes(b"classes")
    assert found_jars(tmp_path) == fetch_jars(tmp_path) == [tmp_path / "a-jar-1.2.jar"]


def test_a_jar_with_other_content_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _list(monkeypatch, b"classes")
    (tmp_path / "a-jar-1.2.jar").write_bytes(b"other classes")
    with pytest.raises(UserError, match=r"Spark needs a\.group:a-jar:1\.2"):
        found_jars(tmp_path)


def test_without_maven_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _list(monkeypatch, b"classes")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get install maven"):
        fetch_jars(tmp_path)
