"""Files that containers of other images read: nginx' configuration, and that of Prometheus and Alertmanager.

Belongs here: writing them into a volume, for the addresses that containers have among each other. Does not belong here:
what they say (`gateway`, `monitoring`, `deploy`), and the same on one machine (`gateway_server`, `monitoring_servers`).
"""

import shutil
from pathlib import Path

from core.errors import UserError
from core.home import write_private
from core.settings import Settings
from standalone.certificates import ensure_certificate
from standalone.environment import exported
from standalone.gateway import TEMPLATES, Gateway, render
from standalone.local_key import ensure_monitoring_keys
from standalone.monitoring import targets_of, write_configuration, write_targets
from standalone.single_server import backend_environment
from warehouse.databases import WAREHOUSE, given_server

GATEWAY_PORT, OPERATIONS_PORT, INTERNAL_PORT = 8443, 8444, 8080
"""Where the gateway listens unless CUSTOMER_ANALYZER_GATEWAY_PORT and ..._OPERATIONS_PORT say otherwise."""


def write_gateway_files(settings: Settings, folder: Path, api: str, dagster: str, mlflow: str) -> None:
    """Writes all that nginx reads into a folder, which it sees under the same name. Addresses are `host:port`.

    Without a certificate in the settings, one for loopback is made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in TEMPLATES.iterdir():
        shutil.copyfile(part, folder / part.name)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if settings.gateway_certificate is None or settings.gateway_certificate_key is None:
        ensure_certificate(certificate, key)
    else:
        write_private(certificate, settings.gateway_certificate.read_text(encoding="ascii"))
        write_private(key, settings.gateway_certificate_key.read_text(encoding="ascii"))
    gateway = Gateway(
        folder,
        "/dev/stdout",
        certificate,
        key,
        settings.ports["gateway"] or GATEWAY_PORT,
        settings.ports["gateway_operations"] or OPERATIONS_PORT,
        INTERNAL_PORT,
        [api],
        dagster,
        mlflow,
        hosts=settings.gateway_names,
        address="0.0.0.0",  # noqa: S104 (a container has no other way to be reached)
        templates=folder,
    )
    write_private(folder / "nginx.conf", render(gateway))


def write_monitoring_files(settings: Settings, folder: Path, servers: dict[str, str]) -> None:
    """Writes all that Prometheus and Alertmanager read. `servers` are addresses by the names that `up` gives them.

    Makes the keys by which they call the API, with the backend's login.
    """
    if settings.database_url is None:
        raise UserError("Set DATABASE_URL to the server as the backend's login reaches it.")
    page_url = settings.alert_webhook
    write_configuration(folder, f"http://{servers['api']}", None if page_url is None else page_url.get_secret_value())
    write_targets(folder, targets_of({name: f"http://{address}" for name, address in servers.items()}))
    server = given_server(settings.database_url, settings.database_password)
    with exported(backend_environment(settings)):
        ensure_monitoring_keys(server.url(WAREHOUSE), folder)
