"""What `POST /explain` takes apart, and that it says the same as `POST /predict`."""

import math
from typing import Any

import numpy as np
import pytest

from serving.schemas import EXPLANATION_OF, MAX_EXPLAINED_ROWS
from tests.serving.doubles import AS_OF, KINDS, Service, ServiceMaker

Json = dict[str, Any]
BOTH: tuple[str, ...] = ("purchase", "churn")


def log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


def explained(service: Service, *user_ids: str) -> list[Json]:
    response = service.client.post("/explain", json={"user_ids": user_ids})
    assert response.status_code == 200
    assert EXPLANATION_OF[service.slot.current.answer].validate_json(response.content, strict=True)
    explanations: list[Json] = response.json()["explanations"]
    return explanations


def assert_adds_up(explanation: Json) -> None:
    for family in explanation["families"]:
        assert math.isclose(
            family["contribution"], sum(each["contribution"] for each in family["features"]), abs_tol=1e-9
        )
    parts = sum(family["contribution"] for family in explanation["families"])
    assert math.isclose(explanation["bias"] + parts, explanation["total"], abs_tol=1e-6)


@pytest.mark.parametrize("kind", BOTH)
def test_contributions_add_up_to_the_log_odds_of_the_answer(kind: str, make_service: ServiceMaker) -> None:
    service = make_service(kind)
    users = [str(number) for number in range(60)]

    rows = explained(service, *users)

    assert [row["prediction"]["user_id"] for row in rows] == users
    for row in rows:
        assert_adds_up(row)
        assert math.isclose(row["total"], log_odds(row["prediction"]["probability"]), abs_tol=1e-6)
        features = [each["feature"] for family in row["families"] for each in family["features"]]
        assert sorted(features) == sorted(service.slot.current.model.feature_names)
        sizes = [abs(family["contribution"]) for family in row["families"]]
        assert sizes == sorted(sizes, reverse=True)


def test_a_rule_starts_from_the_base_rate_and_one_feature_tells_the_rest(churn: Service) -> None:
    """Who was silent for longer than the horizon is outside of what the churn model learned from."""
    silent = [user for user, row in churn.store.rows.items() if (row["days_since_last_activity"] or 0) > 30][:20]

    rows = explained(churn, *silent)

    base = log_odds(churn.slot.current.prior["score"])
    assert {row["prediction"]["basis"] for row in rows} == {"rule"}
    for row in rows:
        assert_adds_up(row)
        assert math.isclose(row["bias"], base, abs_tol=1e-6)
        parts = {each["feature"]: each["contribution"] for family in row["families"] for each in family["features"]}
        recency = parts.pop("days_since_last_activity")
        assert set(parts.values()) == {0.0}
        assert math.isclose(base + recency, log_odds(row["prediction"]["probability"]), abs_tol=1e-6)


@pytest.mark.parametrize("kind", BOTH)
def test_a_prior_is_all_bias(kind: str, make_service: ServiceMaker) -> None:
    known, unknown = explained(make_service(kind), "3", "who?")

    assert known["families"]
    assert unknown["prediction"]["basis"] == "prior"
    assert unknown["families"] == []
    assert unknown["total"] == unknown["bias"]
    assert math.isclose(unknown["total"], log_odds(unknown["prediction"]["probability"]), abs_tol=1e-9)


def test_nobody_known_is_explained_too(churn: Service) -> None:
    assert [row["families"] for row in explained(churn, "who?", "nobody")] == [[], []]


def test_a_segment_is_explained_by_how_much_nearer_it_is_than_the_average(make_service: ServiceMaker) -> None:
    service = make_service("segmentation")

    known, unknown = explained(service, "8", "who?")

    model: Any = service.slot.current.model
    values = [[service.store.rows["8"][name] for name in model.feature_names]]
    point = model.scaling.transform(np.array(values, np.float64))[0]
    place = [segment.segment_id for segment in model.segments].index(known["prediction"]["segment_id"])
    nearer = (point**2).sum() - ((point - model.centroids[place]) ** 2).sum()
    assert_adds_up(known)
    assert math.isclose(known["total"], nearer, abs_tol=1e-9)
    assert (known["bias"], unknown["total"], unknown["bias"], unknown["families"]) == (0, 0, 0, [])


@pytest.mark.parametrize("kind", KINDS)
def test_it_explains_what_predict_says(kind: str, make_service: ServiceMaker) -> None:
    service = make_service(kind)
    asked: Json = {"user_ids": ["3", "who?", "8"], "as_of": AS_OF.isoformat(), "reasons": 2}

    said = service.client.post("/predict", json=asked).json()
    told = service.client.post("/explain", json=asked).json()

    ids = [
        [row.pop("prediction_id") for row in rows]
        for rows in ([row["prediction"] for row in told["explanations"]], said["predictions"])
    ]
    assert [row["prediction"] for row in told["explanations"]] == said["predictions"]
    assert {name: told[name] for name in ("model", "model_version", "horizon_days")} == {
        name: said[name] for name in ("model", "model_version", "horizon_days")
    }
    assert told["unit"] == ("squared_distance" if kind == "segmentation" else "log_odds")
    predicted, explained = service.ledger.entries
    assert [[row["prediction_id"] for row in entry.predictions] for entry in (explained, predicted)] == ids


@pytest.mark.parametrize("kind", KINDS)
def test_features_can_be_explained_while_the_warehouse_is_away(kind: str, make_service: ServiceMaker) -> None:
    service = make_service(kind)
    row = {name: service.store.rows["7"][name] for name in service.slot.current.model.feature_names}
    (looked_up,) = explained(service, "7")
    service.store.is_away = True

    away = service.client.post("/explain", json={"user_ids": ["7"]})
    given = service.client.post("/explain", json={"features": [row]}).json()["explanations"][0]

    assert away.status_code == 503
    assert away.headers["retry-after"] == "2"
    assert given["families"] == looked_up["families"]
    values = {each["feature"]: each["value"] for family in given["families"] for each in family["features"]}
    assert values == row
    assert None in values.values()


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"user_ids": ["3"] * (MAX_EXPLAINED_ROWS + 1)}, 422, "user_ids"),
        ({"features": [{}] * (MAX_EXPLAINED_ROWS + 1)}, 422, "features"),
        ({"user_ids": ["3"], "as_of": "1990-01-01"}, 404, "as_of"),
        ({"user_ids": ["3"], "features": [{}]}, 422, "body"),
        ({"user_ids": ["3"], "hat": 1}, 422, "hat"),
    ],
)
def test_a_bad_request_is_told_which_field(churn: Service, body: object, status: int, field: str) -> None:
    response = churn.client.post("/explain", json=body)

    assert response.status_code == status
    assert field in [error["field"] for error in response.json()["errors"]]
    assert churn.ledger.entries == []
