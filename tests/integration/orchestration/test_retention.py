"""Records older than two years go, by the job that Dagster runs with the pipeline's login; the chain stays whole."""

import dagster as dg
import psycopg
import pytest

from backend.audit.chain import verify
from orchestration.resources import WarehouseResource
from orchestration.retention import retention
from orchestration.schedules import monthly_retention
from standalone.stack import Platform
from warehouse.database import Database, command, rows, value
from warehouse.databases import WAREHOUSE
from warehouse.retention import trim_audit

# A row of long ago at the beginning of the chain, as app.record_audit made it then.
_OLD_ENTRY = """
set local role customer_analyzer_owner;
create table app.audit_2020_01 partition of app.audit
for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00');
insert into app.audit values (
    1, '2020-01-15 12:00+00', 'cli', 'me', '', '', 'account:change', 'accounts', null, null, 'done', sha256(''), ''
);
update app.audit set sha256 = sha256(convert_to(app.audit_text(audit), 'UTF8'));
update app.audit_ends set last_sequence = 1, last_sha256 = (select sha256 from app.audit);
select app.record_audit('cli', 'me', '', '', 'account:change', 'accounts', null, null, 'done');
"""


def test_old_records_go_and_the_log_stays_whole(warehouse_url: str, empty_platform: Platform) -> None:
    warehouse, own = Database(warehouse_url), Database(empty_platform.backend_url)
    with empty_platform.server.connect(WAREHOUSE) as connection:
        connection.execute(_OLD_ENTRY)
    warehouse.run(
        command(
            "insert into ml.ledger"
            " (prediction_id, kind, model, model_version, feature_hash, horizon_days, basis, made_at)"
            " select gen_random_uuid(), 'prediction', 'churn', n, 'f', 30, 'model', date_trunc('month', now()) - age"
            " from (values (1, interval '25 months'), (2, interval '24 months'), (3, interval '0')) as ages (n, age)"
        )
    )
    with own.transaction() as connection:
        assert (verify(connection).rows, verify(connection).fault) == (2, None)

    with dg.DagsterInstance.ephemeral() as instance:
        done = retention.execute_in_process(
            instance=instance, resources={"warehouse": WarehouseResource(url=warehouse_url)}
        )
        assert done.success
    with own.transaction() as connection:
        found = verify(connection)
    assert (found.rows, found.last_sequence, found.fault) == (1, 2, None)
    assert own.run(value(int, "select first_sequence from app.audit_ends")) == 2
    assert warehouse.run(rows(int, "select model_version from ml.ledger order by 1")) == [2, 3]


def test_a_year_of_the_log_is_always_kept(warehouse_url: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        Database(warehouse_url).run(trim_audit(11))


def test_it_runs_every_month() -> None:
    assert monthly_retention.cron_schedule == "45 4 1 * *"
    assert monthly_retention.default_status is dg.DefaultScheduleStatus.RUNNING
