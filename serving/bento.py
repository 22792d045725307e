"""How the services are run by BentoML: the options they share, and the way of a request past its middleware.

Belongs here: what BentoML is told about every service. Does not belong here: settings of ours (`settings.py`).
"""

from typing import Any

import attrs
from _bentoml_sdk import Service
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.openapi import describe

SERVICE_OPTIONS: dict[str, Any] = {
    "workers": 1,
    # BentoML listens on every address unless told; these listen on this machine unless told (`--host`).
    "http": {"host": "127.0.0.1"},
    # The application counts by route (`metrics.py`); BentoML counts by path, so a scan of paths would fill its memory.
    "metrics": {"enabled": False},
    # The application writes its own line for a request, in JSON and with the request id.
    "logging": {"access": {"enabled": False}},
    "envs": [
        # Without a value: BentoML says so and stops if it is not set.
        {"name": "WAREHOUSE_URL"},
        # A request is one row or a few: a thread pool costs it more than it brings, and workers scale instead.
        {"name": "OMP_NUM_THREADS", "value": "1"},
        {"name": "POLARS_MAX_THREADS", "value": "1"},
        # Nothing here reports home, in a container either.
        {"name": "BENTOML_DO_NOT_TRACK", "value": "true"},
    ],
}

# What BentoML answers itself, without a key. Its page at / is left out: it could not read a description that needs one.
_HEALTH = frozenset({"/livez", "/readyz", "/healthz"})


@attrs.define
class DirectService(Service[Any]):  # type: ignore[misc]  # BentoML has no types
    """A BentoML service whose mounted application gets its requests straight from the server.

    BentoML's own way to it (tracing, time-outs, routing) costs more than looking a user up and asking the model;
    docs/decisions/0012 has the figures. Health, build, workers and life cycle stay BentoML's.
    """

    @property
    def openapi_spec(self) -> dict[str, Any]:
        """What a Bento carries as `apis/openapi.yaml`: BentoML's own knows no mounted routes."""
        return describe(self.name)

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """What each worker serves."""
        # Not super(): attrs makes the class anew, with slots, which leaves a bare super() behind.
        bentoml_app: ASGIApp = Service.to_asgi(self, is_main)
        own_app: ASGIApp = self.mount_apps[0][0]

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            is_own = scope["type"] == "http" and scope["path"] not in _HEALTH
            await (own_app if is_own else bentoml_app)(scope, receive, send)

        return serve
