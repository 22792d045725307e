"""The logins of a home: one for each part of the platform, with a password that the home keeps.

Belongs here: making them and finding their passwords. Does not belong here: what they may do (`roles`, `grants.sql`).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import SecretStr

from warehouse.database import Connection
from warehouse.databases import Server, ensure_databases
from warehouse.passfile import ANY, Entry, read_entries, remember
from warehouse.roles import BACKEND, LOGS, MONITORING, PIPELINE, SERVING, prepare_databases

_ROLES = (PIPELINE, SERVING, BACKEND, MONITORING, LOGS)
_LOCK = 4_242_003


@dataclass(frozen=True)
class Access:
    """The server as each part of the platform reaches it. `problem` says why they all do as one user, if they do."""

    pipeline: Server
    serving: Server
    backend: Server
    monitoring: Server
    logs: Server
    problem: str | None = None


@dataclass(frozen=True)
class GivenLogins:
    """Logins that several machines share, and whose passwords are therefore given: how names end, and by role."""

    name: str = "app"
    passwords: Mapping[str, SecretStr] = field(default_factory=dict)


def prepare_server(server: Server, passfile: Path, given: GivenLogins | None = None) -> Access:
    """Makes what is missing of databases, tables, roles and this home's logins, whose passwords go into `passfile`.

    A server whose user may not make roles is used as that one user.
    """
    ensure_databases(server)
    logins = _ensure_logins(server, passfile, given or GivenLogins()) if prepare_databases(server) else None
    if logins is None:
        problem = (
            f"{server.user} may not make roles at {server.host}:{server.port}, so the services have every right that "
            f'{server.user} has. Have the server\'s administrator run `alter role "{server.user}" createrole`.'
        )
        return Access(server, server, server, server, server, problem)
    pipeline, serving, backend, monitoring, logs = (
        replace(server, user=logins[role], password=None, passfile=passfile) for role in _ROLES
    )
    return Access(pipeline, serving, backend, monitoring, logs)


def _ensure_logins(server: Server, passfile: Path, given: GivenLogins) -> dict[str, str] | None:
    """This home's login for each role, by role; None where they cannot be made."""
    port = ANY if server.is_embedded else str(server.port)
    try:
        with server.connect(server.maintenance_database) as connection:
            # Held until the file is written too: another process of this home would make another password.
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            entries = [each for each in read_entries(passfile) if (each.host, each.port) == (server.host, port)]
            logins = {}
            for role in _ROLES:
                if role in given.passwords:
                    entry = Entry(server.host, port, f"{role}_{given.name}", given.passwords[role].get_secret_value())
                    known = entry if entry in entries else None
                else:
                    known = next((each for each in entries if each.user.startswith(f"{role}_")), None)
                    # Other homes may use a given server too, each with logins of its own.
                    name = f"{role}_{'home' if server.is_embedded else secrets.token_hex(4)}"
                    entry = known or Entry(server.host, port, name, secrets.token_urlsafe(32))
                if _ensure_login(connection, role, entry, is_known=known is not None):
                    remember(passfile, entry)
                logins[role] = entry.user
    except psycopg.errors.InsufficientPrivilege:
        return None
    return logins


def _ensure_login(connection: Connection, role: str, entry: Entry, *, is_known: bool) -> bool:
    """Makes the login or, where its password was lost, gives it the new one; whether there was anything to do."""
    exists = connection.execute("select from pg_roles where rolname = %s", [entry.user]).fetchone() is not None
    if exists and is_known:
        return False
    login, password = sql.Identifier(entry.user), sql.Literal(_verifier(connection, entry))
    if exists:
        connection.execute(sql.SQL("alter role {} password {}").format(login, password))
    else:
        connection.execute(
            sql.SQL("create role {} login password {} in role {}").format(login, password, sql.Identifier(role))
        )
        # From its first statement on; what it makes belongs to the role and not to one home's login.
        connection.execute(sql.SQL("alter role {} set role = {}").format(login, sql.Literal(role)))
    return True


def replace_passwords(server: Server, passfile: Path) -> list[str]:
    """Gives every login of the home's password file a new password; returns their names. `server` is as its owner.

    Connections that are open stay open, and each new one reads the file, so nothing need be started again. The new file
    lies beside the old one, as `pgpass.next`, until the server has taken its passwords: after a crash in between it is
    the right one.
    """
    port = ANY if server.is_embedded else str(server.port)
    following = passfile.with_name(f"{passfile.name}.next")
    replaced = []
    with server.connect(server.maintenance_database) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        following.unlink(missing_ok=True)
        for entry in read_entries(passfile):
            is_ours = (entry.host, entry.port) == (server.host, port)
            kept = replace(entry, password=secrets.token_urlsafe(32)) if is_ours else entry
            if is_ours:
                login, password = sql.Identifier(kept.user), sql.Literal(_verifier(connection, kept))
                connection.execute(sql.SQL("alter role {} password {}").format(login, password))
                replaced.append(kept.user)
            remember(following, kept)
        connection.commit()
        if replaced:
            following.replace(passfile)
    return replaced


def _verifier(connection: Connection, entry: Entry) -> str:
    """What the server keeps of a password. The password itself would be in its log if the statement failed."""
    hashed = connection.pgconn.encrypt_password(entry.password.encode(), entry.user.encode(), b"scram-sha-256")
    return hashed.decode()
