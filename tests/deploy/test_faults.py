"""The checks of manifests find what they look for."""

import copy
from typing import Any

import pytest

from tests.deploy.manifests import allowed_edges, faults_of_ports, faults_of_selectors, faults_of_volumes

POD = {
    "kind": "Deployment",
    "metadata": {"name": "api"},
    "spec": {
        "selector": {"matchLabels": {"app.kubernetes.io/component": "api"}},
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/component": "api"}},
            "spec": {
                "containers": [
                    {
                        "ports": [{"name": "http", "containerPort": 8000}],
                        "env": [{"name": "KEY_FILE", "value": "/run/secrets/customer-analyzer/key"}],
                        "readinessProbe": {"httpGet": {"port": "http"}},
                        "volumeMounts": [{"name": "secrets", "mountPath": "/run"}],
                    }
                ],
                "volumes": [{"name": "secrets", "secret": {"items": [{"key": "key", "path": "key"}]}}],
            },
        },
    },
}
SERVICE = {
    "kind": "Service",
    "metadata": {"name": "api"},
    "spec": {"selector": {"app.kubernetes.io/component": "api"}, "ports": [{"port": 8000, "targetPort": "http"}]},
}


@pytest.fixture
def pod() -> Any:
    return copy.deepcopy(POD)


@pytest.fixture
def container(pod: Any) -> Any:
    return pod["spec"]["template"]["spec"]["containers"][0]


def test_what_is_right_has_no_fault(pod: Any) -> None:
    assert faults_of_selectors([pod, SERVICE]) + faults_of_volumes([pod]) + faults_of_ports([pod, SERVICE]) == []


def test_a_selector_that_misses_is_found(pod: Any) -> None:
    pod["spec"]["template"]["metadata"]["labels"] = {"app.kubernetes.io/component": "apy"}
    assert faults_of_selectors([pod, SERVICE]) == ["api does not select its own pods", "Service api selects no pod"]


def test_a_port_that_is_not_open_is_found(pod: Any, container: Any) -> None:
    container["readinessProbe"]["httpGet"]["port"] = "grpc"
    container["args"] = ["--code-server=code:4000"]
    container["ports"][0]["containerPort"] = 8001
    assert len(faults_of_ports([pod, SERVICE])) == 3


def test_a_missing_volume_file_or_claim_is_found(pod: Any, container: Any) -> None:
    container["volumeMounts"] = [{"name": "home", "mountPath": "/home"}]
    container["env"] = [
        {"name": "KEY_FILE", "value": "/run/secrets/customer-analyzer/another"},
        {"name": "PGPASSWORD", "value": "word"},
    ]
    pod["spec"]["template"]["spec"]["volumes"].append({"name": "data", "persistentVolumeClaim": {"claimName": "data"}})
    assert len(faults_of_volumes([pod])) == 6


def test_an_edge_needs_both_ends(pod: Any) -> None:
    def policy(way: str, end: str, peer: Any) -> Any:
        return {
            "kind": "NetworkPolicy",
            "metadata": {"name": way},
            "spec": {"podSelector": {"matchLabels": peer[0]}, way: [{end: [peer[1]], "ports": [{"port": 8000}]}]},
        }

    bot = copy.deepcopy(POD)
    bot["metadata"], bot["spec"]["template"]["metadata"] = (  # type: ignore[index]
        {"name": "bot"},
        {"labels": {"app.kubernetes.io/component": "bot"}},
    )
    api_labels, bot_labels = ({"app.kubernetes.io/component": name} for name in ("api", "bot"))
    leaves = policy("egress", "to", (bot_labels, {"podSelector": {"matchLabels": api_labels}}))
    arrives = policy("ingress", "from", (api_labels, {"podSelector": {"matchLabels": bot_labels}}))
    assert allowed_edges([pod, bot, leaves]) == set()
    assert allowed_edges([pod, bot, leaves, arrives]) == {("bot", "api", 8000)}
