"""A Postgres of one's own over TLS, its name checked: migrated, then used by a server with a login of its own."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from core.errors import DatabaseError
from core.home import Home, choose_port, prepare_home
from core.push_keys import ensure_push_key
from core.settings import Settings
from standalone.backups.archiving import archiver
from standalone.backups.barman import NAME
from standalone.backups.keys import make_key_pair
from standalone.backups.restoring import restore_data
from standalone.backups.settling import settle
from standalone.backups.state import read_state
from standalone.environment import exported
from standalone.fleet import running_servers
from standalone.processes import Command, start, stop, wait_until_ready
from standalone.programs import api_program
from standalone.single_server import backend_environment
from standalone.stack import running_platform
from tests.integration.standalone.drill import wait
from warehouse.database import Database
from warehouse.databases import WAREHOUSE, given_server

pytestmark = pytest.mark.system("pg_ctlcluster")

PASSWORD = "s3cret-word"
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class OwnServer:
    """A running server that speaks TLS only; its certificate is for `localhost` and for no address."""

    port: int
    folder: Path
    options: Sequence[str]

    def url(self, host: str = "localhost", mode: str = "verify-full", authority: str = "authority.pem") -> SecretStr:
        options = f"sslmode={mode}&sslrootcert={self.folder / authority}"
        return SecretStr(f"postgresql://postgres:{PASSWORD}@{host}:{self.port}/postgres?{options}")


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    binaries = _programs()
    # Postgres refuses root, and its user must be able to enter the folder.
    as_postgres = ["runuser", "--user=postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(mkdtemp(prefix="own-postgres-"))
    folder.chmod(0o755)
    port = choose_port(Home(tmp_path_factory.mktemp("ports")), "postgres", None)
    data = folder / "data"
    _certificates(folder)
    (folder / "password").write_text(PASSWORD)
    for path in (folder, *folder.iterdir()):
        if as_postgres:
            shutil.chown(path, "postgres", "postgres")
    run = [*as_postgres, str(binaries / "initdb"), f"--pgdata={data}", "--username=postgres", "--auth=scram-sha-256"]
    subprocess.run([*run, f"--pwfile={folder / 'password'}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
                   check=True, capture_output=True, cwd="/")  # fmt: skip
    (data / "pg_hba.conf").write_text("hostssl all,replication all all scram-sha-256\n")
    settings = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "ssl": "on", "fsync": "off",
        "ssl_cert_file": folder / "server.pem", "ssl_key_file": folder / "server.key", "archive_timeout": "20s",
    }  # fmt: skip
    options = [f"--{name}={value}" for name, value in settings.items()]
    with _serving(data, options):
        server = OwnServer(port, folder, options)
        _wait(server)
        yield server
    shutil.rmtree(folder)


@contextmanager
def _serving(data: Path, options: Sequence[str]) -> Iterator[None]:
    """A server on a data folder, as its administrator starts it."""
    as_postgres = ["runuser", "--user=postgres", "--"] if os.geteuid() == 0 else []
    process = subprocess.Popen([*as_postgres, str(_programs() / "postgres"), "-D", str(data), *options], cwd="/")
    try:
        yield
    finally:
        # To Postgres itself, which then ends all connections: runuser does not hand every signal on.
        os.kill(int((data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGINT)
        process.wait(30)


def _programs() -> Path:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]


def _wait(server: OwnServer) -> None:
    for _ in range(150):
        try:
            given_server(server.url()).connect("postgres").close()
        except DatabaseError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError


def _certificates(folder: Path) -> None:
    """An authority, another one that signed nothing, and the server's certificate for `localhost`."""
    for name in ("another", "authority"):
        key, subject = ec.generate_private_key(ec.SECP256R1()), _name(f"{name} of the test")
        authority = _signed(_builder(subject, subject, key).add_extension(x509.BasicConstraints(True, 0), True), key)
        (folder / f"{name}.pem").write_bytes(authority)
    server_key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    signed = _signed(_builder(_name("localhost"), subject, server_key).add_extension(names, False), key)
    (folder / "server.pem").write_bytes(signed)
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(server_key.private_bytes(*private))
    (folder / "server.key").chmod(0o600)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    begin, end = NOW - timedelta(days=1), NOW + timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    return builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> bytes:
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_another_authority_another_name_and_no_encryption_are_refused(own_server: OwnServer) -> None:
    refused = {
        own_server.url(authority="another.pem"): "certificate verify failed",
        own_server.url(host=str(ip_address("127.0.0.1"))): "does not match host name",
        own_server.url(mode="disable"): "no encryption|pg_hba.conf",
    }
    for url, words in refused.items():
        with pytest.raises(DatabaseError, match=words):
            given_server(url).connect("postgres")


def test_what_is_migrated_over_tls_is_served_over_tls(own_server: OwnServer, tmp_path: Path) -> None:
    backend = SecretStr("another-s3cret-word")
    owner = Settings(home=tmp_path / "home", database_url=own_server.url(), backend_password=backend)
    with running_platform(owner) as platform:
        assert platform.access.problem is None
        assert platform.access.backend.user == "customer_analyzer_backend_app"
        # psycopg, and Arrow's driver, by the variables that every process of the platform gets.
        with psycopg.connect(platform.warehouse_url) as connection:
            assert connection.pgconn.ssl_in_use
        # The server takes no connection without TLS.
        assert Database(platform.warehouse_url).frame("select 1 as one")["one"].to_list() == [1]
    address = own_server.url().get_secret_value().replace(f"postgres:{PASSWORD}", "customer_analyzer_backend_app")
    apart = Settings(home=tmp_path / "served", database_url=SecretStr(address), database_password=backend)
    port = choose_port(Home(tmp_path), "api", None)
    with exported(backend_environment(apart)):
        command = Command(
            "api", api_program("127.0.0.1", port), tmp_path / "api.log", port, "/readyz", directory=tmp_path
        )
        child = start(command)
        try:
            wait_until_ready(child, 90)
            with given_server(own_server.url()).connect(WAREHOUSE) as connection:
                used = connection.execute(
                    "select ssl, version from pg_stat_activity join pg_stat_ssl using (pid)"
                    " where usename = 'customer_analyzer_backend_app'"
                ).fetchall()
            assert set(used) == {(True, "TLSv1.3")}
        finally:
            stop([child])


@pytest.mark.system("gpg")
def test_it_is_backed_up_and_restored_to_a_moment(own_server: OwnServer, tmp_path: Path) -> None:
    address, password = own_server.url().get_secret_value().replace(f":{PASSWORD}@", "@"), SecretStr(PASSWORD)
    backups, key = tmp_path / "backups", tmp_path / "private.asc"
    settings = Settings(
        home=tmp_path / "home",
        database_url=SecretStr(address),
        database_password=password,
        backup_to=backups,
        postgres_programs=_programs(),
    )
    home = prepare_home(settings.home)
    make_key_pair(home, key, backups)
    push_key = ensure_push_key(home.push_key)
    told = {"CUSTOMER_ANALYZER_HOME": str(home.root), "DATABASE_URL": address, "DATABASE_PASSWORD": PASSWORD}
    told |= {"CUSTOMER_ANALYZER_BACKUP_TO": str(backups), "CUSTOMER_ANALYZER_POSTGRES_PROGRAMS": str(_programs())}
    with (
        running_platform(settings) as platform,
        exported(told),
        running_servers([archiver(home)]),
        platform.server.connect(WAREHOUSE, autocommit=True) as connection,
    ):
        wait(lambda: read_state(home).backup_at is not None, 120)
        connection.execute("create table kept (n integer)")
        connection.execute("insert into kept values (1)")
        moment = datetime.now(UTC)
        time.sleep(0.1)
        connection.execute("insert into kept values (2)")
        connection.execute("select pg_switch_wal()")
        ((segment,),) = connection.execute("select pg_walfile_name(pg_current_wal_lsn() - 1)").fetchall()
        wait(lambda: any((backups / NAME / "wals").rglob(str(segment))), 120)
        assert read_state(home).problem is None
    # The machine is lost, its home too.
    shutil.rmtree(home.root)
    data = own_server.folder / "restored"
    restore_data(backups, key, home, data, moment)
    assert ensure_push_key(own_server.folder / "restored.home" / home.push_key.name) == push_key
    data.chmod(0o700)
    if os.geteuid() == 0:
        for path in (data, *data.rglob("*")):
            shutil.chown(path, "postgres", "postgres")
    port = choose_port(Home(tmp_path), "restored", None)
    options = [f"--port={port}" if each.startswith("--port=") else each for each in own_server.options]
    with _serving(data, options):
        restored = OwnServer(port, own_server.folder, options)
        _wait(restored)
        again = settings.model_copy(update={"database_url": restored.url()})
        with running_platform(again) as platform:
            with platform.server.connect(WAREHOUSE) as connection:
                wait(lambda: connection.execute("select pg_is_in_recovery()").fetchall() == [(False,)], 60)
                assert connection.execute("select n from kept").fetchall() == [(1,)]
            assert settle(platform, moment, backups / "erasures.json").found == []
