"""The contract checked in, and what counts as breaking it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving import api_changes
from serving.api_changes import as_text, breaking_changes, of_services, write
from serving.openapi import describe
from tests.serving.doubles import KINDS

CHECKED_IN = Path(__file__).parents[2] / "docs" / "openapi"
ANSWER = "ProbabilityPrediction"
Json = dict[str, Any]
Change = Callable[[Json], object]


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_checked_in_are_current_and_keep_their_promises(kind: str) -> None:
    text = (CHECKED_IN / f"{kind}.json").read_text(encoding="utf-8")

    assert breaking_changes(json.loads(text), describe(kind)) == []
    assert text == as_text(describe(kind)), "run `make openapi`"


def schema(document: Json, name: str, field: str | None = None) -> Json:
    found: Json = document["components"]["schemas"][name]
    return found if field is None else found["properties"][field]


def operation(document: Json, path: str) -> Json:
    found: Json
    (found,) = document["paths"][path].values()
    return found


BREAKING: dict[str, tuple[Change, str]] = {
    "a path is gone": (lambda new: new["paths"].pop("/explain"), "POST /explain is gone"),
    "a method is gone": (
        lambda new: new["paths"]["/predict"].update(put=new["paths"]["/predict"].pop("post")),
        "POST /predict is gone",
    ),
    "a status is gone": (
        lambda new: operation(new, "/predict")["responses"].pop("200"),
        "POST /predict no longer answers 200",
    ),
    "a key is needed": (
        lambda new: operation(new, "/livez").pop("security"),
        "GET /livez no longer lets in by no key",
    ),
    "a way to send a key is gone": (
        lambda new: new["security"].remove({"header": []}),
        "GET /model no longer lets in by header",
    ),
    "a header is required": (
        lambda new: operation(new, "/predict")["parameters"][1].update(required=True),
        "POST /predict, Idempotency-Key is required",
    ),
    "another media type": (
        lambda new: operation(new, "/predict")["requestBody"].update(content={"text/csv": {"schema": {}}}),
        "POST /predict no longer takes application/json",
    ),
    "a request field is gone": (
        lambda new: schema(new, "PredictionRequest")["properties"].pop("reasons"),
        "POST /predict, request.reasons: meets a schema without it",
    ),
    "a request field is required": (
        lambda new: schema(new, "PredictionRequest").update(required=["as_of"]),
        "POST /predict, request.as_of: may be absent, meets required",
    ),
    "fewer rows": (
        lambda new: schema(new, "PredictionRequest", "user_ids").update(maxItems=500),
        "POST /predict, request.user_ids: maxItems 1000 meets 500",
    ),
    "more of a minimum": (
        lambda new: schema(new, "PredictionRequest", "reasons").update(minimum=1),
        "POST /predict, request.reasons: minimum 0 meets 1",
    ),
    "another type": (
        lambda new: schema(new, "PredictionRequest", "reasons").update(type="string"),
        "POST /predict, request.reasons: integer meets string",
    ),
    "no other features": (
        lambda new: schema(new, "FeatureRow").update(additionalProperties=False),
        "POST /predict, request.features[]: other fields meet a schema without any",
    ),
    "undefined features": (
        lambda new: schema(new, "FeatureRow").update(additionalProperties={"type": "number"}),
        "POST /predict, request.features[].*: null meets a schema without it",
    ),
    "an answer's field is gone": (
        lambda new: schema(new, ANSWER)["required"].remove("risk"),
        "POST /predict, answer 200.predictions[].risk: may be absent, meets required",
    ),
    "an answer's field may be null": (
        lambda new: schema(new, ANSWER).update(
            properties=schema(new, ANSWER)["properties"] | {"risk": {"anyOf": [{"type": "null"}]}}
        ),
        "POST /predict, answer 200.predictions[].risk: null meets a schema without it",
    ),
    "another word in an answer": (
        lambda new: schema(new, ANSWER, "risk")["enum"].append("extreme"),
        "POST /predict, answer 200.predictions[].risk: ['extreme', 'high', 'low', 'medium'] meets "
        "['high', 'low', 'medium']",
    ),
    "a number beyond its limit": (
        lambda new: schema(new, ANSWER, "probability").pop("maximum"),
        "POST /predict, answer 200.predictions[].probability: maximum none meets 1",
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_what_callers_would_notice_is_named(name: str) -> None:
    change, expected = BREAKING[name]
    new = describe("churn")
    change(new)

    assert expected in breaking_changes(describe("churn"), new)


HARMLESS: dict[str, Change] = {
    "a path": lambda new: new["paths"].update({"/new": new["paths"]["/predict"]}),
    "a problem": lambda new: operation(new, "/predict")["responses"].pop("413"),
    "words": lambda new: schema(new, "PredictionRequest", "reasons").update(description="how many"),
    "more rows": lambda new: schema(new, "PredictionRequest", "user_ids").update(maxItems=2000),
    "an optional field": lambda new: schema(new, "PredictionRequest")["properties"].update(hat={"type": "string"}),
    "a number for an integer": lambda new: schema(new, "PredictionRequest", "reasons").update(type="number"),
    "a field of an answer": lambda new: schema(new, ANSWER)["properties"].update(hat={"type": "string"}),
    "a closer limit in an answer": lambda new: schema(new, ANSWER, "probability").update(maximum=0.9),
    "one word less in an answer": lambda new: schema(new, ANSWER, "risk")["enum"].remove("low"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_callers_would_not_notice_is_free(name: str) -> None:
    new = describe("churn")
    HARMLESS[name](new)

    assert breaking_changes(describe("churn"), new) == []


def test_a_broken_promise_is_only_written_with_a_new_major_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert write(of_services(tmp_path)) == []
    before = (tmp_path / "churn.json").read_bytes()

    def changed(version: str) -> Callable[[str], Json]:
        def describe_changed(kind: str) -> Json:
            new = describe(kind)
            new["info"]["version"] = version
            del new["paths"]["/model"]
            return new

        return describe_changed

    monkeypatch.setattr(api_changes, "describe", changed("2.99.0"))
    assert "churn.json: GET /model is gone" in write(of_services(tmp_path))
    assert (tmp_path / "churn.json").read_bytes() == before

    monkeypatch.setattr(api_changes, "describe", changed("3.0.0"))
    assert write(of_services(tmp_path)) == []
    assert (tmp_path / "churn.json").read_bytes() != before
