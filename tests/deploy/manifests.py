"""What must hold between manifests that a schema knows nothing of: each function returns the faults it finds.

`python -m tests.deploy.manifests FILE` looks at rendered manifests; `make audit` does so with every overlay.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

Manifest = Mapping[str, Any]
Edge = tuple[str, str, int]

COMPONENT = "app.kubernetes.io/component"
_WORKLOADS = ("Deployment", "StatefulSet", "Job")


def read(files: Iterable[Path]) -> list[Manifest]:
    """Every manifest of some files."""
    return [each for file in files for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each]


def of_kind(manifests: Iterable[Manifest], *kinds: str) -> list[Manifest]:
    """Those of some kinds."""
    return [each for each in manifests if each["kind"] in kinds]


def name_of(manifest: Manifest) -> str:
    """Its name."""
    return str(manifest["metadata"]["name"])


def labels_of(workload: Manifest) -> dict[str, str]:
    """The labels of its pods."""
    return dict(workload["spec"]["template"]["metadata"].get("labels", {}))


def selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Whether a label selector selects pods with these labels."""
    expressions = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in expressions)
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        labels.get(each["key"]) in each["values"] for each in expressions
    )


def faults_of_selectors(manifests: list[Manifest]) -> list[str]:
    """Selectors that miss their own pods, or select none."""
    workloads = of_kind(manifests, *_WORKLOADS)
    pods = [labels_of(each) for each in workloads]
    faults = [
        f"{name_of(each)} does not select its own pods"
        for each in workloads
        if each["kind"] != "Job" and not selects(each["spec"]["selector"], labels_of(each))
    ]
    for each in of_kind(manifests, "Service", "PodDisruptionBudget", "NetworkPolicy"):
        spec = each["spec"]
        given = spec.get("podSelector", spec.get("selector"))
        selector = {"matchLabels": given} if each["kind"] == "Service" else given
        if not any(selects(selector, labels) for labels in pods):
            faults.append(f"{each['kind']} {name_of(each)} selects no pod")
    for each in of_kind(manifests, "HorizontalPodAutoscaler"):
        target = each["spec"]["scaleTargetRef"]
        if not any((target["kind"], target["name"]) == (it["kind"], name_of(it)) for it in workloads):
            faults.append(f"{name_of(each)} scales nothing")
    return faults


def faults_of_volumes(manifests: list[Manifest]) -> list[str]:
    """Mounts without a volume, volumes without a mount, claims and maps that nobody makes, secrets nobody mounts."""
    claims = {name_of(each) for each in of_kind(manifests, "PersistentVolumeClaim")}
    maps = {name_of(each) for each in of_kind(manifests, "ConfigMap")}
    faults = []
    for workload in of_kind(manifests, *_WORKLOADS):
        name, pod = name_of(workload), workload["spec"]["template"]["spec"]
        volumes = {each["name"]: each for each in pod.get("volumes", [])}
        made = {name_of(each) for each in workload["spec"].get("volumeClaimTemplates", [])}
        mounted = {mount["name"] for container in pod["containers"] for mount in container.get("volumeMounts", [])}
        faults += [f"{name} mounts {each}, which is no volume" for each in mounted - volumes.keys() - made]
        faults += [f"{name} does not mount {each}" for each in (volumes.keys() | made) - mounted]
        for volume in volumes.values():
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim is not None and claim not in claims:
                faults.append(f"{name} wants the claim {claim}, which nobody makes")
        for container in pod["containers"]:
            for source in container.get("envFrom", []):
                if source["configMapRef"]["name"] not in maps:
                    faults.append(f"{name} reads a ConfigMap that nobody makes")
            faults += _faults_of_files(name, pod, container)
    return faults


def _faults_of_files(name: str, pod: Manifest, container: Manifest) -> list[str]:
    """Files of secrets that a variable names and no volume brings, and secrets in the manifest itself."""
    secret = next((each["secret"] for each in pod.get("volumes", []) if "secret" in each), {})
    brought = None if "items" not in secret else {item["path"] for item in secret["items"]}
    faults = []
    for variable in container.get("env", []):
        value = str(variable.get("value", ""))
        found = re.fullmatch(r"/run/secrets/customer-analyzer/([\w-]+)", value)
        if found and (not secret or (brought is not None and found[1] not in brought)):
            faults.append(f"{name} has no file for {variable['name']}")
        if re.search("PASSWORD$|TOKEN$|KEY$|SECRET$", variable["name"]):
            faults.append(f"{name} has the secret {variable['name']} in a variable")
    return faults


def faults_of_ports(manifests: list[Manifest]) -> list[str]:
    """Services, probes and addresses that lead to a port which nobody has opened."""
    workloads = of_kind(manifests, *_WORKLOADS)
    services = {name_of(each): each["spec"] for each in of_kind(manifests, "Service")}
    faults = []
    for name, spec in services.items():
        pods = [each for each in workloads if selects({"matchLabels": spec["selector"]}, labels_of(each))]
        for pod in pods:
            faults += [
                f"Service {name} leads to the port {port['targetPort']}, which {name_of(pod)} does not open"
                for port in spec["ports"]
                if _ports(pod).get(port["targetPort"]) != port["port"]
            ]
    for workload in workloads:
        for container in workload["spec"]["template"]["spec"]["containers"]:
            faults += [
                f"The {probe} of {name_of(workload)} asks a port that is not open"
                for probe in ("startupProbe", "readinessProbe", "livenessProbe")
                for how in ("httpGet", "tcpSocket")
                if (port := container.get(probe, {}).get(how, {}).get("port")) and port not in _ports(workload)
            ]
            texts = [*container.get("args", []), *(str(each.get("value", "")) for each in container.get("env", []))]
            for host, port in re.findall(r"(?:http://|redis://|code-server=)([a-z-]+):(\d+)", " ".join(texts)):
                if int(port) not in [each["port"] for each in services.get(host, {}).get("ports", [])]:
                    faults.append(f"{name_of(workload)} asks {host}:{port}, where nobody is")
    return faults


def _ports(workload: Manifest) -> dict[str, int]:
    containers = workload["spec"]["template"]["spec"]["containers"]
    return {port["name"]: port["containerPort"] for each in containers for port in each.get("ports", [])}


def allowed_edges(manifests: list[Manifest]) -> set[Edge]:
    """Who may talk to whom at which port, as the network policies say: both ends must allow it.

    An end outside is named by its namespace or network.
    """
    pods = {name_of(each): labels_of(each) for each in of_kind(manifests, *_WORKLOADS)}
    ports = {name_of(each): set(_ports(each).values()) for each in of_kind(manifests, *_WORKLOADS)}
    out, into = set(_edges(manifests, pods, "egress", "to")), set(_edges(manifests, pods, "ingress", "from"))
    into = {(there, here, port) for here, there, port in into}
    inside = {(a, b, port) for a, b, port in out & into if port in ports[b]}
    return inside | {
        (a, b, port) for a, b, port in out ^ into if (a not in pods and port in ports.get(b, ())) or b not in pods
    }


def _edges(manifests: list[Manifest], pods: Mapping[str, Mapping[str, str]], way: str, end: str) -> Iterator[Edge]:
    """From whom a policy is about, to the other end."""
    for policy in of_kind(manifests, "NetworkPolicy"):
        about = [name for name, labels in pods.items() if selects(policy["spec"]["podSelector"], labels)]
        for rule in policy["spec"].get(way, []):
            for peer in rule[end]:
                for other in _peers(peer, pods):
                    for here in about:
                        yield from ((here, other, port["port"]) for port in rule["ports"])


def _peers(peer: Manifest, pods: Mapping[str, Mapping[str, str]]) -> list[str]:
    if "ipBlock" in peer:
        cidr = peer["ipBlock"]["cidr"]
        return ["internet" if cidr == "0.0.0.0/0" else f"network {cidr}"]
    if "namespaceSelector" in peer:
        return [str(peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"])]
    return [name for name, labels in pods.items() if selects(peer["podSelector"], labels)]


def faults_of_hardening(manifests: list[Manifest]) -> list[str]:
    """Pods that are not as the standard "restricted" wants them, or have no limits."""
    faults = []
    for workload in of_kind(manifests, *_WORKLOADS):
        name, pod = name_of(workload), workload["spec"]["template"]["spec"]
        about = pod.get("securityContext", {})
        if not (about.get("runAsNonRoot") and about.get("runAsUser", 0) > 0):
            faults.append(f"{name} may run as root")
        if about.get("seccompProfile", {}).get("type") != "RuntimeDefault" or pod.get(
            "automountServiceAccountToken", 1
        ):
            faults.append(f"{name} may ask too much of the kernel or of Kubernetes")
        for container in pod["containers"]:
            limits = container.get("securityContext", {})
            wanted = {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            if limits != wanted:
                faults.append(f"{name} has a container with more rights than it needs")
            if "memory" not in container.get("resources", {}).get("limits", {}):
                faults.append(f"{name} has no limit")
    return faults


def main(file: Path) -> int:
    """Prints the faults of rendered manifests."""
    manifests = read([file])
    checks = (faults_of_selectors, faults_of_volumes, faults_of_ports, faults_of_hardening)
    faults = [fault for check in checks for fault in check(manifests)]
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
