"""The description a service gives of itself."""

import json

import pytest
from pydantic import TypeAdapter

from core.problems import Problem
from ml.kinds import Answer, model_kind
from serving.model_info import ModelInfo
from serving.openapi import describe
from serving.schemas import EXPLANATION_OF, RESPONSE_OF
from serving.targeting import RESPONSE, TARGETING
from tests.serving.doubles import KINDS, Service, ServiceMaker


def references(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(value) for value in node))
    return set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_reference_leads_to_a_schema(kind: str) -> None:
    document = describe(kind)

    named = {reference.removeprefix("#/components/schemas/") for reference in references(document)}
    assert named
    assert named <= document["components"]["schemas"].keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_says_what_it_means(kind: str) -> None:
    schemas = describe(kind)["components"]["schemas"]

    assert schemas["ExplanationRequest"]["examples"]
    request = schemas["PredictionRequest"]
    assert set(request["properties"]) == {"user_ids", "features", "as_of", "freshness", "reasons"}
    assert request["additionalProperties"] is False
    assert request["examples"]
    assert [way["required"] for way in request["oneOf"]] == [["user_ids"], ["features"]]
    assert all("description" in field for field in request["properties"].values())


def test_answers_differ_only_in_what_a_model_says() -> None:
    def fields(kind: str, name: str) -> set[str]:
        return set(describe(kind)["components"]["schemas"][name]["properties"])

    common = fields("churn", "ProbabilityPrediction") & fields("segmentation", "SegmentPrediction")
    assert common == {
        "prediction_id",
        "user_id",
        "is_known",
        "as_of",
        "known_until",
        "feature_age_days",
        "basis",
        "model_version",
        "reasons",
        "advice",
    }
    probability = {"probability", "probability_low", "probability_high", "risk"}
    assert fields("churn", "ProbabilityPrediction") - common == probability
    assert fields("segmentation", "SegmentPrediction") - common == {"segment_id", "segment"}
    amount = {"expected_amount", "expected_amount_low", "expected_amount_high"}
    assert fields("purchase", "ValuePrediction") - common == probability | amount | {"expected_value"}


EXAMPLES_OF = {
    "/predict": RESPONSE_OF,
    "/explain": EXPLANATION_OF,
    "/targets": dict.fromkeys(Answer, RESPONSE),
    "/early-warnings": dict.fromkeys(Answer, RESPONSE),
    "/model": dict.fromkeys(Answer, TypeAdapter(ModelInfo)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_examples_are_answers_a_service_could_give(kind: str) -> None:
    for path, item in describe(kind)["paths"].items():
        (operation,) = item.values()
        for status, response in operation["responses"].items():
            (content,) = response["content"].values()
            if status == "200" and path in EXAMPLES_OF:
                assert EXAMPLES_OF[path][model_kind(kind).answer].validate_json(
                    json.dumps(content["example"]), strict=True
                )
            elif "example" in content:
                assert TypeAdapter(Problem).validate_python(content["example"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_route_says_how_it_can_fail(kind: str) -> None:
    paths = describe(kind)["paths"]

    for path in {"/predict", "/explain", TARGETING.get(kind, "/predict")}:
        operation = paths[path]["post"]
        assert set(operation["responses"]) == {"200", "400", "401", "404", "413", "415", "422", "429", "500", "503"}
        assert "Retry-After" in operation["responses"]["429"]["headers"]
        assert "Retry-After" in operation["responses"]["503"]["headers"]
        assert "WWW-Authenticate" in operation["responses"]["401"]["headers"]
    for path in ("/predict", "/explain", "/model", "/metrics", "/openapi.json"):
        (operation,) = paths[path].values()
        assert {"401", "429", "500", "503"} <= set(operation["responses"])
        assert all("X-Request-ID" in response["headers"] for response in operation["responses"].values())
        assert "X-Request-ID" in [parameter["name"] for parameter in operation["parameters"]]
    for path in ("/predict", "/explain"):
        assert "Idempotency-Key" in [parameter["name"] for parameter in paths[path]["post"]["parameters"]]


@pytest.mark.parametrize("kind", KINDS)
def test_every_route_is_described(kind: str, make_service: ServiceMaker) -> None:
    routes = {route.path for route in make_service(kind).client.app.routes}  # type: ignore[attr-defined]

    assert set(describe(kind)["paths"]) == routes | {"/livez", "/readyz", "/healthz"}


def test_only_health_is_described_as_open() -> None:
    document = describe("purchase")

    assert {} not in document["security"]
    is_open = {path for path, item in document["paths"].items() if next(iter(item.values())).get("security") == []}
    assert is_open == {"/livez", "/readyz", "/healthz"}


def test_a_service_describes_itself(make_service: ServiceMaker) -> None:
    service = make_service("purchase")

    document = service.client.get("/openapi.json").json()
    assert document == describe("purchase", service.slot.current.model.catalogue)


def test_a_service_names_the_features_of_its_model(churn: Service) -> None:
    row = churn.client.get("/openapi.json").json()["components"]["schemas"]["FeatureRow"]

    assert row["required"] == list(churn.slot.current.model.feature_names)
    assert row["additionalProperties"] is False
    recency = row["properties"]["days_since_last_activity"]
    assert recency["anyOf"] == [{"type": "number"}, {"type": "null"}]
    assert recency["description"] == "days_since_last_activity as of the day. Unit: days."
    assert churn.client.post("/predict", json={"features": row["examples"]}).status_code == 200
