"""The global control group over HTTP: who may change it, and when nobody may."""

from collections.abc import Callable

import httpx

from backend.access.permissions import Role
from tests.integration.backend.conftest import Api
from warehouse.database import execute_steps, rows
from warehouse.experiments import release_global_control, use_global_control

PATH = "/experiments/global-control"


def test_an_analyst_sets_the_group_and_a_campaign_locks_it(api: Api, signed_in: Callable[[Role], httpx.Client]) -> None:
    analyst, marketer = signed_in(Role.ANALYST), signed_in(Role.MARKETER)
    assert analyst.get(PATH).json() == {"share": None, "begun_at": None, "begun_by": None, "used_by": []}
    assert marketer.put(PATH, json={"share": 0.05}).status_code == 403
    for share in (0.005, 0.2):
        assert analyst.put(PATH, json={"share": share}).json()["errors"][0]["field"] == "share"
    made = analyst.put(PATH, json={"share": 0.05})
    assert made.status_code == 200
    assert marketer.get(PATH).json() == made.json()
    with api.own.transaction() as connection:
        execute_steps(connection, use_global_control("campaign:7"))
    refused = analyst.put(PATH, json={"share": None})
    assert refused.status_code == 409
    assert "campaign:7" in refused.json()["detail"]
    api.own.run(release_global_control("campaign:7"))
    assert analyst.put(PATH, json={"share": None}).json()["share"] is None
    recorded = "select after ->> 'share' from app.audit where action = 'experiment:control' order by sequence"
    assert api.own.run(rows(lambda share: share, recorded)) == ["0.05", None]
