"""How the services are run by BentoML: the options they share.

Belongs here: what BentoML is told about every service. Does not belong here: settings of ours (`settings.py`).
"""

from typing import Any

SERVICE_OPTIONS: dict[str, Any] = {
    "workers": 1,
    "traffic": {"timeout": 30},
    # The application writes its own line for a request, in JSON and with the request id.
    "logging": {"access": {"enabled": False}},
    "envs": [
        # Without a value: BentoML says so and stops if it is not set.
        {"name": "WAREHOUSE_URL"},
        # A request is one row or a few: a thread pool costs it more than it brings, and workers scale instead.
        {"name": "OMP_NUM_THREADS", "value": "1"},
        {"name": "POLARS_MAX_THREADS", "value": "1"},
    ],
}
