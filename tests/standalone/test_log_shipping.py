"""What rsyslog is told, and what Elasticsearch would be told."""

import json
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import UserError
from core.home import Home
from standalone.log_shipping import TEMPLATES, Destination, render, to_elasticsearch, to_postgres
from warehouse.databases import Server, given_server


def server() -> Server:
    return given_server(SecretStr("postgresql://logs@db.example.org:5432/warehouse"), None)


@pytest.mark.parametrize(
    "destination", [to_postgres(server()), to_elasticsearch("https://elastic.example.org:9243")], ids=["pg", "es"]
)
def test_nothing_is_left_open_and_nobody_listens(tmp_path: Path, destination: Destination) -> None:
    text = render(Home(tmp_path), tmp_path / "folder", destination, 5)

    assert not re.search(r"@\{\w+\}", text)
    assert not any(module in text for module in ("imtcp", "imudp", "imuxsock", "imklog"))
    assert str(tmp_path / "logs" / "*.log") in text
    assert f'workDirectory="{tmp_path}/folder"' in text


def test_an_address_is_taken_apart() -> None:
    values = to_elasticsearch("https://elastic.example.org:9243").values
    assert values == {"server": "elastic.example.org", "port": "9243", "https": "on", "credential": ""}
    assert to_elasticsearch("http://elastic").values["port"] == "9200"


def test_a_password_cannot_change_the_configuration() -> None:
    values = to_elasticsearch("https://shipper:a%22b%5Cc%24d@elastic.example.org").values
    assert values["credential"] == r'uid="shipper" pwd="a\"b\\c\$d"'


@pytest.mark.parametrize("address", ["elastic.example.org:9200", "ftp://elastic.example.org", "https://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="CUSTOMER_ANALYZER_ELASTICSEARCH_URL"):
        to_elasticsearch(address)


def test_the_index_template_knows_the_fields_that_are_written() -> None:
    folder = TEMPLATES / "elasticsearch"
    template = json.loads((folder / "index-template.json").read_text(encoding="utf-8"))
    lifecycle = json.loads((folder / "lifecycle.json").read_text(encoding="utf-8"))

    def names(properties: dict[str, dict[str, object]], prefix: str = "") -> set[str]:
        found: set[str] = set()
        for name, field in properties.items():
            inner = field.get("properties")
            found |= names(inner, f"{prefix}{name}.") if isinstance(inner, dict) else {f"{prefix}{name}"}
        return found

    known = names(template["template"]["mappings"]["properties"])
    assert {"@timestamp", "log.level", "message", "ecs.version", "service.name", "log.logger", "trace.id"} <= known
    assert {"http.request.id", "http.response.status_code", "event.duration", "error.stack_trace"} <= known
    # As long as in Postgres.
    assert lifecycle["policy"]["phases"]["delete"]["min_age"] == "14d"
