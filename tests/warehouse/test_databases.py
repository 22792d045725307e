"""Addresses: where the password goes, and where it must not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.errors import DatabaseError, UserError
from core.home import Home
from warehouse.databases import Server, embedded_server, given_server


def test_the_embedded_server_is_on_loopback() -> None:
    server = embedded_server(Home(Path("/h")), 5433)
    assert server.url("warehouse") == "postgresql://postgres@127.0.0.1:5433/warehouse"
    assert server.url("dagster", driver="psycopg2") == "postgresql+psycopg2://postgres@127.0.0.1:5433/dagster"
    assert server.is_embedded


def test_a_given_address_is_taken_apart() -> None:
    server = given_server(SecretStr("postgresql://me%40shop:p%2Fw@db.example:6543/main?sslmode=verify-full"))
    assert (server.host, server.port, server.user) == ("db.example", 6543, "me@shop")
    assert server.maintenance_database == "main"
    assert server.password is not None
    assert server.password.get_secret_value() == "p/w"
    assert server.libpq == {"PGSSLMODE": "verify-full"}
    assert server.url("warehouse") == "postgresql://me%40shop@db.example:6543/warehouse"
    assert not server.is_embedded


def test_what_is_left_out_has_a_default() -> None:
    server = given_server(SecretStr("postgres://me@[::1]"))
    assert (server.port, server.maintenance_database, server.password) == (5432, "postgres", None)
    assert server.url("mlflow") == "postgresql://me@[::1]:5432/mlflow"


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=12))
def test_the_password_is_in_nothing_one_can_print(password: str) -> None:
    for address in (f"postgresql://me:{password}@h/db", f"postgresql://me@h/db?password={password}"):
        server = given_server(SecretStr(address))
        assert server.password is not None
        assert server.password.get_secret_value() == password
        assert password not in server.url("warehouse") + repr(server)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql:///db?host=/run/postgresql", "has host after the question mark"),
        ("postgresql://host/db", "must name user and host"),
        ("postgresql://me@/db", "must name user and host"),
    ],
)
def test_an_address_we_cannot_use_is_refused(address: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        given_server(SecretStr(address))


def test_a_server_that_is_not_there_is_named() -> None:
    server = Server("127.0.0.1", 1, "me", password=SecretStr("s3cret"))
    with pytest.raises(DatabaseError, match=r"Postgres at 127\.0\.0\.1:1 cannot be reached") as caught:
        server.connect("warehouse")
    assert "s3cret" not in str(caught.value)
