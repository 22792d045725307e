"""A request with an Idempotency-Key: what it gets when it is sent again."""

import httpx
import pytest

from core.api_keys import digest_of, new_key
from serving.first_answers import request_hash
from tests.serving.doubles import AS_OF, KEY, KEY_ID, KINDS, SavedModel, Service, ServiceMaker

OTHER = new_key()
ASKED = {"user_ids": ["8", "8", "who?"]}


def ask(service: Service, key: str | None = "k-1", body: object = ASKED, path: str = "/predict") -> httpx.Response:
    headers = {} if key is None else {"idempotency-key": key}
    return service.client.post(path, json=body, headers=headers)


@pytest.mark.parametrize("path", ["/predict", "/explain"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_first_answer_is_given_again_byte_for_byte_after_a_swap(
    kind: str, path: str, make_service: ServiceMaker, saved_models: dict[str, SavedModel]
) -> None:
    service = make_service(kind)
    first = ask(service, path=path)
    service.slot.swap(saved_models[kind].load(version=2))
    service.store.as_of = None

    again = ask(service, path=path)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.json()["model_version"] == 1
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]


def test_a_repetition_is_recorded_and_counted_once(churn: Service) -> None:
    for _ in range(3):
        ask(churn)

    (entry,) = churn.ledger.entries
    assert len(entry.predictions) == 3
    counted = churn.registry.get_sample_value(
        "customer_analyzer_predictions_total", {"basis": "prior", "model_version": "1"}
    )
    assert counted == 1


def test_without_a_key_and_with_another_key_the_question_is_put_anew(churn: Service) -> None:
    answers = [ask(churn, key) for key in ("a", "b", None, None)]

    ids = [row["prediction_id"] for answer in answers for row in answer.json()["predictions"]]
    assert len(set(ids)) == 12
    assert len(churn.ledger.entries) == 4


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", {"user_ids": ["8", "8", "somebody"]}),
        ("/predict", {**ASKED, "reasons": 0}),
        ("/predict", {**ASKED, "as_of": AS_OF.isoformat()}),
        ("/explain", ASKED),
    ],
)
def test_a_key_used_for_another_request_is_refused(churn: Service, path: str, body: object) -> None:
    first = ask(churn)

    refused = ask(churn, body=body, path=path)

    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"field": "Idempotency-Key", "message": "was used for another request"}]
    assert len(churn.ledger.entries) == 1
    assert ask(churn).content == first.content


def test_a_key_belongs_to_its_caller(churn: Service) -> None:
    churn.keys.learn([(KEY_ID, digest_of(KEY)), (8, digest_of(OTHER))])
    first = ask(churn)

    headers = {"idempotency-key": "k-1", "authorization": f"Bearer {OTHER}"}
    others = churn.client.post("/predict", json={"user_ids": ["3"]}, headers=headers)

    assert others.status_code == 200
    assert ask(churn).content == first.content
    assert len(churn.ledger.entries) == 2


def test_a_key_is_for_one_model(make_service: ServiceMaker) -> None:
    churn, purchase = make_service("churn"), make_service("purchase")
    purchase.first_answers.stored = churn.first_answers.stored

    assert ask(churn).json()["model"] == "churn"
    assert ask(purchase).json()["model"] == "purchase"


def test_while_the_warehouse_is_away_keyed_requests_wait_and_others_are_answered(churn: Service) -> None:
    row = {name: churn.store.rows["3"][name] for name in churn.slot.current.model.feature_names}
    churn.first_answers.is_away = churn.store.is_away = True

    keyed, free = ask(churn, body={"features": [row]}), ask(churn, None, body={"features": [row]})

    assert (keyed.status_code, keyed.headers["retry-after"]) == (503, "2")
    assert "without an Idempotency-Key" in keyed.json()["detail"]
    assert free.status_code == 200
    assert len(churn.ledger.entries) == 1


def test_an_answer_that_cannot_be_stored_is_neither_given_nor_recorded(
    churn: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = churn.store.fetch

    async def fetch_and_lose(*asked: object) -> object:
        churn.first_answers.is_away = True
        return await fetch(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(churn.store, "fetch", fetch_and_lose)

    assert ask(churn).status_code == 503
    assert churn.ledger.entries == []


def test_of_two_workers_that_answer_at_once_the_first_to_store_wins(
    churn: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = churn.store.fetch
    raced: list[httpx.Response] = []

    async def fetch_late(*asked: object) -> object:
        monkeypatch.setattr(churn.store, "fetch", fetch)
        found = await fetch(*asked)  # type: ignore[arg-type]
        raced.append(await as_other_worker())
        return found

    async def as_other_worker() -> httpx.Response:
        transport = httpx.ASGITransport(churn.client.app)  # type: ignore[arg-type]
        headers = {"authorization": f"Bearer {KEY}", "idempotency-key": "k-1"}
        async with httpx.AsyncClient(transport=transport, base_url="http://other", headers=headers) as client:
            return await client.post("/predict", json=ASKED)

    monkeypatch.setattr(churn.store, "fetch", fetch_late)

    late = ask(churn)

    (first,) = raced
    assert late.content == first.content
    assert late.headers["idempotent-replayed"] == "true"
    assert len(churn.ledger.entries) == 1


def test_problems_are_not_stored(churn: Service) -> None:
    assert ask(churn, body={"user_ids": []}).status_code == 422
    churn.store.is_away = True
    assert ask(churn).status_code == 503
    churn.store.is_away = False

    assert ask(churn).status_code == 200


def test_a_hash_tells_every_byte() -> None:
    assert len({request_hash(*asked) for asked in (("/a", b"b"), ("/a", b"c"), ("/ab", b""), ("/", b"ab"))}) == 4
