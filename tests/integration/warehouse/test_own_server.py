"""A Postgres of one's own over TLS, its name checked: migrated, then used by a server with a login of its own."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
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
from core.home import Home, choose_port
from core.settings import Settings
from standalone.environment import exported
from standalone.processes import Command, start, stop, wait_until_ready
from standalone.programs import api_program
from standalone.single_server import backend_environment
from standalone.stack import running_platform
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

    def url(self, host: str = "localhost", mode: str = "verify-full", authority: str = "authority.pem") -> SecretStr:
        options = f"sslmode={mode}&sslrootcert={self.folder / authority}"
        return SecretStr(f"postgresql://postgres:{PASSWORD}@{host}:{self.port}/postgres?{options}")


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
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
    (data / "pg_hba.conf").write_text("hostssl all all all scram-sha-256\n")
    settings = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "ssl": "on", "fsync": "off",
        "ssl_cert_file": folder / "server.pem", "ssl_key_file": folder / "server.key",
    }  # fmt: skip
    options = [f"--{name}={value}" for name, value in settings.items()]
    process = subprocess.Popen([*as_postgres, str(binaries / "postgres"), "-D", str(data), *options], cwd="/")
    try:
        server = OwnServer(port, folder)
        _wait(server)
        yield server
    finally:
        # To Postgres itself, which then ends all connections: runuser does not hand every signal on.
        os.kill(int((data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGINT)
        process.wait(30)
        shutil.rmtree(folder)


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
