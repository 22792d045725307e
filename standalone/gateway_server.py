"""nginx as the gateway of this home, and what the servers behind it must know.

Belongs here: nginx's command line, its folder and user, and what changes for other servers. Does not belong here: the
configuration (`gateway`, `deploy/gateway`).
"""

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path

from core.errors import UserError
from core.home import LOOPBACK, Home, choose_port, remembered_port, write_private
from core.settings import Settings
from standalone.certificates import ensure_certificate
from standalone.gateway import Gateway, Limits, render
from standalone.processes import Command
from standalone.server_user import Identity, server_identity
from standalone.servers import service_ports
from standalone.stack import Platform
from standalone.system_programs import demand_program

OPERATIONS = "/operations"


@dataclasses.dataclass(frozen=True)
class Ports:
    """Where the gateway listens. `internal` is for this machine alone, and speaks plain HTTP."""

    public: int
    operations: int
    internal: int


def demand_nginx() -> Path:
    """nginx's program file. Raises UserError where it is missing."""
    return demand_program("nginx", "The gateway", "nginx-light")


def gateway_ports(platform: Platform) -> Ports:
    """The ports of the gateway, also before it runs."""
    home, wanted = platform.home, platform.settings.ports
    return Ports(
        choose_port(home, "gateway", wanted["gateway"]),
        choose_port(home, "gateway_operations", wanted["gateway_operations"]),
        choose_port(home, "gateway_internal", None),
    )


def behind_gateway(
    platform: Platform, servers: Sequence[Command], ports: Ports, service_replicas: int
) -> list[Command]:
    """The same servers, told that the gateway stands before them."""
    name = platform.settings.gateway_names[0]
    told = {
        # The gateway is on this machine, and tells who a request really comes from.
        "BACKEND_TRUSTED_PROXIES": json.dumps([f"{LOOPBACK}/32"]),
        "BACKEND_OPERATIONS_URL": f"https://{name}:{ports.operations}",
        # The port is remembered once it was chosen, and Dagster's pages are below a path.
        "BACKEND_DAGSTER_URL": f"http://{LOOPBACK}:{remembered_port(platform.home, 'dagster')}{OPERATIONS}/dagster",
        "BACKEND_DAGSTER_PAGES": f"https://{name}:{ports.operations}{OPERATIONS}/dagster",
        "BACKEND_MLFLOW_PAGES": f"https://{name}:{ports.operations}{OPERATIONS}/mlflow",
    }
    if service_replicas > 1:
        addresses = {
            model: f"http://{LOOPBACK}:{ports.internal}/services/{model}"
            for model in service_ports(platform, service_replicas)
        }
        told["BACKEND_SERVICES"] = json.dumps(addresses)
    return [_told(server, told) for server in servers]


def gateway_server(
    platform: Platform,
    ports: Ports,
    servers: Sequence[Command],
    service_replicas: int = 1,
    limits: Limits | None = None,
) -> Command:
    """nginx in front of these servers. Raises UserError where it is missing."""
    nginx, folder = demand_nginx(), platform.home.gateway
    folder.mkdir(mode=0o700, exist_ok=True)
    settings = platform.settings
    certificate, key = _certificate(settings, folder)
    addresses = {each.name: f"{LOOPBACK}:{each.port}" for each in servers}
    gateway = Gateway(
        folder,
        str(folder / "access.log"),
        certificate,
        key,
        ports.public,
        ports.operations,
        ports.internal,
        [address for name, address in addresses.items() if name == "api" or name.startswith("api_")],
        addresses["dagster"],
        addresses["mlflow"],
        {
            model: [f"{LOOPBACK}:{port}" for port in replicas]
            for model, replicas in service_ports(platform, service_replicas).items()
        },
        settings.gateway_names,
        limits=limits or Limits(),
    )
    return nginx_server(platform.home, gateway, nginx)


def _certificate(settings: Settings, folder: Path) -> tuple[Path, Path]:
    """The certificate and key that the settings name, or those for loopback."""
    given = settings.gateway_certificate, settings.gateway_certificate_key
    if given == (None, None):
        made = folder / "certificate.pem", folder / "key.pem"
        ensure_certificate(*made)
        return made
    if given[0] is None or given[1] is None:
        raise UserError("A certificate and its key belong together: set both CUSTOMER_ANALYZER_GATEWAY_CERTIFICATE*.")
    return given[0].absolute(), given[1].absolute()


def nginx_server(home: Home, gateway: Gateway, nginx: Path) -> Command:
    """nginx with this configuration, which is written first."""
    configuration = gateway.folder / "nginx.conf"
    write_private(configuration, render(gateway))
    identity = server_identity(gateway.folder, nginx)
    _give(gateway.folder, identity)
    return Command(
        "gateway",
        [str(nginx), "-e", "stderr", "-p", str(gateway.folder), "-c", str(configuration)],
        home.logs / "gateway.log",
        gateway.port,
        directory=gateway.folder,
        scheme="https",
        launch_options=identity.launch_options,
        is_foreign=True,
    )


def _give(folder: Path, identity: Identity) -> None:
    """Root runs nginx as an ordinary user, whose these files then are."""
    if identity.uid is not None and identity.gid is not None:
        for path in (folder, *folder.iterdir()):
            os.chown(path, identity.uid, identity.gid)


def _told(server: Command, told: dict[str, str]) -> Command:
    if server.name == "api" or server.name.startswith("api_"):
        return dataclasses.replace(server, environment={**server.environment, **told})
    if server.name == "dagster":
        prefix = f"{OPERATIONS}/dagster"
        return dataclasses.replace(server, arguments=[*server.arguments, f"--path-prefix={prefix}"], prefix=prefix)
    return server
