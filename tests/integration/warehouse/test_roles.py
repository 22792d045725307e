"""Who may do what in the warehouse, statement by statement, as the logins of a real platform."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from pydantic import SecretStr

from core.errors import DatabaseError
from core.home import LOOPBACK, prepare_home
from standalone.postgres import embedded_postgres
from standalone.stack import Platform
from warehouse.databases import DAGSTER, MLFLOW, WAREHOUSE, Server, embedded_server, ensure_databases, given_server
from warehouse.logins import Access, prepare_server
from warehouse.migration import migrate, read_migrations
from warehouse.passfile import Entry, read_entries
from warehouse.roles import BACKEND, LOGS, MONITORING, OWNER, PIPELINE, SERVING, prepare_databases

Connection = psycopg.Connection[tuple[object, ...]]
Connect = Callable[[str], Connection]

PREDICTION = (
    "insert into ml.ledger (prediction_id, kind, model, model_version, feature_hash, user_id, horizon_days, basis)"
    " values (gen_random_uuid(), 'prediction', 'churn', 1, 'f', 'u', 30, 'model')"
)
SCORE = (
    "insert into ml.scores (user_id, as_of, horizon_days, model, model_version, score, basis)"
    " values ('u', '2025-01-01', 30, 'churn', 1, 0.5, 'model')"
)
EVENT = (
    "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source)"
    " values (gen_random_uuid(), 'u', 'view', '2025-01-02', '2025-01-02', 'web')"
)
MART = "create table marts.user_features (user_id text, as_of date)"

# What each role needs, and everything that it must not be able to do: role, statement.
ALLOWED = [
    (PIPELINE, "select raw.ensure_event_partitions('2025-01-02', '2025-01-02')"),
    (PIPELINE, f"select raw.ensure_event_partitions('2025-01-02', '2025-01-02'); {EVENT}"),
    (PIPELINE, "create temporary table arriving on commit drop as select * from raw.events limit 0"),
    (PIPELINE, "lock table raw.erased_users in share mode"),
    (PIPELINE, "select last_value from raw.receipts"),
    (PIPELINE, "analyze raw.events"),
    (PIPELINE, "analyze ml.scores"),
    (PIPELINE, SCORE),
    (PIPELINE, "delete from ml.scores"),
    (PIPELINE, "create table marts.more (a int); drop table marts.more"),
    (PIPELINE, "comment on table ml.outcomes is 'as dbt does'"),
    (PIPELINE, "create schema further; drop schema further"),
    (PIPELINE, "select app.add_notice('run', '{}')"),
    (SERVING, "select * from marts.user_features"),
    (SERVING, "select * from ml.scores"),
    (SERVING, "select * from ml.deployments"),
    (SERVING, "select key_sha256, revoked_at from app.api_keys"),
    (SERVING, "select * from ml.assignments"),
    (SERVING, f"{PREDICTION} on conflict (prediction_id) do nothing"),
    (SERVING, "delete from ml.first_answers"),
    (SERVING, "delete from ml.workers"),
    (BACKEND, "select * from marts.user_features"),
    (BACKEND, "select * from ml.ledger"),
    (BACKEND, "select * from ml.promotions"),
    (BACKEND, f"select raw.begin_receipt(array['2025-01-02'::timestamptz], array[1]); {EVENT}"),
    (BACKEND, "select * from raw.events"),
    (BACKEND, "insert into app.api_keys (name, key_sha256, scopes) values ('bot', sha256('key'), '{events:write}')"),
    (BACKEND, "delete from app.accounts"),
    (BACKEND, "select app.record_audit('key:1', 'bot', '', '', 'account:read', 'accounts', null, null, 'done')"),
    (BACKEND, "select * from app.audit"),
    (BACKEND, "select * from app.notices"),
    (BACKEND, "delete from app.alerts"),
    (PIPELINE, "select * from app.run_ends"),
    (LOGS, "select logs.add_line('a:0', 'api', '{}'); select * from logs.lines"),
    (LOGS, "select logs.add_line('a:0', 'api', 'no json')"),
    (MONITORING, "select raw.newest_receipt()"),
    (MONITORING, "select * from app.newest_day()"),
    (MONITORING, "select * from pg_ls_waldir()"),
]
REFUSED = [
    *(
        (role, statement)
        for role in (SERVING, BACKEND, MONITORING, LOGS)
        for statement in (
            "drop table ml.ledger",
            "drop table marts.user_features",
            "drop schema ml cascade",
            "truncate ml.ledger",
            "delete from ml.ledger",
            "update ml.ledger set score = 1",
            "alter table ml.ledger disable trigger user",
            "delete from ml.scores",
            SCORE,
            "insert into ml.deployments (model, model_version, digest, artifact_uri, bento_tag, deployed_by)"
            " values ('churn', 9, 'd', '/p', 't', 'me')",
            "delete from app.api_keys",
            "insert into app.audit select * from app.audit",
            "update app.audit set result = 'done'",
            "delete from app.audit",
            "update app.audit_ends set last_sequence = 0",
            "select app.drop_audit(now())",
            "update app.signing_keys set secret = sha256('mine')",
            "delete from raw.events",
            "update raw.events set amount = 1",
            "delete from raw.events_quarantine",
            "update raw.events_quarantine set reason = ''",
            "update jobs.uploads set bytes = 0",
            "select * from jobs.procrastinate_jobs",
            "select * from raw.erasure_key",
            "select raw.user_hash('u')",
            "select * from public.schema_migrations",
            "create table marts.mine (a int)",
            "create table public.mine (a int)",
            "create temporary table mine (a int)",
            "create schema mine",
            "create role mine",
            "copy (select 1) to program 'true'",
            "select pg_read_file('PG_VERSION')",
            f"set role {OWNER}",
            f"set role {PIPELINE}",
        )
    ),
    *(
        (role, statement)
        for role in (SERVING, BACKEND, MONITORING)
        for statement in ("select * from logs.lines", "select logs.add_line('a:0', 'api', '{}')")
    ),
    (LOGS, "delete from logs.lines"),
    (LOGS, "update logs.lines set line = '{}'"),
    (LOGS, "insert into logs.lines values ('2026-01-01', 'a:0', now(), 'api', 'info', '{}')"),
    (LOGS, "select logs.begin_day('2020-01-01')"),
    (LOGS, "create table logs.mine (a int)"),
    (LOGS, "select * from raw.events"),
    (LOGS, "select * from app.accounts"),
    (LOGS, "select user_id from ml.scores"),
    (SERVING, "select * from raw.events"),
    (SERVING, "select * from ml.promotions"),
    (BACKEND, PREDICTION),
    (BACKEND, "select * from ml.first_answers"),
    (SERVING, "insert into app.api_keys (name, key_sha256, scopes) values ('m', sha256('k'), '{events:write}')"),
    (SERVING, "update app.api_keys set revoked_at = null"),
    (SERVING, "select account_id from app.api_keys"),
    (SERVING, "select app.record_audit('key:1', 'bot', '', '', 'account:read', 'accounts', null, null, 'done')"),
    (BACKEND, "select app.add_notice('run', '{}')"),
    (SERVING, "select * from app.notices"),
    (PIPELINE, "insert into app.notices values (1, now(), 'run', '{}')"),
    (PIPELINE, "update app.notice_ends set last_id = 0"),
    (SERVING, "select app.audited_user('anna')"),
    (SERVING, "select * from app.accounts"),
    (PIPELINE, "select * from app.accounts"),
    (PIPELINE, "select * from app.api_keys"),
    (PIPELINE, "delete from app.alerts"),
    (MONITORING, "select * from raw.events"),
    (MONITORING, "select row from raw.events_quarantine"),
    (MONITORING, "select user_id from app.recipients"),
    (MONITORING, "select user_id from jobs.user_jobs"),
    (MONITORING, "select user_id from ml.scores"),
    (MONITORING, "select * from ml.ledger"),
    (MONITORING, "select * from marts.user_features"),
    (MONITORING, "select * from app.accounts"),
    (MONITORING, "delete from app.run_ends"),
    (PIPELINE, "drop table ml.ledger"),
    (PIPELINE, "alter table ml.scores drop column score"),
    (PIPELINE, "drop table raw.imports"),
    (PIPELINE, "drop schema ml cascade"),
    (PIPELINE, "delete from public.schema_migrations"),
    (PIPELINE, "create role mine"),
    (PIPELINE, f"set role {OWNER}"),
    (PIPELINE, "copy (select 1) to program 'true'"),
]


@pytest.fixture(scope="module")
def as_role(empty_platform: Platform, shared_warehouse_url: str) -> Connect:
    """Connects as a role's login, to the warehouse with one mart that the pipeline has made."""
    access = empty_platform.access
    # A copy of a database has no rights of its own, as a restored one has none.
    prepare_databases(empty_platform.server)
    servers = {
        PIPELINE: access.pipeline,
        SERVING: access.serving,
        BACKEND: access.backend,
        MONITORING: access.monitoring,
        LOGS: access.logs,
    }
    with servers[PIPELINE].connect(WAREHOUSE) as connection:
        connection.execute(MART)
    return lambda role: servers[role].connect(WAREHOUSE)


def ask(connection: Connection, query: str) -> object:
    ((answer,),) = connection.execute(query.encode()).fetchall()
    return answer


@pytest.mark.parametrize(("role", "statement"), ALLOWED)
def test_a_role_may_do_what_it_must(as_role: Connect, role: str, statement: str) -> None:
    with as_role(role) as connection:
        connection.execute(statement.encode())
        connection.rollback()


@pytest.mark.parametrize(("role", "statement"), REFUSED)
def test_a_role_may_do_no_more(as_role: Connect, role: str, statement: str) -> None:
    with as_role(role) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_erased_users_stay_out_of_what_services_write(as_role: Connect, empty_platform: Platform) -> None:
    with empty_platform.server.connect(WAREHOUSE) as connection:
        connection.execute("insert into raw.erased_users (user_hash, trained_models) values (raw.user_hash('u'), '[]')")
    with as_role(SERVING) as connection:
        connection.execute(PREDICTION.encode())
        assert ask(connection, "select count(*) from ml.ledger") == 0
    with empty_platform.server.connect(WAREHOUSE) as connection:
        connection.execute("delete from raw.erased_users")


@pytest.mark.parametrize("database", [DAGSTER, MLFLOW])
def test_the_databases_of_the_pipelines_tools_are_closed(empty_platform: Platform, database: str) -> None:
    for server in (empty_platform.access.serving, empty_platform.access.backend):
        with pytest.raises(DatabaseError, match=f"does not let customer_analyzer_\\w+ into {database}"):
            server.connect(database)
    with empty_platform.access.pipeline.connect(database) as connection:
        connection.execute("create table public.a_tools_own (a int)")
        connection.rollback()


def test_a_partition_belongs_to_the_pipeline_whichever_way_its_events_came(as_role: Connect) -> None:
    with as_role(PIPELINE) as connection:
        connection.execute("select raw.begin_receipt(array['2031-01-01 00:00+00'::timestamptz], array[1])")
        assert ask(connection, "select tableowner from pg_tables where tablename = 'events_2031_01'") == PIPELINE
        connection.rollback()


def test_what_a_login_makes_belongs_to_its_role(as_role: Connect) -> None:
    with as_role(PIPELINE) as connection:
        assert ask(connection, "select tableowner from pg_tables where tablename = 'user_features'") == PIPELINE


@contextmanager
def embedded(folder: Path) -> Iterator[tuple[Server, Path]]:
    home = prepare_home(folder / "home")
    with embedded_postgres(home) as port:
        yield embedded_server(home, port), home.passfile


def test_tables_that_one_user_made_get_their_owners(tmp_path: Path) -> None:
    """As an earlier version made them: everything as the superuser."""
    with embedded(tmp_path) as (server, passfile):
        ensure_databases(server)
        with server.connect(WAREHOUSE, autocommit=True) as connection:
            migrate(connection, read_migrations())
            connection.execute("select raw.ensure_event_partitions('2025-01-02', '2025-01-02')")
            connection.execute(EVENT.encode())
            connection.execute("create schema marts")
            connection.execute(MART.encode())
        with server.connect(MLFLOW) as connection:
            connection.execute('create table public."Runs" (run_id bigint generated always as identity)')

        access = prepare_server(server, passfile)

        owners = "select string_agg(distinct tableowner, ' ' order by tableowner) from pg_tables where schemaname = "
        with access.pipeline.connect(WAREHOUSE) as connection:
            assert ask(connection, f"{owners} 'ml'") == f"{OWNER} {PIPELINE}"
            assert ask(connection, f"{owners} 'raw'") == f"{OWNER} {PIPELINE}"
            assert ask(connection, f"{owners} 'marts'") == PIPELINE
            assert ask(connection, "select count(*) from raw.events") == 1
            connection.execute("drop table raw.events_2025_01")
            connection.rollback()
        with access.serving.connect(WAREHOUSE) as connection:
            assert ask(connection, "select count(*) from marts.user_features") == 0
        with access.pipeline.connect(MLFLOW) as connection:
            connection.execute('insert into public."Runs" default values')
            connection.execute('drop table public."Runs"')


def test_a_lost_password_is_made_anew(tmp_path: Path) -> None:
    with embedded(tmp_path) as (server, passfile):
        before = prepare_server(server, passfile)
        kept = [entry for entry in read_entries(passfile) if entry.user == server.user]
        old = {entry.user: entry.password for entry in read_entries(passfile)}
        passfile.write_text("".join(f"{LOOPBACK}:*:*:{entry.user}:{entry.password}\n" for entry in kept))

        assert prepare_server(server, passfile) == before

        with before.serving.connect(WAREHOUSE):
            pass
        stale = replace(before.serving, passfile=None, password=SecretStr(old[before.serving.user]))
        with pytest.raises(DatabaseError, match="refuses the password"):
            stale.connect(WAREHOUSE)


def guest(server: Server, rights: str) -> Server:
    """A given server: the embedded one, as a user with these rights."""
    with server.connect("postgres", autocommit=True) as connection:
        connection.execute(f"create role guest login password 'guest' {rights}".encode())
    return given_server(SecretStr(f"postgresql://guest:guest@{LOOPBACK}:{server.port}/postgres"))


def test_a_given_server_has_roles_too_and_logins_for_each_home(tmp_path: Path) -> None:
    """Its user is no superuser: as in the cloud, it may make databases and roles."""
    with embedded(tmp_path) as (server, _):
        given = guest(server, "createdb createrole")
        homes: list[Access] = [prepare_server(given, tmp_path / name) for name in ("one", "two", "one")]

        assert [access.problem for access in homes] == [None, None, None]
        assert homes[0] == homes[2]
        assert homes[0].serving.user != homes[1].serving.user
        assert [(each.host, each.port) for each in read_entries(tmp_path / "one")] == [(LOOPBACK, str(server.port))] * 5
        for access in homes:
            with access.pipeline.connect(WAREHOUSE) as connection:
                assert ask(connection, "select current_user") == PIPELINE
            with access.serving.connect(WAREHOUSE) as connection, pytest.raises(errors.InsufficientPrivilege):
                connection.execute("delete from ml.ledger")


def test_who_may_not_make_roles_uses_one_user_and_is_told(tmp_path: Path) -> None:
    with embedded(tmp_path) as (server, _):
        given = guest(server, "createdb")
        access = prepare_server(given, tmp_path / "pgpass")
        assert access.pipeline == access.serving == access.backend == given
        assert access.problem is not None
        assert 'run `alter role "guest" createrole`' in access.problem
        assert read_entries(tmp_path / "pgpass") == []
        with given.connect(WAREHOUSE) as connection:
            assert ask(connection, "select count(*) from raw.events") == 0

        # Once they may, the same home goes on with roles.
        with server.connect("postgres", autocommit=True) as connection:
            connection.execute("alter role guest createrole")
        after = prepare_server(given, tmp_path / "pgpass")
        assert after.problem is None
        with after.serving.connect(WAREHOUSE) as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute("drop table ml.ledger")


def test_a_password_in_the_file_survives_a_new_data_folder(tmp_path: Path) -> None:
    """The home keeps logins of a server that has lost them: they are made again with the passwords it has."""
    with embedded(tmp_path) as (server, passfile):
        access = prepare_server(server, passfile)
        before: list[Entry] = read_entries(passfile)
        with server.connect("postgres", autocommit=True) as connection:
            connection.execute(f"drop role {access.backend.user}".encode())
        assert prepare_server(server, passfile) == access
        # The one that was made again comes last.
        assert sorted(read_entries(passfile), key=str) == sorted(before, key=str)
        with access.backend.connect(WAREHOUSE):
            pass
