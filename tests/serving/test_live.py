"""Services asked for live features: what is said, what is noted, and what does not go with them."""

import datetime
from typing import Any

import pytest

from tests.serving.doubles import AS_OF, Service

Json = dict[str, Any]


def test_live_features_count_everything_until_now(churn: Service) -> None:
    live = churn.client.post("/predict", json={"user_ids": ["3", "who?"], "freshness": "live"}).json()["predictions"]
    assert [row["is_known"] for row in live] == [True, False]
    assert live[0]["as_of"] == (AS_OF + datetime.timedelta(days=2)).isoformat()
    assert live[0]["known_until"] == f"{AS_OF + datetime.timedelta(days=1)}T09:00:00+00:00"
    assert live[0]["feature_age_days"] >= 0

    ((known, unknown),) = [entry.predictions for entry in churn.ledger.entries]
    assert known["live"]["snapshot"] == "1:1:"
    assert set(known["live"]["features"]) == set(churn.slot.current.model.feature_names)
    assert "live" not in unknown


@pytest.mark.parametrize("also", [{"as_of": AS_OF.isoformat()}, {"features": [{"orders_total": 1.0}]}])
def test_live_goes_with_ids_alone(churn: Service, also: Json) -> None:
    response = churn.client.post("/predict", json={"user_ids": ["3"], "freshness": "live", **also})
    assert response.status_code == 422
