"""The rule set and the WireGuard example are what nftables and WireGuard take."""

import os
import re
import subprocess
from pathlib import Path

import pytest

NETWORK = Path(__file__).parents[2] / "deploy" / "network"
RULES = NETWORK / "customer-analyzer.nft"
_APART = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
"""In a network of its own: nothing of this machine's is touched."""


def _apart(script: str) -> str:
    done = subprocess.run([*_APART, "sh", "-euc", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.system("nft", "unshare")
def test_the_rules_are_taken_twice_and_close_what_they_do_not_name() -> None:
    listed = _apart(f"PATH=$PATH:/usr/sbin; nft -f {RULES}; nft -f {RULES}; nft list table inet customer_analyzer")
    policies = re.findall(r"hook (\w+) .*policy (\w+);", listed)
    assert policies == [("input", "drop"), ("forward", "accept"), ("output", "drop")]
    # Nothing of the platform's own is open to everybody: the gateway is.
    assert re.findall(r"^\s*tcp dport (\{.*\}) accept$", listed, flags=re.MULTILINE) == ["{ 80, 443 }"]


@pytest.mark.system("wg")
def test_the_example_is_a_configuration_of_wireguard(tmp_path: Path) -> None:
    text = (NETWORK / "wg-analyzer.conf.example").read_text()
    keys = set(re.findall(r"REPLACE_WITH_\w+", text))
    assert len(keys) == 5
    for name in keys:
        key = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout.strip()
        text = re.sub(rf"{name}\b", key, text)
    file = tmp_path / "wg-analyzer.conf"
    file.write_text(text)
    file.chmod(0o600)
    done = subprocess.run(["wg-quick", "strip", str(file)], capture_output=True, text=True, check=True)
    assert re.findall(r"AllowedIPs = (.*)", done.stdout) == ["10.90.0.2/32", "10.90.0.10/32"]
