"""The three services as `up` runs them: real Bentos, real HTTP, features from a real mart."""

import contextlib
import datetime
import json
import math
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx
import psycopg
import pytest
import yaml
from pydantic import SecretStr

from core.api_keys import digest_of
from core.storage import Storage
from ml.kinds import model_kind
from serving.client import PredictionClient
from serving.openapi import describe
from serving.schemas import EXPLANATION_OF, RESPONSE_OF
from standalone.local_key import ensure_local_key, key_to_show
from standalone.stack import Platform, running_platform
from tests.integration.conftest import command, own_settings
from tests.integration.serving.shop import KINDS
from warehouse.database import Database, rows
from warehouse.databases import WAREHOUSE

UNKNOWN = "a user nobody has ever seen"
SWAP_SECONDS = 4.0


class RanPlatform(Protocol):
    """What these tests need of a platform on which the pipeline ran."""

    @property
    def service_urls(self) -> dict[str, str]: ...

    @property
    def service_key(self) -> str: ...

    @property
    def warehouse_url(self) -> str: ...

    @property
    def platform(self) -> Platform: ...

    @property
    def home(self) -> Path: ...


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    given: str = request.param
    return given


@pytest.fixture
def service(ran_platform: RanPlatform, kind: str) -> Iterator[httpx.Client]:
    with client_of(ran_platform, kind) as client:
        yield client


def client_of(ran_platform: RanPlatform, kind: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {ran_platform.service_key}"}
    return httpx.Client(base_url=ran_platform.service_urls[kind], headers=headers, timeout=30, trust_env=False)


@pytest.fixture
def warehouse(ran_platform: RanPlatform) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(ran_platform.warehouse_url, autocommit=True) as connection:
        yield connection


def scored(warehouse: psycopg.Connection[Any], kind: str, users: int) -> dict[str, tuple[Any, ...]]:
    rows = warehouse.execute(
        "select user_id, score, segment_id, segment, as_of, model_version from ml.scores "
        "where model = %s and as_of = (select max(as_of) from ml.scores where model = %s) "
        "order by md5(user_id) limit %s",
        (kind, kind, users),
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_served_predictions_equal_batch_scores(
    service: httpx.Client, warehouse: psycopg.Connection[Any], kind: str
) -> None:
    scores = scored(warehouse, kind, 1000)
    assert len(scores) == 1000

    response = service.post("/predict", json={"user_ids": list(scores)})

    assert response.status_code == 200
    assert RESPONSE_OF[model_kind(kind).answer].validate_json(response.content, strict=True)
    predictions = response.json()["predictions"]
    assert [row["user_id"] for row in predictions] == list(scores)
    for row in predictions:
        score, segment_id, segment, as_of, version = scores[row["user_id"]]
        assert row["is_known"]
        assert (row["as_of"], row["model_version"]) == (as_of.isoformat(), version)
        if kind == "segmentation":
            assert (row["segment_id"], row["segment"]) == (segment_id, segment)
        else:
            assert math.isclose(row["probability"], score, rel_tol=0, abs_tol=1e-9)


def test_a_known_user_comes_with_reasons_in_words(
    service: httpx.Client, warehouse: psycopg.Connection[Any], kind: str
) -> None:
    row = service.post("/predict", json={"user_ids": list(scored(warehouse, kind, 1))}).json()["predictions"][0]

    assert row["reasons"]
    for reason in row["reasons"]:
        assert reason["label"] in reason["text"]
        assert math.isfinite(reason["contribution"])


def test_an_explanation_adds_up_to_the_stored_score(
    service: httpx.Client, warehouse: psycopg.Connection[Any], kind: str
) -> None:
    scores = scored(warehouse, kind, 100)

    response = service.post("/explain", json={"user_ids": list(scores)})

    assert response.status_code == 200
    assert EXPLANATION_OF[model_kind(kind).answer].validate_json(response.content, strict=True)
    for row in response.json()["explanations"]:
        parts = [each["contribution"] for family in row["families"] for each in family["features"]]
        assert math.isclose(row["bias"] + sum(parts), row["total"], abs_tol=1e-6)
        if kind != "segmentation":
            score = scores[row["prediction"]["user_id"]][0]
            assert math.isclose(row["total"], math.log(score / (1 - score)), abs_tol=1e-6)


def test_a_bento_carries_its_description(ran_platform: RanPlatform, kind: str) -> None:
    (file,) = ran_platform.home.glob(f"bentoml/{kind}/bentos/{kind}/*/apis/openapi.yaml")

    assert yaml.safe_load(file.read_text(encoding="utf-8")) == describe(kind)


def test_an_unknown_user_gets_the_prior(service: httpx.Client, kind: str) -> None:
    row = service.post("/predict", json={"user_ids": [UNKNOWN]}).json()["predictions"][0]

    assert (row["user_id"], row["is_known"], row["basis"]) == (UNKNOWN, False, "prior")
    if kind == "segmentation":
        assert (row["segment_id"], row["segment"]) == (None, "new")
    else:
        assert 0 < row["probability"] < 1


def test_features_can_be_given_instead_of_ids(service: httpx.Client, kind: str) -> None:
    names = [feature["name"] for feature in service.get("/model").json()["features"]]

    row = service.post("/predict", json={"features": [dict.fromkeys(names, 1.0)]}).json()["predictions"][0]

    assert row["is_known"]
    assert row["basis"] in ("model", "rule")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"user_ids": [1]}', "user_ids[0]"),
        (b'{"user_ids": []}', "user_ids"),
        (b'{"user_ids": ["1"], "hat": 1}', "hat"),
        (b'{"user_ids": ["1"], "as_of": "1890-01-01"}', "as_of"),
        (b'{"features": [{"orders_total": NaN}]}', "features[0].orders_total"),
        (b'{"user_ids": ["' + b"1" * 2_000_000 + b'"]}', "body"),
        (b'{"user_ids": ["\xff"]}', "body"),
        (b"not json", "body"),
    ],
)
def test_bad_input_is_told_which_field(service: httpx.Client, body: bytes, field: str) -> None:
    response = service.post("/predict", content=body, headers={"content-type": "application/json"})

    assert 400 <= response.status_code < 500
    assert field in [error["field"] for error in response.json()["errors"]]
    assert "Traceback" not in response.text


def test_health_metrics_and_description(service: httpx.Client, kind: str) -> None:
    service.post("/predict", json={"user_ids": [UNKNOWN]})

    assert service.get("/livez").status_code == service.get("/readyz").status_code == 200
    metrics = service.get("/metrics").text
    assert 'customer_analyzer_predictions_total{basis="prior"' in metrics
    assert "customer_analyzer_request_seconds_bucket" in metrics
    assert service.get("/openapi.json").json()["paths"].keys() == describe(kind)["paths"].keys()
    model = service.get("/model").json()
    assert (model["model"], model["refused"]) == (kind, None)
    assert model["metrics"]


def test_the_client_reads_what_the_service_writes(ran_platform: RanPlatform, kind: str) -> None:
    with PredictionClient(ran_platform.service_urls[kind], api_key=ran_platform.service_key) as client:
        assert client.is_ready()
        assert client.predict([UNKNOWN, UNKNOWN]).predictions[1].basis == "prior"
        assert client.model().model == kind


def test_served_predictions_are_in_the_ledger(
    service: httpx.Client, warehouse: psycopg.Connection[Any], kind: str
) -> None:
    users = [*scored(warehouse, kind, 3), UNKNOWN]
    predictions = service.post("/predict", json={"user_ids": users}).json()["predictions"]
    ids = [row["prediction_id"] for row in predictions]

    deadline = time.monotonic() + 10
    found: dict[str, tuple[Any, ...]] = {}
    while len(found) < len(ids) and time.monotonic() < deadline:
        time.sleep(0.1)
        rows = warehouse.execute(
            "select prediction_id::text, kind, model, user_id, model_version, as_of, basis, score, segment"
            " from ml.ledger where prediction_id = any(%s::uuid[])",
            (ids,),
        ).fetchall()
        found = {row[0]: row[1:] for row in rows}

    for row in predictions:
        said = (row.get("probability"), row.get("segment"))
        day = datetime.date.fromisoformat(row["as_of"])
        expected = ("prediction", kind, row["user_id"], row["model_version"], day, row["basis"], *said)
        assert found[row["prediction_id"]] == expected


def test_batch_scores_are_in_the_ledger(warehouse: psycopg.Connection[Any], kind: str) -> None:
    differing = warehouse.execute(
        "select count(*), count(*) filter (where ledger.score is distinct from scores.score"
        " or ledger.model_version <> scores.model_version or length(ledger.feature_hash) <> 64)"
        " from ml.scores left join ml.ledger on ledger.kind = 'score' and ledger.model = scores.model"
        " and ledger.as_of = scores.as_of and ledger.user_id = scores.user_id where scores.model = %s",
        (kind,),
    ).fetchone()
    assert differing is not None
    assert differing[0] > 0
    assert differing[1] == 0


@contextlib.contextmanager
def deployed(
    warehouse: psycopg.Connection[Any],
    service: httpx.Client,
    kind: str,
    *,
    version: int,
    digest: str,
    address: str,
) -> Iterator[int]:
    """A deployment row for the length of a test; the one before it is on top again, and in use, afterwards."""
    columns = "model, model_version, digest, artifact_uri, bento_tag, deployed_by"
    before = warehouse.execute(
        f"select {columns} from ml.deployments where model = %s order by deployment_id desc limit 1",  # noqa: S608
        (kind,),
    ).fetchone()
    assert before is not None
    insert = f"insert into ml.deployments ({columns}) values (%s, %s, %s, %s, %s, %s) returning deployment_id"  # noqa: S608
    row = warehouse.execute(insert, (kind, version, digest, address, "none", "test")).fetchone()
    assert row is not None
    try:
        yield row[0]
    finally:
        restored = warehouse.execute(insert, before).fetchone()
        assert restored is not None
        settled(service, restored[0])


def settled(service: httpx.Client, deployment_id: int) -> dict[str, Any]:
    """What `GET /model` says once the service has taken or refused a deployment."""
    deadline = time.monotonic() + SWAP_SECONDS
    while time.monotonic() < deadline:
        model: dict[str, Any] = service.get("/model").json()
        refused = model["refused"] or {}
        if deployment_id in (model["deployment_id"], refused.get("deployment_id")):
            return model
        time.sleep(0.1)
    raise AssertionError(f"deployment {deployment_id} was neither taken nor refused within {SWAP_SECONDS} s")


def test_a_deployment_is_taken_without_a_restart(
    service: httpx.Client, warehouse: psycopg.Connection[Any], kind: str
) -> None:
    row = warehouse.execute(
        "select digest, artifact_uri from ml.deployments where model = %s order by deployment_id desc limit 1",
        (kind,),
    ).fetchone()
    assert row is not None
    digest, address = row

    with deployed(warehouse, service, kind, version=977, digest=digest, address=address) as deployment_id:
        model = settled(service, deployment_id)
        answer = service.post("/predict", json={"user_ids": [UNKNOWN]}).json()

    assert (model["model_version"], model["refused"]) == (977, None)
    assert answer["model_version"] == 977


def test_a_corrupted_model_is_refused_and_the_old_one_answers(
    service: httpx.Client,
    warehouse: psycopg.Connection[Any],
    kind: str,
    ran_platform: RanPlatform,
    tmp_path: Path,
) -> None:
    row = warehouse.execute(
        "select artifact_uri, digest from ml.deployments where model = %s order by deployment_id desc limit 1", (kind,)
    ).fetchone()
    assert row is not None
    spoilt = tmp_path / "model"
    shutil.copytree(Storage(ran_platform.home, tmp_path).folder(row[0], row[1]), spoilt)
    (spoilt / "golden.json").write_text("{}", encoding="utf-8")
    before = service.get("/model").json()

    with deployed(warehouse, service, kind, version=978, digest="0" * 64, address=spoilt.as_uri()) as deployment_id:
        model = settled(service, deployment_id)
        response = service.post("/predict", json={"user_ids": [UNKNOWN]})

    assert model["refused"]["code"] == "artifact"
    assert model["model_version"] == before["model_version"]
    assert response.status_code == 200


def test_lists_for_a_budget_come_from_the_stored_scores(
    ran_platform: RanPlatform, warehouse: psycopg.Connection[Any]
) -> None:
    day = warehouse.execute("select max(as_of) from ml.scores where model = 'purchase'").fetchall()[0][0]
    best = warehouse.execute(
        "select user_id, score, expected_value from ml.scores where model = 'purchase' and as_of = %s "
        "order by expected_value desc, score desc, user_id limit 20",
        (day,),
    ).fetchall()
    cost = best[9][2]

    with client_of(ran_platform, "purchase") as client:
        response = client.post("/targets", json={"max_users": 20, "cost_per_contact": cost}).raise_for_status()

    listed = [(user["user_id"], user["probability"], user["expected_value"]) for user in response.json()["users"]]
    assert listed == [row for row in best if row[2] >= cost]


def test_early_warnings_are_about_who_was_active(ran_platform: RanPlatform, warehouse: psycopg.Connection[Any]) -> None:
    with client_of(ran_platform, "churn") as client:
        response = client.post("/early-warnings", json={"max_users": 10, "value_of_user": 50.0}).raise_for_status()

    body = response.json()
    assert len(body["users"]) == 10
    probabilities = [user["probability"] for user in body["users"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(math.isclose(user["expected_value"], 50 * user["probability"]) for user in body["users"])
    silent = warehouse.execute(
        "select max(days_since_last_activity) from marts.user_features where as_of = %s and user_id = any(%s)",
        (body["as_of"], [user["user_id"] for user in body["users"]]),
    ).fetchall()[0][0]
    assert silent <= 30


def test_health_alone_is_open_without_a_key(ran_platform: RanPlatform, kind: str) -> None:
    with httpx.Client(base_url=ran_platform.service_urls[kind], timeout=30, trust_env=False) as anybody:
        described = {path for path in describe(kind)["paths"] if path not in ("/livez", "/readyz", "/healthz")}
        for path in {*described, "/", "/docs.json", "/static_content/index.css", "/nowhere"}:
            assert {anybody.request(method, path).status_code for method in ("GET", "POST")} == {401}, path
        assert {anybody.get(path).status_code for path in ("/livez", "/readyz", "/healthz")} == {200}


def test_a_key_made_by_the_command_line_opens_within_seconds_until_it_is_revoked(ran_platform: RanPlatform) -> None:
    key, *_ = command(ran_platform.platform, "keys", "create", "bot").split()
    with httpx.Client(
        base_url=ran_platform.service_urls["churn"], headers={"authorization": f"Bearer {key}"}, trust_env=False
    ) as caller:
        assert becomes(caller, 200)
        listed = json.loads(command(ran_platform.platform, "keys", "list", "--json"))
        made = next(each for each in listed if each["name"] == "bot")
        assert made["revoked_at"] is None
        assert made["scopes"] == ["events:write", "predictions:read"]
        query = "select key_sha256 from app.api_keys where key_id = %(key_id)s"
        stored = Database(ran_platform.platform.backend_url).run(rows(bytes, query, key_id=made["key_id"]))
        assert stored == [digest_of(key)]
        command(ran_platform.platform, "keys", "revoke", str(made["key_id"]))
        assert becomes(caller, 401)


def becomes(caller: httpx.Client, status: int) -> bool:
    """Whether a service answers a caller so, within ten seconds."""
    deadline = time.monotonic() + 10
    while caller.get("/model").status_code != status and time.monotonic() < deadline:
        time.sleep(0.1)
    return caller.get("/model").status_code == status


def test_a_home_keeps_one_key_of_its_own_and_its_commands_use_it(ran_platform: RanPlatform) -> None:
    file = ran_platform.home / "service-key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert command(ran_platform.platform, "keys", "local").split() == [ran_platform.service_key]
    assert file.read_text().strip() == ran_platform.service_key
    assert UNKNOWN in command(ran_platform.platform, "predict", "churn", UNKNOWN)


def test_a_home_makes_a_new_key_where_its_own_was_revoked(tmp_path: Path) -> None:
    with running_platform(own_settings(tmp_path / "home")) as platform:
        first = ensure_local_key(platform)
        with platform.server.connect(WAREHOUSE) as connection:
            connection.execute("update app.api_keys set revoked_at = now()")
        second = ensure_local_key(platform)
        with platform.server.connect(WAREHOUSE) as connection:
            connection.execute("truncate app.api_keys")
        third = ensure_local_key(platform)

        assert len({first, second, third}) == 3
        assert ensure_local_key(platform) == third
        assert stat.S_IMODE(platform.home.service_key.stat().st_mode) == 0o600
        assert key_to_show(platform.settings, platform.home) == third
        given = platform.settings.model_copy(update={"service_key": SecretStr("ca_given")})
        assert key_to_show(given, platform.home) == "ca_given"
