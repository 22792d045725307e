"""Two replicas of the small shop's service behind the gateway's route for services, as with `--service-replicas 2`.

Belongs here: the second replica and the gateway. Does not belong here: what is asked of them (`load`).
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from core.home import LOOPBACK
from standalone.certificates import ensure_certificate
from standalone.fleet import running_servers
from standalone.gateway import Gateway
from standalone.gateway_server import demand_nginx, nginx_server
from standalone.processes import start, stop, wait_until_ready
from tests.integration.gateway.conftest import free_ports
from tests.integration.serving.shop import READY_SECONDS, Service, Shop, Trained, deploy, eventually, service

_NOBODY = f"{LOOPBACK}:9"


@dataclass
class Replicas:
    """The shop's service and a second one. `address` is the gateway's, for both."""

    shop: Shop
    second: Service
    address: str

    @property
    def both(self) -> tuple[Service, Service]:
        """The two."""
        return self.shop.service, self.second

    def asked(self) -> list[float]:
        """How many questions each has answered since it was started."""
        return [each.count("request_seconds_count", 'route="/predict"') for each in self.both]

    def deploy(self, trained: Trained) -> float:
        """Deploys a good version; returns the seconds until the last worker of both answered with it."""
        before = [each.count("model_swaps_total") for each in self.both]
        deploy(self.shop.connection, trained)

        def is_swapped() -> bool:
            return all(
                each.count("model_swaps_total") >= had + len(each.workers())
                for each, had in zip(self.both, before, strict=True)
            )

        return eventually(is_swapped, "all of both swapped")

    def signal_second(self, number: signal.Signals) -> None:
        """Sends a signal to the second and all its workers."""
        leader = psutil.Process(self.second.child.process.pid)
        for process in (*leader.children(recursive=True), leader):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def start_second(self) -> None:
        """Starts it again, as `up` does, and waits until it is ready."""
        self.second = Service(start(self.second.child.command), self.second.client)
        wait_until_ready(self.second.child, READY_SECONDS)


@contextmanager
def two_replicas(shop: Shop) -> Iterator[Replicas]:
    """Both, and nginx before them, for the duration of the block."""
    home = shop.home
    home.gateway.mkdir(exist_ok=True)
    certificate, key = home.gateway / "certificate.pem", home.gateway / "key.pem"
    ensure_certificate(certificate, key)
    with service(home, str(shop.bento), home.bentoml_of("purchase_2"), workers=2) as second:
        gateway = Gateway(
            home.gateway,
            str(home.gateway / "access.log"),
            certificate,
            key,
            *free_ports(3),
            # Nobody asks for these.
            api=[_NOBODY],
            dagster=_NOBODY,
            mlflow=_NOBODY,
            services={"purchase": [f"{LOOPBACK}:{each.child.command.port}" for each in (shop.service, second)]},
            # The machine may be busy.
            service_seconds=4,
        )
        with running_servers([nginx_server(home, gateway, demand_nginx())]):
            replicas = Replicas(shop, second, f"http://{LOOPBACK}:{gateway.internal_port}/services/purchase")
            try:
                yield replicas
            finally:
                # It may have been started again.
                stop([replicas.second.child])
