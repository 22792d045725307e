"""The roles of the platform's databases: one owns the schema, and each other may do no more than it must.

Belongs here: making the roles, giving them what they own, and applying `grants.sql`, which says what each may do. Does
not belong here: logins and their passwords (`logins`).

    owner       owns the schema; migrations run as it
    pipeline    brings events in, owns events and marts, records what models do
    serving     reads features, scores, deployments and keys; adds to the ledger
    backend     reads what people are shown, adds events, and keeps accounts and keys
    monitoring  reads ages and counts, and nothing about anybody
    logs        adds lines to the log of all processes and reads them, and nothing else

Nobody can log in as a role. A login is a member of one and acts as it from the start.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from warehouse.database import Connection
from warehouse.databases import DAGSTER, MLFLOW, WAREHOUSE, Server
from warehouse.migration import migrate, read_migrations

OWNER = "customer_analyzer_owner"
PIPELINE = "customer_analyzer_pipeline"
SERVING = "customer_analyzer_serving"
BACKEND = "customer_analyzer_backend"
MONITORING = "customer_analyzer_monitoring"
LOGS = "customer_analyzer_logs"
ROLES = (OWNER, PIPELINE, SERVING, BACKEND, MONITORING, LOGS)

GRANTS = Path(__file__).with_name("grants.sql")

# Any number will do, as long as nothing else in the database uses it.
_LOCK = 4_242_002

_MAY_MIGRATE = """
select has_database_privilege(%(owner)s, current_database(), 'create')
    and has_schema_privilege(%(owner)s, 'public', 'create')
"""

# What `schemas` hold and somebody else owns, without sequences of columns, which follow their table, and without what
# is the pipeline's (_PIPELINES). A schema comes first: whoever owns a table must be able to create in its schema.
_OWNED_BY_OTHERS = """
with there as (
    select 1 as place, 'schema' as kind, nspname::regnamespace::text as name, nspowner as owner
    from pg_namespace where nspname = any(%(schemas)s) and nspname <> 'public'
    union all
    select
        2,
        case relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
        oid::regclass::text, relowner
    from pg_class
    where relnamespace::regnamespace::text = any(%(schemas)s) and relkind in ('r', 'p', 'v', 'm', 'S')
        and not exists (select from pg_depend where objid = pg_class.oid and deptype in ('a', 'i') and relkind = 'S')
        and oid not in (select relid from pg_partition_tree(to_regclass('raw.events')))
        and oid is distinct from to_regclass('ml.outcomes')
    union all
    select 3, 'function', oid::regprocedure::text, proowner
    from pg_proc where pronamespace::regnamespace::text = any(%(schemas)s) and prokind = 'f'
        -- It makes partitions, whoever calls it; see grants.sql.
        and proname <> 'begin_receipt'
)
select kind, name from there where owner <> %(role)s::regrole order by place, name
"""

# Whoever makes, moves and drops partitions must own them and their table; and outcomes are a model of dbt's.
_PIPELINES = """
select relnamespace::regnamespace::text, oid::regclass::text from pg_class
where relowner <> %(role)s::regrole
    and (
        oid in (select relid from pg_partition_tree(to_regclass('raw.events'))) or oid = to_regclass('ml.outcomes')
    )
"""


def prepare_databases(server: Server) -> bool:
    """Migrates the warehouse as the schema's owner, and applies `grants.sql` where it or the schema has changed.

    False where the server's user may not make roles: then that user migrates and owns everything.
    """
    with server.connect(WAREHOUSE, autocommit=True) as connection:
        if not _ensure_roles(connection):
            migrate(connection, read_migrations())
            return False
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(OWNER)))
        migrate(connection, read_migrations())
        connection.execute("reset role")
        if _applied(connection) != _digest(connection):
            for database in (DAGSTER, MLFLOW):
                _give_to_pipeline(server, database)
            _apply_grants(connection)
    return True


def _ensure_roles(connection: Connection) -> bool:
    """Makes the roles and lets the owner migrate. False, and nothing has changed, where this user may not do that."""
    try:
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            _create_roles(connection)
            _let_owner_migrate(connection)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _create_roles(connection: Connection) -> None:
    known = {name for (name,) in connection.execute("select rolname from pg_roles where rolname = any(%s)", [[*ROLES]])}
    for role in ROLES:
        if role not in known:
            connection.execute(sql.SQL("create role {}").format(sql.Identifier(role)))
    for role, member in ((PIPELINE, OWNER), (OWNER, connection.info.user)):
        (is_member,) = connection.execute("select pg_has_role(%s, %s, 'usage')", [member, role]).fetchall()[0]
        if not is_member:
            connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(member)))


def _let_owner_migrate(connection: Connection) -> None:
    (is_able,) = connection.execute(_MAY_MIGRATE, {"owner": OWNER}).fetchall()[0]
    if not is_able:
        _grant_database(connection, OWNER, "connect, temporary, create")
        connection.execute(sql.SQL("grant usage, create on schema public to {}").format(sql.Identifier(OWNER)))
        (is_able,) = connection.execute(_MAY_MIGRATE, {"owner": OWNER}).fetchall()[0]
    if not is_able:
        # Who does not own the database is only warned that nothing was granted.
        raise psycopg.errors.InsufficientPrivilege
    # An earlier version made all of this as the user of the server's address.
    _give_all(connection)


def _give_all(connection: Connection) -> None:
    _give(connection, ["raw", "ml", "app", "jobs", "lake", "logs", "public"], OWNER)
    _give(connection, ["staging", "intermediate", "marts", "analytics", "scorecards"], PIPELINE)
    for schema, table in connection.execute(_PIPELINES, {"role": PIPELINE}).fetchall():
        connection.execute(
            sql.SQL("grant create on schema {} to {}").format(sql.Identifier(str(schema)), sql.Identifier(PIPELINE))
        )
        _change_owner(connection, "table", str(table), PIPELINE)


def _give(connection: Connection, schemas: Sequence[str], role: str) -> None:
    """Makes a role the owner of some schemas (but for `public`) and of all that is in them."""
    for kind, name in connection.execute(_OWNED_BY_OTHERS, {"schemas": [*schemas], "role": role}).fetchall():
        _change_owner(connection, str(kind), str(name), role)


def _change_owner(connection: Connection, kind: str, name: str, role: str) -> None:
    # Kind and name are as Postgres writes them, quoted where they must be.
    changed = f"alter {kind} {name} owner to"
    connection.execute(sql.SQL("{} {}").format(sql.SQL(changed), sql.Identifier(role)))


def _grant_database(connection: Connection, role: str, privileges: str) -> None:
    connection.execute(
        sql.SQL("grant {} on database {} to {}").format(
            sql.SQL(privileges),
            sql.Identifier(connection.info.dbname),
            sql.Identifier(role),
        )
    )


def _close_database(connection: Connection) -> None:
    """Keeps out who is not named: everybody may connect to a new database and fill its disk with temporary tables."""
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("revoke connect, temporary on database {} from public").format(database))
    _grant_database(connection, PIPELINE, "connect, temporary, create")


def _give_to_pipeline(server: Server, database: str) -> None:
    """Lets the pipeline, and nobody else, use a database in which a tool of its keeps tables."""
    with server.connect(database) as connection:
        _close_database(connection)
        connection.execute(sql.SQL("grant usage, create on schema public to {}").format(sql.Identifier(PIPELINE)))
        _give(connection, ["public"], PIPELINE)


def _apply_grants(connection: Connection) -> None:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        _close_database(connection)
        for role in (SERVING, BACKEND, MONITORING, LOGS):
            _grant_database(connection, role, "connect")
        connection.execute(GRANTS.read_bytes())
        _give_all(connection)
        connection.execute("truncate public.applied_grants")
        connection.execute("insert into public.applied_grants (digest) values (%s)", [_digest(connection)])


def _applied(connection: Connection) -> str | None:
    """The digest of what was applied last; None in a database that has not seen any."""
    (is_there,) = connection.execute("select to_regclass('public.applied_grants') is not null").fetchall()[0]
    row = connection.execute("select digest from public.applied_grants").fetchone() if is_there else None
    return None if row is None else str(row[0])


def _digest(connection: Connection) -> str:
    """Of what is granted and to what: another schema, other roles and a restored copy of a database differ."""
    row = connection.execute(
        "select (select max(version) from public.schema_migrations),"
        " (select oid from pg_database where datname = current_database()),"
        " (select string_agg(oid::text, ' ' order by rolname) from pg_roles where rolname = any(%s)),"
        " (select oid from pg_namespace where nspname = 'marts')",
        [[*ROLES]],
    ).fetchone()
    return hashlib.sha256(f"{row} {GRANTS.read_text(encoding='utf-8')}".encode()).hexdigest()
