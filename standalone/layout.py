"""Which servers `up` starts: with or without a gateway, and how many replicas of what.

Does not belong here: what each server is told (`servers`, `telegram_servers`, `gateway_server`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.home import LOOPBACK
from standalone.gateway_server import behind_gateway, demand_nginx, gateway_ports, gateway_server
from standalone.processes import Command
from standalone.servers import api_server, model_servers, page_servers, worker_server
from standalone.stack import Platform
from standalone.telegram_servers import bot_server, sender_server, telegram_servers


@dataclass(frozen=True)
class Layout:
    """Replicas need the gateway, which balances over them; without it there is one of each."""

    has_gateway: bool = False
    api_replicas: int = 1
    service_replicas: int = 1


def chosen_layout(has_gateway: bool, api_replicas: int, service_replicas: int) -> Layout:
    """What was asked for. Raises UserError where the gateway cannot be had."""
    if not has_gateway:
        return Layout()
    demand_nginx()
    return Layout(True, api_replicas, service_replicas)


def first_servers(platform: Platform, layout: Layout) -> list[Command]:
    """Everything that the others talk to."""
    apis = [api_server(platform, replica) for replica in range(1, layout.api_replicas + 1)]
    servers = [*telegram_servers(platform), *apis, worker_server(platform), *page_servers(platform)]
    if layout.has_gateway:
        servers = behind_gateway(platform, servers, gateway_ports(platform), layout.service_replicas)
    return [*servers, *model_servers(platform, replicas=layout.service_replicas)]


def last_servers(platform: Platform, layout: Layout, first: Sequence[Command]) -> list[Command]:
    """The gateway, the bot and the sender, which need the first ones to start."""
    api_url = next(str(server.address) for server in first if server.name == "api")
    gateway = []
    if layout.has_gateway:
        ports = gateway_ports(platform)
        gateway = [gateway_server(platform, ports, first, layout.service_replicas)]
        api_url = f"http://{LOOPBACK}:{ports.internal}/api"
    return [*gateway, bot_server(platform, api_url), sender_server(platform)]
