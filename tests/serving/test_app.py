"""What a service answers over HTTP, and what it says to requests it cannot answer."""

import asyncio
import datetime
import itertools
import json
import math
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import httpx
import polars as pl
import pytest
import time_machine

from core.logs import JsonFormatter
from ml.kinds import model_kind
from serving.online_features import Snapshot
from serving.schemas import RESPONSE_OF
from tests.serving.doubles import AS_OF, KEY, KINDS, SavedModel, Service, ServiceMaker

Json = dict[str, Any]

AGE_DAYS = 3
ASKED_AT = datetime.datetime.combine(AS_OF, datetime.time(23, 59, 59), datetime.UTC) + datetime.timedelta(AGE_DAYS)


def answers(response: httpx.Response) -> list[Json]:
    """The predictions of a response without their ids, which differ each time."""
    return [{name: row[name] for name in row.keys() - {"prediction_id"}} for row in response.json()["predictions"]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_known_user_gets_the_models_answer(
    kind: str, make_service: ServiceMaker, saved_models: dict[str, SavedModel], population: pl.DataFrame
) -> None:
    with time_machine.travel(ASKED_AT, tick=False):
        response = make_service(kind).client.post("/predict", json={"user_ids": ["8", "3", "8"]})

    assert response.status_code == 200
    body = response.json()
    assert RESPONSE_OF[model_kind(kind).answer].validate_json(response.content, strict=True)
    assert [row["user_id"] for row in body["predictions"]] == ["8", "3", "8"]
    first, _, again = body["predictions"]
    assert len({row.pop("prediction_id") for row in body["predictions"]}) == 3
    assert first == again
    assert first["is_known"] is True
    assert first["basis"] in ("model", "rule")
    assert first["as_of"] == AS_OF.isoformat()
    assert first["feature_age_days"] == AGE_DAYS
    assert first["model_version"] == body["model_version"] == 1
    assert 1 <= len(first["reasons"]) <= 3

    expected = saved_models[kind].load().model.predict(population.filter(pl.col("user_id") == "8")).row(0, named=True)
    if kind == "segmentation":
        assert (first["segment_id"], first["segment"]) == (expected["segment_id"], expected["segment"])
    else:
        assert math.isclose(first["probability"], expected["score"], abs_tol=1e-9)
        assert first["risk"] in ("low", "medium", "high")
    if kind == "purchase":
        assert math.isclose(first["expected_value"], expected["expected_value"], rel_tol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_user_gets_the_prior_marked_as_such(kind: str, make_service: ServiceMaker) -> None:
    known, unknown = make_service(kind).client.post("/predict", json={"user_ids": ["3", "who?"]}).json()["predictions"]

    assert known["is_known"] is True
    assert (unknown["is_known"], unknown["basis"], unknown["reasons"]) == (False, "prior", [])
    assert RESPONSE_OF[model_kind(kind).answer]
    if kind == "segmentation":
        assert (unknown["segment_id"], unknown["segment"]) == (None, "new")
        assert unknown["advice"] == ["Walk them through the first steps and towards a first order."]
    else:
        assert 0 < unknown["probability"] < 1


@pytest.mark.parametrize("kind", KINDS)
def test_features_in_the_request_are_answered_like_the_same_features_looked_up(
    kind: str, make_service: ServiceMaker
) -> None:
    service = make_service(kind)
    names = service.slot.current.model.feature_names
    row = {name: service.store.rows["3"][name] for name in names}

    (looked_up,) = answers(service.client.post("/predict", json={"user_ids": ["3"]}))
    service.store.is_away = True
    # One row a request: how many rows are multiplied at once may move the last digit of a sum.
    given = service.client.post("/predict", json={"features": [{"user_id": "3", "as_of": AS_OF.isoformat(), **row}]})
    nameless = service.client.post("/predict", json={"features": [row]})

    assert (given.status_code, nameless.status_code) == (200, 200)
    looked_up |= {"known_until": None}
    assert answers(given) == [looked_up]
    assert answers(nameless) == [looked_up | {"user_id": None, "as_of": None, "feature_age_days": None}]


def test_a_thousand_users_are_one_look_up_and_the_same_answers(churn: Service) -> None:
    users = [str(number % 300) for number in range(1000)]

    body = churn.client.post("/predict", json={"user_ids": users}).json()

    assert len(churn.store.asked) == 1
    assert [row["user_id"] for row in body["predictions"]] == users
    one = churn.client.post("/predict", json={"user_ids": [users[5]]}).json()["predictions"][0]
    assert math.isclose(body["predictions"][5]["probability"], one["probability"], abs_tol=1e-9)
    assert sum(row["is_known"] for row in body["predictions"]) == sum(int(user) < 240 for user in users)


@pytest.mark.parametrize(("reasons", "most"), [(0, 0), (1, 1), (10, 10)])
def test_reasons_are_as_many_as_asked(churn: Service, reasons: int, most: int) -> None:
    answer = churn.client.post("/predict", json={"user_ids": ["3"], "reasons": reasons}).json()["predictions"][0]

    assert len(answer["reasons"]) <= most
    sizes = [abs(reason["contribution"]) for reason in answer["reasons"]]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "body"),
        ({"user_ids": []}, 422, "user_ids"),
        ({"user_ids": None}, 422, "user_ids"),
        ({"user_ids": "3"}, 422, "user_ids"),
        ({"user_ids": [3]}, 422, "user_ids[0]"),
        ({"user_ids": ["3", ""]}, 422, "user_ids[1]"),
        ({"user_ids": ["3", "a\0b"]}, 422, "user_ids[1]"),
        ({"user_ids": ["x" * 257]}, 422, "user_ids[0]"),
        ({"user_ids": ["3"] * 1001}, 422, "user_ids"),
        ({"user_ids": ["3"], "features": [{}]}, 422, "body"),
        ({"user_ids": ["3"], "horizon": 7}, 422, "horizon"),
        ({"user_ids": ["3"], "as_of": "yesterday"}, 422, "as_of"),
        ({"user_ids": ["3"], "as_of": 19990101}, 422, "as_of"),
        ({"user_ids": ["3"], "as_of": "1990-01-01"}, 404, "as_of"),
        ({"user_ids": ["3"], "reasons": -1}, 422, "reasons"),
        ({"user_ids": ["3"], "reasons": 2.5}, 422, "reasons"),
        ({"user_ids": ["3"], "reasons": True}, 422, "reasons"),
        ({"features": []}, 422, "features"),
        ({"features": [{}]}, 422, "features[0].active_days_total"),
        ({"features": [{"shoe_size": 44}]}, 422, "features[0].shoe_size"),
        ({"features": [{"orders_total": "4"}]}, 422, "features[0].orders_total"),
        ({"features": [{"orders_total": True}]}, 422, "features[0].orders_total"),
        ({"features": [{"orders_total": [1]}]}, 422, "features[0].orders_total"),
        ([], 422, "body"),
        ("3", 422, "body"),
    ],
)
def test_a_bad_request_is_told_which_field(churn: Service, body: object, status: int, field: str) -> None:
    response = churn.client.post("/predict", json=body)

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert field in [error["field"] for error in problem["errors"]]
    assert problem["request_id"] == response.headers["x-request-id"]


def test_a_body_is_cut_off_however_it_is_sent(churn: Service) -> None:
    chunks = (b"x" * 100_000 for _ in range(20))

    response = churn.client.post("/predict", content=chunks, headers={"content-type": "application/json"})

    assert response.status_code == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": "application/vnd.bentoml+pickle"},
    ],
)
def test_only_plain_json_is_read(churn: Service, headers: dict[str, str]) -> None:
    response = churn.client.post("/predict", content=b'{"user_ids": ["3"]}', headers=headers)

    assert response.status_code == 415
    assert "application/json" in response.json()["detail"]


def test_overload_is_told_at_once_and_ends_by_itself(churn: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The house of these tests holds two."""
    fetch, release = churn.store.fetch, threading.Event()

    async def wait(*asked: Any) -> Snapshot:
        await asyncio.to_thread(release.wait, 10)
        return await fetch(*asked)

    monkeypatch.setattr(churn.store, "fetch", wait)

    def ask() -> httpx.Response:
        return churn.client.post("/predict", json={"user_ids": ["3"]})

    with ThreadPoolExecutor(6) as callers:
        waiting = [callers.submit(ask) for _ in range(6)]
        refused = [each.result() for each in itertools.islice(as_completed(waiting), 4)]
        release.set()
        answered = [each.result() for each in waiting if each.result() not in refused]

    assert [answer.status_code for answer in refused] == [429] * 4
    assert {answer.headers["retry-after"] for answer in refused} == {"2"}
    assert [answer.status_code for answer in answered] == [200] * 2
    assert ask().status_code == 200


def test_paths_nobody_knows_are_problems_and_share_one_label(churn: Service) -> None:
    answers = [churn.client.get(path) for path in ("/admin", "/a/b.php", "/predict/", "/..%2f")]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert answers[0].json()["title"] == "Not Found"
    figures = churn.client.get("/metrics").text
    assert 'customer_analyzer_request_seconds_count{route="other",status="404"} 4.0' in figures
    assert "admin" not in figures


def test_without_the_warehouse_ids_get_503_and_recover_by_themselves(churn: Service) -> None:
    churn.store.is_away = True
    away = churn.client.post("/predict", json={"user_ids": ["3"]})
    churn.store.is_away = False
    back = churn.client.post("/predict", json={"user_ids": ["3"]})

    assert away.status_code == 503
    assert away.headers["retry-after"] == "2"
    assert "features" in away.json()["detail"]
    assert back.status_code == 200


def test_before_the_first_snapshot_ids_get_503(churn: Service) -> None:
    churn.store.as_of = None

    response = churn.client.post("/predict", json={"user_ids": ["3"]})

    assert response.status_code == 503
    assert response.headers["retry-after"]


def test_an_unexpected_failure_shows_nothing_of_the_inside(churn: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def explode(*_: object) -> None:
        raise RuntimeError("select secret from /srv/place")

    monkeypatch.setattr(churn.store, "fetch", explode)

    response = churn.client.post("/predict", json={"user_ids": ["3"]})

    assert response.status_code == 500
    assert "secret" not in response.text
    assert "Traceback" not in response.text


@pytest.mark.parametrize(("sent", "is_kept"), [("bot-42.a_B", True), ("a b", False), ("x" * 65, False), ("", False)])
def test_a_request_keeps_its_id_if_that_is_fit_for_a_log(churn: Service, sent: str, is_kept: bool) -> None:
    response = churn.client.post("/predict", json={"user_ids": ["3"]}, headers={"x-request-id": sent})

    assert (response.headers["x-request-id"] == sent) is is_kept
    assert response.headers["x-request-id"]


def test_the_model_in_use_is_described(churn: Service, saved_models: dict[str, SavedModel]) -> None:
    body = churn.client.get("/model").json()

    assert body["digest"] == saved_models["churn"].digest
    assert (body["model"], body["model_version"], body["horizon_days"]) == ("churn", 1, 30)
    assert [feature["name"] for feature in body["features"]] == list(churn.slot.current.model.feature_names)
    assert body["features"][0]["unit"] == "days"
    assert body["metrics"] == {"auc": 0.8}
    assert body["cutoffs"]["as_of"] == AS_OF.isoformat()
    assert body["refused"] is None


def test_a_request_is_counted_and_timed(churn: Service) -> None:
    with time_machine.travel(ASKED_AT, tick=False):
        churn.client.post("/predict", json={"user_ids": ["3", "who?"]})
    churn.client.post("/predict", json={})

    def sample(name: str, **labels: str) -> float | None:
        return churn.registry.get_sample_value(f"customer_analyzer_{name}", labels)

    assert sample("request_seconds_count", route="/predict", status="200") == 1
    assert sample("request_seconds_count", route="/predict", status="422") == 1
    assert sample("predictions_total", basis="prior", model_version="1") == 1
    assert sample("feature_age_days_count") == 1
    assert sample("feature_age_days_sum") == AGE_DAYS


def test_the_log_of_a_request_has_neither_its_key_nor_its_body(
    churn: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(JsonFormatter("churn"))
    user = "somebody-4711"
    bodies: list[Json] = [{"user_ids": [user]}, {"user_ids": [user, 3]}, {"features": [{user: 1.0}]}]
    with caplog.at_level("DEBUG"):
        for body in bodies:
            churn.client.post("/predict", json=body, headers={"x-request-id": "r-1"})
        unknown = {"authorization": f"Bearer {KEY}x", "x-request-id": "r-1"}
        churn.client.post("/predict", json=bodies[0], headers=unknown)
        churn.store.is_away = True
        churn.client.post("/predict", json=bodies[0], headers={"x-request-id": "r-1"})

    lines = [json.loads(text) for text in caplog.text.splitlines() if '"serving.' in text]
    assert [line["http.response.status_code"] for line in lines if "http.response.status_code" in line] == [
        200,
        422,
        422,
        401,
        503,
    ]
    assert {line["http.request.id"] for line in lines} == {"r-1"}
    assert KEY not in caplog.text
    assert user not in caplog.text


def test_a_swap_shows_in_the_next_answer(churn: Service, saved_models: dict[str, SavedModel]) -> None:
    before = churn.client.post("/predict", json={"user_ids": ["3"]}).json()
    churn.slot.swap(saved_models["churn"].load(version=2))
    after = churn.client.post("/predict", json={"user_ids": ["3"]}).json()

    assert (before["model_version"], after["model_version"]) == (1, 2)
    assert after["predictions"][0]["model_version"] == 2


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_is_in_the_ledger_under_its_id(kind: str, make_service: ServiceMaker) -> None:
    service = make_service(kind)

    response = service.client.post(
        "/predict", json={"user_ids": ["8", "who?"]}, headers={"x-request-id": "r-1", "idempotency-key": "k-1"}
    )

    answers = response.json()["predictions"]
    (entry,) = service.ledger.entries
    loaded = service.slot.current
    assert (entry.model, entry.model_version, entry.horizon_days) == (kind, loaded.version, loaded.model.horizon_days)
    assert entry.feature_hash == loaded.model.feature_hash
    assert (entry.request_id, entry.idempotency_key) == ("r-1", "k-1")
    said = "segment" if kind == "segmentation" else "probability"
    recorded = "segment" if kind == "segmentation" else "score"
    assert [
        (row["prediction_id"], row["user_id"], row["as_of"], row["basis"], row[recorded]) for row in entry.predictions
    ] == [(row["prediction_id"], row["user_id"], AS_OF, row["basis"], row[said]) for row in answers]


def test_an_unfit_idempotency_key_is_refused(churn: Service) -> None:
    response = churn.client.post("/predict", json={"user_ids": ["8"]}, headers={"idempotency-key": "a b"})

    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert churn.ledger.entries == []
