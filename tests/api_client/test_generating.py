"""The client is the one that the description makes, and has what the description has."""

import inspect
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from api_client import calls, models
from api_client.clients import ApiClient, AsyncApiClient
from api_client.description import operations
from api_client.generating import FOLDER, written

FILE = Path(__file__).parents[2] / "docs" / "openapi" / "api.json"
DESCRIPTION: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


@cache
def texts() -> dict[str, str]:
    return written(DESCRIPTION)


@pytest.mark.parametrize("name", ["models.py", "calls.py", "clients.py"])
def test_the_client_checked_in_is_the_one_of_the_description(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == texts()[name], "run: make openapi"


@pytest.mark.parametrize("client", [ApiClient, AsyncApiClient])
def test_each_operation_is_a_method(client: type) -> None:
    for _, _, operation in operations(DESCRIPTION):
        method = getattr(client, operation["operationId"])
        assert inspect.iscoroutinefunction(method) == (client is AsyncApiClient)
        assert inspect.getdoc(method).startswith(operation["summary"])
        assert inspect.signature(method) == inspect.signature(getattr(calls, operation["operationId"]))


def test_secrets_are_hidden() -> None:
    assert models.Login(email="a@shop.example", password=SecretStr("secret")).password.get_secret_value() == "secret"
    hidden = {
        (name, field)
        for name, model in vars(models).items()
        if isinstance(model, type) and issubclass(model, models.BaseModel)
        for field, info in model.model_fields.items()
        if info.annotation in (SecretStr, SecretStr | None)
    }
    assert hidden >= {
        ("Tokens", "access_token"),
        ("Tokens", "refresh_token"),
        ("Refresh", "refresh_token"),
        ("MadeKey", "key"),
        ("NewAccount", "password"),
        ("NewPassword", "current_password"),
    }
    assert ("AccountAnswer", "has_password") not in hidden


def test_a_new_operation_and_a_changed_field_are_noticed() -> None:
    changed = json.loads(json.dumps(DESCRIPTION))
    changed["paths"]["/more"] = {
        "get": {
            "operationId": "get_more",
            "summary": "More",
            "parameters": [
                {"name": "most", "in": "query", "schema": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}
            ],
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"type": "string"}}}}},
        }
    }
    changed["components"]["schemas"]["Job"]["properties"]["attempts"] = {"type": "integer"}
    found = written(changed)
    assert "def get_more(_client: object, *, most: int | None = None) -> Call[str]:" in found["calls.py"]
    assert "get_more = awaited(calls.get_more)" in found["clients.py"]
    assert "attempts: int | None = None" in found["models.py"]
