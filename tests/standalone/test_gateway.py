"""What the gateway's configuration is made of, its certificate, and what the servers behind it are told."""

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509

from core.errors import UserError
from core.home import prepare_home, write_private
from core.settings import Settings
from standalone import certificates
from standalone.certificates import ensure_certificate
from standalone.gateway import Gateway, render
from standalone.gateway_server import behind_gateway, gateway_ports
from standalone.layout import Layout, chosen_layout
from standalone.processes import Command
from standalone.rolling import Requests, ask_for_restart
from standalone.stack import Platform
from warehouse.databases import embedded_server
from warehouse.logins import Access

GATEWAY = Gateway(
    Path("/gateway"),
    "/gateway/access.log",
    Path("/gateway/certificate.pem"),
    Path("/gateway/key.pem"),
    8443,
    8444,
    8445,
    ["127.0.0.1:8001", "127.0.0.1:8002"],
    "127.0.0.1:3000",
    "127.0.0.1:5000",
    {"churn": ["127.0.0.1:3001", "127.0.0.1:3002"]},
)


def test_nothing_stays_open_in_the_configuration() -> None:
    text = render(GATEWAY)
    assert not re.search(r"@\{\w", text)
    assert "server 127.0.0.1:8002 max_fails=1 fail_timeout=2s;" in text
    assert "location /services/churn/" in text


def test_the_only_replica_is_never_left_out() -> None:
    text = render(dataclasses.replace(GATEWAY, api=["127.0.0.1:8001"]))
    assert "server 127.0.0.1:8001 max_fails=0;" in text


def test_nobody_is_believed_unless_named() -> None:
    assert "set_real_ip_from" not in render(GATEWAY)
    assert "set_real_ip_from 10.0.0.0/8;" in render(dataclasses.replace(GATEWAY, trusted=[ip_network("10.0.0.0/8")]))


@pytest.mark.parametrize("host", ["a b", "shop.example; return 200", "", "*.example", "$host"])
def test_a_name_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(UserError, match="no host name"):
        render(dataclasses.replace(GATEWAY, hosts=[host]))


def test_the_certificate_is_for_loopback_and_renewed_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    ensure_certificate(path, key)
    made = x509.load_pem_x509_certificate(path.read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert key.stat().st_mode & 0o077 == 0
    assert made.not_valid_after_utc > datetime.now(UTC) + timedelta(days=360)

    before = path.read_bytes()
    ensure_certificate(path, key)
    assert path.read_bytes() == before
    monkeypatch.setattr(certificates, "_RENEW_DAYS", certificates.DAYS + 1)
    ensure_certificate(path, key)
    assert path.read_bytes() != before


def test_the_servers_behind_the_gateway_know_it(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "home")
    server = embedded_server(home, 5432)
    settings = Settings(home=home.root, database_url=None, gateway_hosts="shop.example, localhost")
    platform = Platform(settings, home, server, Access(server, server, server, server, server), {})
    ports = gateway_ports(platform)
    servers = [
        Command(name, ["a"], tmp_path / "log", port) for name, port in (("api_2", 1), ("dagster", 2), ("bot", 3))
    ]
    write_private(home.ports, json.dumps({"dagster": 2}))
    api, dagster, bot = behind_gateway(platform, servers, ports, service_replicas=2)
    assert json.loads(api.environment["BACKEND_TRUSTED_PROXIES"]) == ["127.0.0.1/32"]
    assert api.environment["BACKEND_OPERATIONS_URL"] == f"https://shop.example:{ports.operations}"
    assert api.environment["BACKEND_DAGSTER_URL"] == dagster.address
    churn = json.loads(api.environment["BACKEND_SERVICES"])["churn"]
    assert churn == f"http://127.0.0.1:{ports.internal}/services/churn"
    assert dagster.address == "http://127.0.0.1:2/operations/dagster"
    assert "--path-prefix=/operations/dagster" in dagster.arguments
    assert bot == servers[2]


def test_without_a_gateway_there_is_one_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("standalone.system_programs.shutil.which", lambda *_, **__: None)
    assert chosen_layout(False, 4, 4) == Layout(False, 1, 1)
    with pytest.raises(UserError, match=r"The gateway needs nginx, which is not installed here .*nginx-light"):
        chosen_layout(True, 2, 1)


def test_a_restart_without_a_gap_needs_something_that_is_up(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs two replicas"):
        ask_for_restart(prepare_home(tmp_path / "home"))
    requests = Requests()
    assert not requests.taken()
