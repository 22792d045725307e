"""A Bento by itself: what is in it, and that it starts from anywhere with only the address of a database."""

import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import yaml

from core.home import LOOPBACK, choose_port, prepare_home
from standalone.processes import answers_http
from tests.integration.serving.shop import HEADERS, NAMES, Shop, Trained, eventually, population, warehouse_url
from warehouse.passfile import read_entries
from warehouse.roles import SERVING


def test_model_code_and_packages_are_pinned(bento: Path, versions: tuple[Trained, Trained]) -> None:
    first, _ = versions
    described = yaml.safe_load((bento / "bento.yaml").read_text())

    assert json.loads((bento / "src" / "build.json").read_text()) == {
        "kind": "purchase",
        "version": 1,
        "digest": first.digest,
    }
    assert hashlib.sha256((bento / "src" / "model" / "manifest.json").read_bytes()).hexdigest() == first.digest
    assert re.fullmatch(rf"1-{first.digest[:12]}-[0-9a-f]{{8}}", described["version"])
    assert described["services"][0]["config"]["http"]["host"] == LOOPBACK
    packages = (bento / "env" / "python" / "requirements.txt").read_text().splitlines()
    assert [line for line in packages if line and not re.fullmatch(r"[a-z0-9.-]+==\S+", line)] == []


def test_the_container_file_has_a_pinned_base_and_a_user_who_is_not_root(bento: Path) -> None:
    text = (bento / "env" / "docker" / "Dockerfile").read_text()

    assert re.findall("^FROM (.*) AS", text, re.MULTILINE) == [f"python:{platform.python_version()}-slim-bookworm"]
    assert re.findall("^USER (.*)", text, re.MULTILINE) == ["bentoml"]
    assert text.rindex("USER bentoml") < text.index("\nENTRYPOINT")
    assert "0.0.0.0" not in text  # noqa: S104 - the point
    assert re.findall("^ARG WAREHOUSE_URL.*", text, re.MULTILINE) == ["ARG WAREHOUSE_URL"]


def test_it_starts_from_anywhere_with_only_a_database_address_and_loses_nothing_when_stopped(
    shop: Shop, tmp_path: Path
) -> None:
    bento = tmp_path / "moved" / "bento"
    shutil.copytree(shop.bento, bento)
    (password,) = (each.password for each in read_entries(shop.home.passfile) if each.user.startswith(SERVING))
    address = warehouse_url(shop.home).replace("@", f":{password}@", 1)
    port = choose_port(prepare_home(tmp_path / "ports"), "purchase", None)
    command = [str(Path(sys.executable).with_name("bentoml")), "serve", str(bento), "--port", str(port)]
    environment = {"WAREHOUSE_URL": address, "HOME": str(tmp_path), "BENTOML_DO_NOT_TRACK": "true"}
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=output, stderr=output) as process,
        httpx.Client(base_url=f"http://{LOOPBACK}:{port}", headers=HEADERS, timeout=10, trust_env=False) as client,
    ):
        try:
            eventually(lambda: answers_http(f"{client.base_url}/readyz") or process.poll() is not None, "ready")
            assert process.poll() is None, log.read_text()
            listening = [
                each.laddr for each in psutil.Process(process.pid).net_connections() if each.status == "LISTEN"
            ]
            assert {each.ip for each in listening} == {LOOPBACK}
            expected = {each.version: each.probability for each in shop.versions}
            rows = population().select("user_id", *NAMES).head(2).to_dicts()
            ids = []
            for body in ({"user_ids": ["0", "1"]}, {"features": rows}):
                answer = client.post("/predict", json=body).raise_for_status().json()
                for row in answer["predictions"]:
                    assert abs(row["probability"] - expected[answer["model_version"]][row["user_id"]]) < 1e-9
                    ids.append(row["prediction_id"])
        finally:
            process.terminate()
            process.wait(timeout=20)
    assert shop.recorded(ids) == len(ids) == 4
    assert password not in log.read_text()
