"""The API's description is complete, is the one that is checked in, and changes only as callers can bear."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from backend.app import create_app
from serving.api_changes import as_text, breaking_changes

FILE = Path(__file__).parents[2] / "docs" / "openapi" / "api.json"
OPEN_PROBLEMS = {"429", "500", "503"}


@cache
def described() -> dict[str, Any]:
    return create_app().openapi()


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_file_checked_in_is_current_and_keeps_its_promises() -> None:
    assert FILE.read_text(encoding="utf-8") == as_text(described()), "run: make openapi"
    assert breaking_changes(json.loads(FILE.read_text(encoding="utf-8")), described()) == []


@pytest.mark.parametrize(("name", "operation"), operations(), ids=lambda each: each if isinstance(each, str) else "")
def test_every_operation_says_what_it_does_and_how_it_refuses(name: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    answers = set(operation["responses"])
    assert answers >= OPEN_PROBLEMS
    assert ({"401", "403"} <= answers) == bool(operation.get("security"))
    assert ("415" in answers) == ("requestBody" in operation)
    assert any(status.startswith("2") for status in answers)


def test_names_of_operations_are_unique() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(described())
    for kind, name in set(re.findall(r"#/components/(\w+)/([\w.-]+)", text)):
        assert name in described()["components"][kind], name


def test_a_lost_route_is_noticed() -> None:
    changed = json.loads(json.dumps(described()))
    del changed["paths"]["/events"]
    assert "POST /events is gone" in breaking_changes(described(), changed)
