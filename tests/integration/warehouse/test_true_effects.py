"""A simulated shop, whose campaigns have a known effect: what is measured from its events is what is true."""

from datetime import UTC, datetime, time, timedelta

import polars as pl
from psycopg.types.json import Jsonb

from ingestion.importing import import_frames
from ml.experiments.effect import campaign_effect
from simulator import simulate
from simulator.population import Behaviour, draw_population
from simulator.simulation import START
from simulator.truth import truth
from simulator.week import CAMPAIGN_DAY, DAYS
from standalone.stack import Platform
from warehouse.database import Database
from warehouse.databases import WAREHOUSE
from warehouse.effects import COVARIATES, OUTCOMES, sums_by_day

USERS, SEED, WEEK, WINDOW = 6_000, 7, 2, 6
SIMULATED_DAYS = (WEEK + 1) * DAYS + CAMPAIGN_DAY
AS_OF = START + timedelta(days=WEEK * DAYS + CAMPAIGN_DAY)
# Half of the users are held out for good, and those who open their message are many, so that the effect is large.
BEHAVIOUR = Behaviour(initial_share=1.0, notification_probability=0.9, control_share=0.5, open_probability=0.6)

RECIPIENTS = """
insert into app.recipients (campaign_id, user_id, arm, state, selected_at, sent_at)
select %s, user_id, case event_type when 'notification_sent' then 'a' else 'control' end,
    case event_type when 'notification_sent' then 'sent' else 'control' end, occurred_at,
    case event_type when 'notification_sent' then occurred_at end
from raw.events where event_type in ('notification_sent', 'notification_withheld') and properties ->> 'campaign' = %s
"""


def test_the_measured_effect_is_the_true_one(warehouse_url: str, empty_platform: Platform) -> None:
    import_frames(warehouse_url, simulate(USERS, SIMULATED_DAYS, SEED, behaviour=BEHAVIOUR), "simulated")
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        (campaign_id,) = connection.execute(
            "insert into app.campaigns (name, kind, topic, is_transactional, audience, variants, control_share, state,"
            " made_by, started_at) values ('week', 'campaign', 'offers', false, '{}', %s, 0.5, 'done', 'me', %s)"
            " returning campaign_id",
            [Jsonb([{"name": "a", "texts": {"en": "Hello"}}]), AS_OF],
        ).fetchone() or (None,)
        connection.execute(RECIPIENTS, [campaign_id, f"week-{WEEK:03d}"])
        treated = connection.execute("select user_id from app.recipients where arm = 'a'").fetchall()
    since = datetime.combine(AS_OF, time(), UTC)
    until = since + timedelta(days=WINDOW + 2)
    added = Database(empty_platform.backend_url).run(sums_by_day(campaign_id, since, until, WINDOW))  # type: ignore[arg-type]
    shares = {"control": 0.5, "a": 0.5}
    effect = campaign_effect(added, shares, until.date(), WINDOW, OUTCOMES, COVARIATES)
    known = truth(draw_population(USERS, SIMULATED_DAYS, SEED, BEHAVIOUR), AS_OF, WINDOW)
    reached = known.join(pl.DataFrame({"user_id": [user for (user,) in treated]}), on="user_id", how="semi")
    expected = reached["notification_purchase_effect"].sum()
    buyers = effect.variants[0].outcomes[0].looks[-1]
    assert buyers.treated_users == len(treated)
    assert buyers.total_low is not None
    assert buyers.total_high is not None
    assert 0 < buyers.total_low < expected < buyers.total_high
    assert not effect.sample_ratio.is_mismatched
