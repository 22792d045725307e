"""The image and the compose stack, as text: what `make images` builds and starts for real."""

import re
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.secrets import KEYS, PASSWORDS, PUSH_KEY
from core.settings import Settings
from standalone.container_files import write_gateway_files
from standalone.monitoring import targets_of
from standalone.system_programs import find_program

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "images" / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text())
    return loaded


def test_the_image_has_no_default_base_and_no_root() -> None:
    assert re.findall(r"^ARG (.*)$", DOCKERFILE, flags=re.MULTILINE) == ["BASE"]
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE) == ["${BASE}", "tools", "tools", "${BASE}"]
    assert re.findall(r"^USER (.*)$", DOCKERFILE, flags=re.MULTILINE) == ["10001:10001"]


def test_whatever_is_installed_is_held_against_its_hash() -> None:
    commands = DOCKERFILE.replace("\\\n", " ")
    installs = re.findall(r"pip install ([^&\n]*)", commands)
    assert len(installs) == 4
    assert all("--require-hashes" in each or "--no-deps" in each for each in installs)


def test_the_image_is_built_from_every_package_of_the_wheel() -> None:
    packages = re.search(r"^packages = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    assert packages is not None
    wheel = {name.strip(' "') for name in packages[1].split(",")}
    sent = set(re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), flags=re.MULTILINE))
    assert wheel <= sent
    assert sent - wheel == {"web"}


def test_a_part_of_the_lock_keeps_its_hashes() -> None:
    program = [sys.executable, "deploy/images/part_of_lock.py", "requirements.lock"]
    done = subprocess.run([*program, "uv", "uvicorn"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.findall(r"^([a-z]+)==", done.stdout, flags=re.MULTILINE) == ["uv", "uvicorn"]
    assert all("--hash=sha256:" in entry for entry in re.split(r"(?m)^(?=[a-z])", done.stdout) if entry)
    missing = subprocess.run([*program, "no-such"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert missing.returncode == 1
    assert "no-such" in missing.stderr


def test_every_container_is_restricted_and_limited(compose: dict[str, Any]) -> None:
    for name, each in compose["services"].items():
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert {"mem_limit", "cpus", "pids_limit", "profiles", "logging"} <= each.keys(), name
        opened = "${CUSTOMER_ANALYZER_GATEWAY_ADDRESS:-127.0.0.1}:" if name == "gateway" else "127.0.0.1:"
        assert all(port.startswith(opened) for port in each.get("ports", [])), name


def test_a_server_that_answers_is_asked_whether_it_does(compose: dict[str, Any]) -> None:
    silent = {"migrate", "worker", "dagster-daemon", "sender", "bot", "gateway-files", "monitoring-files"}
    # Their images have nothing that could ask.
    silent |= {"postgres-exporter", "redis-exporter"}
    for name, each in compose["services"].items():
        assert ("healthcheck" in each) == (name not in silent), name
        assert name in silent or "start_period" in each["healthcheck"], name


def test_secrets_are_files_that_a_command_makes(compose: dict[str, Any]) -> None:
    made = {*KEYS, *PASSWORDS, PUSH_KEY}
    assert set(compose["secrets"]) == made | {"telegram-token"}
    for name, each in compose["services"].items():
        environment = each.get("environment", {})
        files = {
            str(value).removeprefix("/run/secrets/") for value in environment.values() if "/run/secrets/" in str(value)
        }
        assert files == set(each.get("secrets", [])), name
        secret = [
            key
            for key, given in environment.items()
            if re.search("(PASSWORD|TOKEN|(?<!PUBLIC_)KEY|SECRET)$", key) and given
        ]
        assert not secret, name


def test_only_who_must_reach_the_outside_can(compose: dict[str, Any]) -> None:
    outside = {name for name, each in compose["services"].items() if "outside" in each["networks"]}
    # The worker writes to push services. The gateway and Prometheus have a port that is published; Alertmanager calls
    # whoever is woken.
    assert outside == {"api", "worker", "sender", "bot", "gateway", "prometheus", "alertmanager"}
    assert compose["networks"]["inside"] == {"internal": True}
    assert compose["networks"]["front"]["internal"] is True
    front = {name for name, each in compose["services"].items() if "front" in each["networks"]}
    assert front == {"api", "dagster", "mlflow", "gateway"}


def test_the_api_believes_the_gateways_address_and_no_other(compose: dict[str, Any]) -> None:
    address = compose["services"]["gateway"]["networks"]["front"]["ipv4_address"]
    trusted = compose["services"]["api"]["environment"]["BACKEND_TRUSTED_PROXIES"]
    assert trusted == f'${{BACKEND_TRUSTED_PROXIES:-["{address}/32"]}}'
    (subnet,) = (each["subnet"] for each in compose["networks"]["front"]["ipam"]["config"])
    assert ip_address(address) in ip_network(subnet)


def test_each_profile_has_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for combined in ({"minimal"}, {"full"}, {"full", "gateway"}, {"full", "monitoring"}, {"full", "telegram"}):
        there = {name for name, each in services.items() if combined & set(each["profiles"])}
        for name in there:
            assert set(services[name].get("depends_on", {})) <= there, (combined, name)


def test_what_prometheus_scrapes_is_there(compose: dict[str, Any]) -> None:
    command = compose["services"]["monitoring-files"]["command"]
    servers = dict(each.removeprefix("--server=").split("=", 1) for each in command if each.startswith("--server="))
    targets = targets_of({name: f"http://{address}" for name, address in servers.items()})

    assert set(targets) == {"api", "services", "platform", "prometheus", "alertmanager", "postgres", "redis"}
    assert {address.partition(":")[0] for address in servers.values()} <= set(compose["services"])


@pytest.mark.system("nginx")
def test_nginx_takes_what_is_written_for_its_container(tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    settings = Settings(home=tmp_path, database_url=None, gateway_hosts="shop.example.org")
    write_gateway_files(settings, folder, "127.0.0.1:8000", "127.0.0.1:3000", "127.0.0.1:5000")

    assert "listen 0.0.0.0:8443 ssl" in (folder / "nginx.conf").read_text(encoding="utf-8")
    done = subprocess.run(
        [str(find_program("nginx")), "-t", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
