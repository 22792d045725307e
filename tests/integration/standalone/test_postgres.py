"""The real embedded Postgres: creating, starting, sharing, and recovering from every state that a crash leaves.

Each test that starts, stops or damages a server has a home of its own; the others share one that nobody else uses,
since they rename databases and look at everything a server leaves in its logs.
"""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from pydantic import SecretStr

from core.errors import DatabaseError, PlatformError, UserError
from core.home import LOOPBACK, Home, prepare_home, read_json
from core.settings import Settings
from standalone.postgres import embedded_postgres, running_postmaster
from standalone.stack import Platform, running_platform
from warehouse.databases import DATABASES, SUPERUSER, Server, embedded_server, ensure_databases, given_server
from warehouse.logins import prepare_server
from warehouse.migration import Migration, migrate, read_migrations
from warehouse.passfile import password_of, read_entries

# Uses a home's server until it is killed, and prints its port.
HOLDER = """
import sys, time
from pathlib import Path
from core.home import prepare_home
from standalone.postgres import embedded_postgres
with embedded_postgres(prepare_home(Path(sys.argv[1]))) as port:
    print(port, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose server has run and was stopped."""
    home = prepare_home(tmp_path_factory.mktemp("made") / "home")
    with embedded_postgres(home):
        pass
    return home


@pytest.fixture
def home(made_home: Home, tmp_path: Path) -> Home:
    """A copy of that home, since creating one takes a second. Owners are kept, since Postgres never runs as root."""
    subprocess.run(["cp", "-a", made_home.root, tmp_path / "home"], check=True)
    return Home(tmp_path / "home")


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(Settings(home=tmp_path_factory.mktemp("platform") / "home", database_url=None)) as running:
        yield running


def _ask(server: Server, query: str) -> object:
    with server.connect("postgres") as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def _wait_until_stopped(home: Home) -> None:
    deadline = time.monotonic() + 30
    while running_postmaster(home) is not None:
        assert time.monotonic() < deadline, "Postgres still runs"
        time.sleep(0.05)


def test_it_listens_on_loopback_only_and_not_as_root(platform: Platform) -> None:
    assert _ask(platform.server, "select current_setting('listen_addresses')") == LOOPBACK
    assert _ask(platform.server, "select current_setting('unix_socket_directories')") == ""
    postmaster = running_postmaster(platform.home)
    assert postmaster is not None
    assert psutil.Process(postmaster.pid).uids().effective != 0


def test_it_keeps_what_it_commits(platform: Platform) -> None:
    assert _ask(platform.server, "select current_setting('fsync')") == "on"
    assert _ask(platform.server, "select current_setting('synchronous_commit')") == "on"
    assert _ask(platform.server, "select current_setting('TimeZone')") == "UTC"


def test_the_password_is_private_and_in_no_argument(platform: Platform) -> None:
    passfile = platform.home.passfile
    assert stat.S_IMODE(passfile.stat().st_mode) == 0o600
    passwords = [entry.password for entry in read_entries(passfile)]
    # The owner's, and those of pipeline, services, backend, monitoring and logs.
    assert len(passwords) == 6
    logs = [path.read_text() for path in platform.home.logs.iterdir()]
    arguments = [argument for process in psutil.process_iter() for argument in _arguments(process)]
    for password in passwords:
        assert len(password) >= 32
        assert not any(password in text for text in [*logs, *arguments])


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def test_a_wrong_or_missing_password_is_refused(platform: Platform) -> None:
    port = platform.server.port
    for address in (f"postgresql://postgres:wrong@{LOOPBACK}:{port}/", f"postgresql://nobody:x@{LOOPBACK}:{port}/"):
        with pytest.raises(DatabaseError, match=r"refuses the password of \w+: correct it in DATABASE_URL"):
            given_server(SecretStr(address)).connect("postgres")


def test_every_driver_finds_the_password_by_itself(platform: Platform) -> None:
    with psycopg.connect(platform.warehouse_url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert ":" not in platform.warehouse_url.split("@")[0].removeprefix("postgresql://")


def test_the_databases_are_there_and_migrated(platform: Platform) -> None:
    for database in DATABASES:
        with platform.server.connect(database):
            pass
    with platform.server.connect("warehouse") as connection:
        rows = connection.execute("select version, checksum from public.schema_migrations order by 1").fetchall()
    assert rows == [(migration.version, migration.checksum) for migration in read_migrations()]


def test_setting_up_again_does_nothing(platform: Platform) -> None:
    assert ensure_databases(platform.server) == []
    with platform.server.connect("warehouse", autocommit=True) as connection:
        assert migrate(connection, read_migrations()) == ()
    assert prepare_server(platform.server, platform.home.passfile) == platform.access


def test_a_migration_that_fails_leaves_nothing(platform: Platform) -> None:
    broken = Migration(len(read_migrations()) + 1, "broken", "create table public.half (); select 1 / 0;")
    with platform.server.connect("warehouse", autocommit=True) as connection:
        with pytest.raises(DatabaseError, match=r"_broken\.sql failed and was taken back: division by zero"):
            migrate(connection, [*read_migrations(), broken])
        assert connection.execute("select to_regclass('public.half')").fetchone() == (None,)


def test_a_user_who_may_not_create_databases_gets_the_statement_for_the_administrator(platform: Platform) -> None:
    with platform.server.connect("postgres", autocommit=True) as connection:
        connection.execute("create role guest login password 'guest'")
        connection.execute("alter database mlflow rename to mlflow_away")
    try:
        guest = given_server(SecretStr(f"postgresql://guest:guest@{LOOPBACK}:{platform.server.port}/postgres"))
        with pytest.raises(DatabaseError, match=r'may not create the database mlflow .*owner "guest"'):
            ensure_databases(guest)
    finally:
        with platform.server.connect("postgres", autocommit=True) as connection:
            connection.execute("alter database mlflow_away rename to mlflow")
            connection.execute("drop role guest")


def test_a_given_server_replaces_the_embedded_one(platform: Platform, tmp_path: Path) -> None:
    password = password_of(platform.home.passfile, LOOPBACK, SUPERUSER)
    url = f"postgresql://postgres:{password}@{LOOPBACK}:{platform.server.port}/postgres"
    settings = Settings(home=tmp_path / "home", database_url=SecretStr(url))
    before = os.environ.get("PGPASSWORD")
    with running_platform(settings) as given:
        assert not given.home.postgres.exists()
        assert password not in given.warehouse_url
        with psycopg.connect(given.warehouse_url) as connection:
            assert connection.execute("select count(*) from raw.events").fetchone() == (0,)
    assert os.environ.get("PGPASSWORD") == before


def test_two_homes_run_at_once(tmp_path: Path) -> None:
    homes = [prepare_home(tmp_path / name) for name in ("one", "two")]
    with embedded_postgres(homes[0]) as first, embedded_postgres(homes[1]) as second:
        assert first != second
        for home, port in zip(homes, (first, second), strict=True):
            assert _ask(embedded_server(home, port), "select current_setting('port')") == str(port)
    assert [running_postmaster(home) for home in homes] == [None, None]


def test_a_second_user_keeps_it_running(home: Home) -> None:
    with embedded_postgres(home) as port:
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(home.root)], stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            assert int(other.stdout.readline()) == port
            server = embedded_server(home, port)
            assert _ask(server, "select 1") == 1
            other.kill()
        # The other was killed, we still use it.
        assert _ask(server, "select 1") == 1
    assert running_postmaster(home) is None


def test_it_stops_when_its_only_user_is_killed(home: Home) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(home.root)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert running_postmaster(home) is not None
        holder.kill()
    _wait_until_stopped(home)


def test_it_comes_back_after_being_killed(home: Home) -> None:
    with embedded_postgres(home) as port:
        with embedded_server(home, port).connect("postgres") as connection:
            connection.execute("create table kept as select 42 as answer")
        postmaster = running_postmaster(home)
        assert postmaster is not None
        psutil.Process(postmaster.pid).send_signal(signal.SIGKILL)
        _wait_until_stopped(home)
    assert (home.postgres / "postmaster.pid").exists()
    with embedded_postgres(home) as port:
        assert _ask(embedded_server(home, port), "select answer from kept") == 42


def test_a_pid_file_that_names_another_process_is_no_obstacle(home: Home) -> None:
    left = f"{os.getpid()}\n{home.postgres}\n0\n5432\n\n{LOOPBACK}\n0 0\nready   \n"
    (home.postgres / "postmaster.pid").write_text(left)
    with embedded_postgres(home) as port:
        assert _ask(embedded_server(home, port), "select 1") == 1


def test_a_half_made_data_folder_is_put_aside(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "home")
    (home.postgres / "base").mkdir(parents=True)
    (home.postgres / "PG_VERSION").write_text("18\n")
    (home.root / "postgres.making-0000" / "data").mkdir(parents=True)
    with embedded_postgres(home) as port:
        assert _ask(embedded_server(home, port), "select 1") == 1
    (aside,) = home.root.glob("postgres.incomplete-*")
    assert (aside / "PG_VERSION").exists()
    assert not list(home.root.glob("postgres.making-*"))


def test_a_lost_password_is_replaced(home: Home) -> None:
    old = home.passfile.read_text()
    home.passfile.unlink()
    with embedded_postgres(home) as port:
        assert _ask(embedded_server(home, port), "select 1") == 1
    assert home.passfile.read_text() != old


def test_data_of_another_version_is_left_alone(home: Home) -> None:
    (home.postgres / "PG_VERSION").write_text("17\n")
    with pytest.raises(PlatformError, match=r"was made by PostgreSQL 17, this is 18\."), embedded_postgres(home):
        pass


def test_a_remembered_port_that_is_taken_is_replaced(home: Home) -> None:
    port = int(read_json(home.ports)["postgres"])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((LOOPBACK, port))
        taken.listen()
        with embedded_postgres(home) as other:
            assert other != port


def test_a_port_asked_for_that_is_taken_is_named(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = f"Port {port} for postgres is already in use.*CUSTOMER_ANALYZER_POSTGRES_PORT"
        with pytest.raises(UserError, match=said), embedded_postgres(home, port):
            pass


@pytest.mark.parametrize("damage", ["global/pg_control", "postgresql.conf"])
def test_damaged_data_is_explained_by_the_log(home: Home, damage: str) -> None:
    (home.postgres / damage).write_text("nonsense = nonsense")
    with (
        pytest.raises(PlatformError, match=r"The embedded Postgres did not start: .*postgres\.log"),
        embedded_postgres(home),
    ):
        pass
