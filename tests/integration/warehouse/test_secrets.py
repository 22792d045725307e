"""Secrets are replaced while everything runs, and `doctor` finds what is open."""

import os
import socket
import stat
from collections.abc import Iterator

import psycopg
import pytest

from backend.access.store import newest_signing_key, signing_key
from core.home import write_private
from standalone.doctor import Finding, examine, open_listeners
from standalone.stack import Platform, running_platform
from tests.integration.conftest import command, own_settings
from warehouse.database import Database
from warehouse.databases import WAREHOUSE
from warehouse.passfile import read_entries


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own: its passwords change, and its roles get rights that they should not have."""
    with running_platform(own_settings(tmp_path_factory.mktemp("secrets") / "home")) as started:
        yield started


def test_new_passwords_end_no_connection_and_need_no_restart(platform: Platform) -> None:
    file = platform.home.passfile
    before = {entry.user: entry.password for entry in read_entries(file)}
    with psycopg.connect(platform.warehouse_url) as open_before:
        said = command(platform, "secrets", "passwords")
        after = {entry.user: entry.password for entry in read_entries(file)}
        assert after.keys() == before.keys()
        assert all(user in said and after[user] not in said for user in after)
        assert not set(after.values()) & set(before.values())
        assert open_before.execute("select 1").fetchone() == (1,)
    # What runs finds the new password by the variables that it was started with.
    assert "PGPASSWORD" not in platform.environment or platform.environment["PGPASSWORD"] == ""
    for url in (platform.warehouse_url, platform.backend_url, platform.access.serving.url(WAREHOUSE)):
        psycopg.connect(url).close()
    assert Database(platform.warehouse_url).frame("select 1 as one")["one"].to_list() == [1]
    user = platform.access.backend.user
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(platform.backend_url, password=before[user])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not file.with_name("pgpass.next").exists()


def test_a_new_signing_key_signs_at_once_and_the_old_one_still_counts(platform: Platform) -> None:
    database = Database(platform.backend_url)
    command(platform, "secrets", "signing-key")
    first = database.run(newest_signing_key(30))
    command(platform, "secrets", "signing-key")
    second = database.run(newest_signing_key(30))
    assert first is not None
    assert second is not None
    assert first[0] != second[0]
    assert database.run(signing_key(first[0])) == first[1]
    command(platform, "secrets", "signing-key", "--leaked")
    assert database.run(signing_key(first[0])) is None
    assert database.run(signing_key(second[0])) is None


def _open(findings: list[Finding]) -> dict[str, str]:
    return {each.check: each.fault for each in findings if each.fault}


def test_a_fresh_installation_is_closed(platform: Platform) -> None:
    assert _open(examine(platform)) == {}
    assert len(command(platform, "doctor").splitlines()) == len(examine(platform))


def test_what_is_opened_is_found(platform: Platform) -> None:
    home = platform.home
    write_private(home.service_key, "ca_example")
    home.service_key.chmod(0o640)
    home.logs.chmod(0o755)
    with platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("grant update on app.audit to customer_analyzer_backend")
        connection.execute("grant connect on database mlflow to public")
        connection.execute("alter role customer_analyzer_serving createdb")
        connection.execute("create function public.loose() returns int language sql security definer return 1")
        try:
            assert _open(examine(platform)) == {
                "the home is closed to other users": f"{home.logs} has the mode 755",
                "secrets can be read by their owner alone": f"{home.service_key} can be read by others",
                "a role has no more rights than its part": "customer_analyzer_backend may update app.audit",
                "roles cannot log in, and none is superuser or makes others": "customer_analyzer_serving may",
                "databases are closed to everybody else": "anybody may connect to mlflow",
                "functions with their owner's rights have a fixed search path": "loose()",
            }
            assert "OPEN" in command(platform, "doctor", exit_code=1)
        finally:
            home.service_key.unlink()
            home.logs.chmod(0o700)
            connection.execute("revoke update on app.audit from customer_analyzer_backend")
            connection.execute("revoke connect on database mlflow from public")
            connection.execute("alter role customer_analyzer_serving nocreatedb")
            connection.execute("drop function public.loose()")


def test_a_listener_beyond_this_machine_is_found() -> None:
    with socket.create_server(("0.0.0.0", 0)) as wide, socket.create_server(("127.0.0.1", 0)) as near:  # noqa: S104
        found = [each for each in open_listeners(_pid()) if str(wide.getsockname()[1]) in each]
        assert len(found) == 1
        assert not [each for each in open_listeners(_pid()) if str(near.getsockname()[1]) in each]


def _pid() -> int:
    return os.getpid()
