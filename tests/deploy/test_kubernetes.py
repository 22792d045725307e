"""The Kubernetes manifests as they stand, without kustomize; `make audit` looks at the rendered overlays too."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import (
    Manifest,
    allowed_edges,
    faults_of_hardening,
    faults_of_ports,
    faults_of_selectors,
    faults_of_volumes,
    labels_of,
    name_of,
    of_kind,
    read,
)

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
ONE_AT_A_TIME = {"bot", "dagster-code", "dagster-daemon"}


@pytest.fixture(scope="module")
def manifests() -> list[Manifest]:
    base = KUBERNETES / "base"
    resources = yaml.safe_load((base / "kustomization.yaml").read_text())["resources"]
    return read([*(base / name for name in resources), KUBERNETES / "overlays" / "small" / "postgres.yaml"])


def test_selectors_volumes_and_ports_fit(manifests: list[Manifest]) -> None:
    assert faults_of_selectors(manifests) + faults_of_volumes(manifests) + faults_of_ports(manifests) == []


def test_who_may_talk_to_whom_is_what_the_table_says(manifests: list[Manifest]) -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()
    rows = re.findall(r"^\| `([\w-]+)` \| `([\w-]+)` \| (\d+) \|", text, flags=re.MULTILINE)
    edges = {edge for edge in allowed_edges(manifests) if edge[1] != "kube-system"}
    assert {(a, b, int(port)) for a, b, port in rows} == edges


def test_everybody_may_ask_for_names_and_nobody_else_is_reached(manifests: list[Manifest]) -> None:
    closed = next(each for each in of_kind(manifests, "NetworkPolicy") if name_of(each) == "nobody")
    assert closed["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    asking = {edge[0] for edge in allowed_edges(manifests) if edge[1] == "kube-system"}
    assert asking == {name_of(each) for each in of_kind(manifests, "Deployment", "StatefulSet", "Job")}


def test_requests_outlive_a_new_version(manifests: list[Manifest]) -> None:
    served = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind(manifests, "HorizontalPodAutoscaler")}
    assert served == {"api", "segmentation", "purchase", "churn"}
    assert served == {name_of(each) for each in of_kind(manifests, "PodDisruptionBudget")}
    for deployment in of_kind(manifests, "Deployment"):
        name, spec = name_of(deployment), deployment["spec"]
        assert (spec["strategy"]["type"] == "Recreate") == (name in ONE_AT_A_TIME)
        if name in served:
            pod: dict[str, Any] = spec["template"]["spec"]
            (container,) = pod["containers"]
            assert spec["replicas"] >= 2
            assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
            # A replica that waits for a database must not be killed for it.
            assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
            assert (
                int(container["lifecycle"]["preStop"]["exec"]["command"][1]) + 10 < pod["terminationGracePeriodSeconds"]
            )
            assert {each["topologyKey"] for each in pod["topologySpreadConstraints"]} == {
                "topology.kubernetes.io/zone",
                "kubernetes.io/hostname",
            }


def test_each_server_knows_the_login_of_its_part_alone(manifests: list[Manifest]) -> None:
    roles = {
        "backend": {"api", "sender"},
        "serving": {"segmentation", "purchase", "churn"},
        "pipeline": {"dagster-code", "dagster-daemon", "dagster", "mlflow", "worker"},
    }
    for deployment in of_kind(manifests, "Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        variables = {each["name"]: each["value"] for each in container.get("env", [])}
        known = {role for role, names in roles.items() if name_of(deployment) in names}
        found = re.findall(r"customer_analyzer_(\w+)_\$", variables.get("DATABASE_URL", ""))
        assert set(found) == known
        assert labels_of(deployment).get("customer-analyzer/postgres") == ("client" if known else None)


def test_what_is_restricted_is_said_once_for_all_pods(manifests: list[Manifest]) -> None:
    patch = {
        each["path"]: each["value"] for each in yaml.safe_load((KUBERNETES / "base" / "hardened.yaml").read_text())
    }
    for workload in of_kind(manifests, "Deployment", "Job"):
        pod = workload["spec"]["template"]["spec"]
        pod["securityContext"] = patch["/spec/template/spec/securityContext"]
        pod["containers"][0]["securityContext"] = patch["/spec/template/spec/containers/0/securityContext"]
        assert len(pod["containers"]) == 1
    assert faults_of_hardening(manifests) == []
