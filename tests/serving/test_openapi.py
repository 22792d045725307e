"""The description a service gives of itself."""

import pytest

from serving.openapi import describe
from serving.schemas import MODEL_KINDS, ModelKind
from tests.serving.doubles import ServiceMaker


def references(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(value) for value in node))
    return set()


@pytest.mark.parametrize("kind", MODEL_KINDS)
def test_every_reference_leads_to_a_schema(kind: ModelKind) -> None:
    document = describe(kind)

    named = {reference.removeprefix("#/components/schemas/") for reference in references(document)}
    assert named
    assert named <= document["components"]["schemas"].keys()


@pytest.mark.parametrize("kind", MODEL_KINDS)
def test_every_field_says_what_it_means(kind: ModelKind) -> None:
    schemas = describe(kind)["components"]["schemas"]

    request = schemas["PredictionRequest"]
    assert set(request["properties"]) == {"user_ids", "features", "as_of", "reasons"}
    assert request["additionalProperties"] is False
    assert request["examples"]
    assert request["oneOf"] == [{"required": ["user_ids"]}, {"required": ["features"]}]
    assert all("description" in field for field in request["properties"].values())


def test_answers_differ_only_in_what_a_model_says() -> None:
    def fields(kind: ModelKind, name: str) -> set[str]:
        return set(describe(kind)["components"]["schemas"][name]["properties"])

    common = fields("churn", "ChurnPrediction") & fields("segmentation", "SegmentPrediction")
    assert common == {
        "prediction_id",
        "user_id",
        "is_known",
        "as_of",
        "feature_age_days",
        "basis",
        "model_version",
        "reasons",
        "advice",
    }
    assert fields("churn", "ChurnPrediction") - common == {"probability", "risk"}
    assert fields("segmentation", "SegmentPrediction") - common == {"segment_id", "segment"}
    assert fields("purchase", "PurchasePrediction") - common == {"probability", "risk", "expected_value"}


def test_it_is_served_where_bentoml_looks_for_its_own(make_service: ServiceMaker) -> None:
    client = make_service("purchase").client

    document = client.get("/openapi.json").json()
    assert client.get("/docs.json").json() == document == describe("purchase")
    assert set(document["paths"]) == {"/predict", "/targets", "/model", "/livez", "/readyz", "/metrics"}
    assert "/early-warnings" in describe("churn")["paths"]
