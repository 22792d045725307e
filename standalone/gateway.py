"""The gateway's configuration: what `deploy/gateway` leaves open, filled in for one machine.

Belongs here: which replicas, ports, names and limits the configuration has. Does not belong here: what it says about
them (`deploy/gateway`), starting nginx (`gateway_server`), and the certificate (`certificates`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from core.errors import UserError
from core.home import LOOPBACK

TEMPLATES = Path(__file__).resolve().parents[1] / "deploy" / "gateway"
FAIL_SECONDS = 2
"""How long a replica that failed is left out."""

_OPEN = re.compile(r"@\{(\w+)\}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\]")


@dataclass(frozen=True)
class Limits:
    """What one client may do. Rates are requests a second; a burst is how many may come at once on top."""

    address_rate: int = 200
    address_burst: int = 400
    key_rate: int = 500
    key_burst: int = 1000
    sign_in_rate: int = 2
    sign_in_burst: int = 20
    connections: int = 200
    slow_seconds: int = 10
    """How long a client may take between two reads or writes, and for all headers of a request."""


@dataclass(frozen=True)
class Gateway:
    """One gateway. Replicas and upstreams are `host:port`; every path is absolute."""

    folder: Path
    access_log: str
    certificate: Path
    certificate_key: Path
    port: int
    operations_port: int
    internal_port: int
    api: Sequence[str]
    dagster: str
    mlflow: str
    services: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hosts: Sequence[str] = (LOOPBACK, "localhost")
    address: str = LOOPBACK
    trusted: Sequence[IPv4Network | IPv6Network] = ()
    """Networks of proxies in front of the gateway, such as a CDN, whose X-Forwarded-For is believed."""
    limits: Limits = Limits()
    service_seconds: int = 2
    """How long a replica of a service may be silent before another is asked. The API waits a second longer in all."""
    templates: Path = TEMPLATES


def render(gateway: Gateway) -> str:
    """The configuration as nginx reads it. Raises UserError for a host name that is none."""
    for host in gateway.hosts:
        if not _HOST.fullmatch(host):
            raise UserError(f"{host!r} is no host name that the gateway could answer to.")
    values = dict(
        {name: str(value) for name, value in vars(gateway.limits).items()},
        folder=str(gateway.folder),
        templates=str(gateway.templates),
        access_log=gateway.access_log,
        certificate=str(gateway.certificate),
        certificate_key=str(gateway.certificate_key),
        address=gateway.address,
        port=str(gateway.port),
        # Browsers and clients leave the usual port out.
        public_port="" if gateway.port == 443 else f":{gateway.port}",
        operations_port=str(gateway.operations_port),
        internal_port=str(gateway.internal_port),
        hosts=" ".join(gateway.hosts),
        trusted_networks=", ".join(map(str, gateway.trusted)) or "nobody",
        real_ip=_real_ip(gateway.trusted),
        api_replicas=_replicas(gateway.api),
        dagster=f"http://{gateway.dagster}",
        mlflow=f"http://{gateway.mlflow}",
        service_upstreams="\n".join(_upstream(name, replicas) for name, replicas in gateway.services.items()),
        service_locations="\n".join(_location(name, gateway.service_seconds) for name in gateway.services),
    )
    template = (gateway.templates / "nginx.conf.template").read_text(encoding="utf-8")
    return _OPEN.sub(lambda place: values[place[1]], template)


def _replicas(addresses: Sequence[str]) -> str:
    # The only replica is never left out: there is no other to ask.
    failing = f" max_fails=1 fail_timeout={FAIL_SECONDS}s" if len(addresses) > 1 else " max_fails=0"
    return "\n".join(f"        server {address}{failing};" for address in addresses)


def _real_ip(networks: Sequence[IPv4Network | IPv6Network]) -> str:
    if not networks:
        return ""
    trusted = "\n".join(f"    set_real_ip_from {network};" for network in networks)
    return f"{trusted}\n    real_ip_header X-Forwarded-For;\n    real_ip_recursive on;"


def _upstream(name: str, replicas: Sequence[str]) -> str:
    return f"""
    upstream service_{name} {{
        zone service_{name} 128k;
        least_conn;
{_replicas(replicas)}
        keepalive 16;
        keepalive_timeout 4s;
    }}"""


def _location(name: str, seconds: int) -> str:
    # A client of a service repeats a request whose connection broke, and so may the gateway. A replica that hangs, or
    # is still starting, takes connections and does not answer.
    return f"""
        location /services/{name}/ {{
            proxy_next_upstream error timeout non_idempotent;
            proxy_read_timeout {seconds}s;
            proxy_pass http://service_{name}/;
        }}"""
