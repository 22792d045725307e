"""Whether a server answers: `python -m standalone.healthy http://127.0.0.1:8000/readyz`, or `127.0.0.1:4000`, a port.

For health checks of containers, whose image has no curl. Does not belong here: what a server says about itself.
"""

import socket
import sys

from standalone.processes import answers_http


def is_healthy(place: str) -> bool:
    """Whether a page answers with success, or a port accepts a connection."""
    if place.startswith("http://"):
        return answers_http(place)
    host, _, port = place.rpartition(":")
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, int(port))) == 0


if __name__ == "__main__":
    sys.exit(0 if is_healthy(sys.argv[1]) else 1)
