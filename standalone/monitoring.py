"""The configuration of Prometheus and Alertmanager: what `deploy/monitoring` leaves open, filled in for one machine.

Belongs here: their folder in the home, with the keys by which they call the API, and what is scraped where. Does not
belong here: what is measured and what is an alert (`deploy/monitoring`), and starting anything (`monitoring_servers`).
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.home import write_private
from ml.kinds import model_kinds

SOURCES = Path(__file__).resolve().parents[1] / "deploy" / "monitoring"

_API = "@{api}"


@dataclass(frozen=True)
class Target:
    """An address as `host:port`, and labels that its figures get."""

    address: str
    labels: Mapping[str, str]


def write_configuration(folder: Path, api_url: str, page_url: str | None, sources: Path = SOURCES) -> None:
    """Writes all that Prometheus and Alertmanager read but for keys and targets. Pages go to `page_url` too.

    The receiver of pages comes last in the template.
    """
    rules = folder / "rules"
    shutil.rmtree(rules, ignore_errors=True)
    for each in (folder, rules, folder / "targets", folder / "keys"):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    for rule in sorted((sources / "rules").glob("*.yml")):
        write_private(rules / rule.name, rule.read_text(encoding="utf-8"))
    write_private(folder / "prometheus.yml", (sources / "prometheus.yml").read_text(encoding="utf-8"))
    alertmanager = (sources / "alertmanager.yml").read_text(encoding="utf-8").replace(_API, api_url)
    if page_url is not None:
        # The address may hold a secret: the file is the owner's alone.
        alertmanager = f"{alertmanager.rstrip()}\n      - url: {json.dumps(page_url)}\n"
    write_private(folder / "alertmanager.yml", alertmanager)


def targets_of(servers: Mapping[str, str | None]) -> dict[str, list[Target]]:
    """What is scraped, by Prometheus' job, of servers by name with their addresses. `api_2` is a replica of `api`."""
    models = {kind.name for kind in model_kinds()}
    targets: dict[str, list[Target]] = {}
    for name, address in servers.items():
        if address is None:
            continue
        job, labels = _job(name, models)
        if job is not None:
            targets.setdefault(job, []).append(Target(address.partition("://")[2], labels))
    return targets


def write_targets(folder: Path, targets: Mapping[str, Sequence[Target]]) -> None:
    """Writes a file a job, and removes those of jobs that have nothing to scrape. Prometheus sees it at once."""
    for job, found in targets.items():
        content = [{"targets": [each.address], "labels": dict(each.labels)} for each in found]
        path = folder / "targets" / f"{job}.json"
        text = json.dumps(content, indent=2) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_private(path, text)
    for path in (folder / "targets").glob("*.json"):
        if path.stem not in targets:
            path.unlink()


def _job(name: str, models: set[str]) -> tuple[str | None, dict[str, str]]:
    server, _, replica = name.rpartition("_")
    server = server if replica.isdecimal() else name
    if server in models:
        return "services", {"model": server}
    if server == "api":
        return "api", {}
    return _JOBS.get(server), {}


_JOBS = {
    "exporter": "platform",
    "prometheus": "prometheus",
    "alertmanager": "alertmanager",
    "node_exporter": "node",
    "postgres_exporter": "postgres",
    "redis_exporter": "redis",
    "nginx_exporter": "nginx",
}
