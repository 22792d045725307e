"""A Postgres server as the rest of the house sees it: addresses without a password, and connections.

Belongs here: the address of the embedded or the given server, the three databases, and turning a refusal into
a sentence. Tables belong to `migrations`; the process of the embedded server to `standalone`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import psycopg
from psycopg import errors, sql
from pydantic import SecretStr

from core.errors import DatabaseError, UserError
from core.home import LOOPBACK, Home

SUPERUSER = "postgres"
"""Who owns the embedded server."""

WAREHOUSE = "warehouse"
DAGSTER = "dagster"
MLFLOW = "mlflow"
DATABASES = (WAREHOUSE, DAGSTER, MLFLOW)

CONNECT_SECONDS = 10

# What an address may ask for beside the server: exported as libpq's variables, so that every driver obeys.
_LIBPQ_VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "gssencmode": "PGGSSENCMODE",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "options": "PGOPTIONS",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


@dataclass(frozen=True)
class Server:
    """Where a Postgres server is and how to prove who we are. Its text form shows no secret."""

    host: str
    port: int
    user: str
    maintenance_database: str = "postgres"
    password: SecretStr | None = None
    passfile: Path | None = None
    """libpq's password file, where the password is in one."""
    is_embedded: bool = False
    libpq: dict[str, str] = field(default_factory=dict)
    """Further settings as libpq's environment variables."""

    def url(self, database: str, driver: str | None = None) -> str:
        """The address of a database, without a password: drivers take that from the environment.

        `driver` is for who reads the address with SQLAlchemy and needs a certain one.
        """
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{quote(self.user, safe='')}@{host}:{self.port}/{quote(database, safe='')}"

    def connect(self, database: str, *, autocommit: bool = False) -> psycopg.Connection[tuple[object, ...]]:
        """A connection that needs nothing from the environment. Raises DatabaseError saying why not."""
        known = _LIBPQ_VARIABLES.items()
        options: dict[str, Any] = {name: self.libpq[key] for name, key in known if key in self.libpq}
        if self.password is not None:
            options["password"] = self.password.get_secret_value()
        if self.passfile is not None:
            # The caller's PGPASSWORD and PGSSLMODE may be meant for another server.
            options |= {"passfile": str(self.passfile), "password": ""}
        if self.is_embedded:
            options["sslmode"] = "disable"
        options.setdefault("connect_timeout", CONNECT_SECONDS)
        try:
            return psycopg.connect(self.url(database), autocommit=autocommit, **options)
        except psycopg.OperationalError as error:
            raise DatabaseError(self._refusal(database, str(error))) from error

    def _refusal(self, database: str, message: str) -> str:
        place = f"Postgres at {self.host}:{self.port}"
        source = "DATABASE_URL" if self.passfile is None else "the home's pgpass"
        said = message.strip().splitlines()[0]
        missing = (
            f"{place} has no database {database} yet: `customer-analyzer events import` makes it."
            if database in DATABASES
            else f"{place} has no database {database}: name one that exists in {source}."
        )
        password = f"{place} refuses the password of {self.user}: correct it in {source}."
        forbidden = f"{place} does not let {self.user} into {database}: allow it there ({said})."
        full = f"{place} has no connection left: close some, or raise its max_connections."
        restarting = f"{place} is starting or stopping: try again in a moment."
        # libpq gives no code for a refused connection, only the server's words.
        sentences = {
            "password authentication failed": password,
            "no password supplied": password,
            f'database "{database}" does not exist': missing,
            "pg_hba.conf": forbidden,
            "permission denied for database": forbidden,
            "too many clients": full,
            "remaining connection slots": full,
            "starting up": restarting,
            "shutting down": restarting,
        }
        fallback = f"{place} cannot be reached: start it, or correct {source} ({said})."
        return next((sentence for words, sentence in sentences.items() if words in message), fallback)


def embedded_server(home: Home, port: int) -> Server:
    """The embedded server of a home."""
    return Server(LOOPBACK, port, SUPERUSER, passfile=home.passfile, is_embedded=True)


def given_server(database_url: SecretStr, password_apart: SecretStr | None = None) -> Server:
    """The server of `DATABASE_URL`; its password, in the address or apart, is kept apart.

    Raises UserError if it cannot be used.
    """
    address = urlsplit(database_url.get_secret_value())
    options = dict(parse_qsl(address.query, keep_blank_values=True))
    password = options.pop("password", None) or (address.password and unquote(address.password))
    if password_apart is not None:
        password = password_apart.get_secret_value()
    unknown = sorted(options.keys() - _LIBPQ_VARIABLES.keys())
    if unknown:
        known = ", ".join(_LIBPQ_VARIABLES)
        raise UserError(f"DATABASE_URL has {', '.join(unknown)} after the question mark; known are {known}.")
    if not address.hostname or not address.username:
        raise UserError("DATABASE_URL must name user and host: postgresql://user:password@host:5432/database")
    return Server(
        host=address.hostname,
        port=address.port or 5432,
        user=unquote(address.username),
        maintenance_database=unquote(address.path.lstrip("/")) or "postgres",
        password=SecretStr(password) if password else None,
        libpq={_LIBPQ_VARIABLES[name]: value for name, value in options.items()},
    )


def ensure_databases(server: Server) -> list[str]:
    """Makes the databases that are missing and returns their names."""
    with server.connect(server.maintenance_database, autocommit=True) as connection:
        rows = connection.execute("select datname from pg_database").fetchall()
        known = {name for (name,) in rows}
        missing = [name for name in DATABASES if name not in known]
        for name in missing:
            _create(connection, server, name)
    return missing


def _create(connection: psycopg.Connection[tuple[object, ...]], server: Server, name: str) -> None:
    statement = sql.SQL("create database {} encoding 'UTF8' template template0").format(sql.Identifier(name))
    try:
        connection.execute(statement)
    except (errors.DuplicateDatabase, errors.UniqueViolation):
        # Another process has just made it.
        return
    except errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"{server.user} may not create the database {name} at {server.host}:{server.port}: "
            f'have its administrator run `create database {name} owner "{server.user}"`.'
        ) from error
    except psycopg.Error as error:
        raise DatabaseError(
            f"The database {name} could not be made at {server.host}:{server.port}: {error.diag.message_primary}."
        ) from error
