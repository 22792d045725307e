"""Thirty users who are listed, for tests of lists of users and of what leads to them."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from tests.integration.backend.conftest import Api
from tests.integration.dbt_project.parsed import Parsed
from tests.integration.dbt_project.shop import AS_OF_DATES, FIRST_DAY, insert, random_events

AS_OF = AS_OF_DATES[-1]


@pytest.fixture(scope="module")
def listed_shop(api: Api, parsed: Parsed) -> Iterator[None]:
    """Thirty users of whom two are one person, scored by purchase and segmentation, and listed."""
    with api.warehouse.transaction() as connection:
        connection.execute("select raw.ensure_event_partitions(%s, %s)", [FIRST_DAY, date(2024, 5, 30)])
        insert(connection, random_events(seed=4))
        connection.execute(
            "insert into raw.user_aliases (old_user_id, new_user_id, known_at, said_by)"
            " values ('user 28', 'user 29', '2024-02-01', 'a test')"
        )
        connection.execute(
            "insert into ml.scores (model, user_id, as_of, horizon_days, score, expected_value, lifetime_value_90d,"
            " lifetime_value_365d, segment, segment_id, basis, model_version)"
            " select 'purchase', 'user ' || n, %(as_of)s::date, 30, n / 100.0, nullif(n / 2, 3), nullif(n, 6),"
            " nullif(2 * n, 12), null, null, 'model', 1 from generate_series(0, 29) as n union all"
            " select 'segmentation', 'user ' || n, %(as_of)s, 0, 1, null, null, null, 'segment ' || n %% 3, n %% 3,"
            " 'model', 1"
            " from generate_series(0, 29) as n",
            {"as_of": AS_OF},
        )
        connection.execute(
            "insert into ml.ledger (prediction_id, kind, model, model_version, feature_hash, user_id, as_of,"
            " horizon_days, score, basis, made_at)"
            " select gen_random_uuid(), 'prediction', 'purchase', n, 'f', 'user ' || (28 + n % 2), '2024-02-01', 30,"
            " .5, 'model', '2024-02-01'::timestamptz + n / 2 * interval '1 hour' from generate_series(1, 9) as n"
        )
        connection.execute(
            "insert into ml.scores (model, user_id, as_of, horizon_days, score, segment, segment_id, basis,"
            " model_version) values ('segmentation', 'user 4', %(as_of)s::date - 7, 0, 1, 'segment 9', 9, 'model', 1)",
            {"as_of": AS_OF},
        )
    parsed.for_the_shop("seed")
    parsed.for_the_shop("run", "--select", "+user_list +customer_rfm")
    yield


def pages(caller: httpx.Client, path: str, key: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """The pages of a list, to its end."""
    cursor: dict[str, str] = {}
    while True:
        response = caller.get(path, params={**query, **cursor})
        assert response.status_code == 200, response.text
        yield response.json()[key]
        if response.json()["next_cursor"] is None:
            return
        cursor = {"cursor": response.json()["next_cursor"]}


def found(caller: httpx.Client, **query: Any) -> set[str]:
    """The ids of all users that a question finds."""
    return {user["user_id"] for page in pages(caller, "/users", "users", **query) for user in page}
