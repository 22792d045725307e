"""A service of a container: the installed packages, and the model from where its deployment says. No Bento."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.home import choose_port, prepare_home
from core.settings import Settings
from standalone.environment import exported
from standalone.processes import Command, start, stop, wait_until_ready
from standalone.single_server import service_environment, service_program
from standalone.stack import running_platform
from tests.integration.conftest import own_settings
from tests.integration.serving.shop import Trained
from warehouse.database import Database
from warehouse.databases import WAREHOUSE
from warehouse.deployments import record_deployment
from warehouse.passfile import password_of


def test_the_deployed_model_is_served(
    versions: tuple[Trained, Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = versions
    with running_platform(own_settings(tmp_path / "home")) as platform:
        address = f"file://{model.directory}"
        row = record_deployment("purchase", 1, model.digest, address, "purchase:none", "the test")
        Database(platform.warehouse_url).run(row)
        server, home = platform.access.serving, prepare_home(tmp_path / "apart")
        monkeypatch.setenv("SERVING_STATE_FOLDER", str(tmp_path / "state"))
        monkeypatch.setenv("SERVING_LEDGER_FOLDER", str(tmp_path / "ledger"))
        password = SecretStr(password_of(platform.home.passfile, server.host, server.user))
        settings = Settings(home=home.root, database_url=SecretStr(server.url(WAREHOUSE)), database_password=password)
        variables = service_environment(settings, "purchase")
        build = json.loads(Path(variables["SERVING_BUILD_FILE"]).read_text())
        assert build == {"kind": "purchase", "version": 1, "digest": model.digest}
        port = choose_port(home, "purchase", None)
        program, log = service_program("127.0.0.1", port), tmp_path / "log"
        with exported(variables | {"PGPASSFILE": ""}):
            child = start(Command("purchase", program, log, port, "/readyz"))
            try:
                wait_until_ready(child, 90)
            finally:
                stop([child])
        assert f"ready with version 1, digest {model.digest[:12]}" in log.read_text()
