"""The description of the API as code is written from it: without limits, with names and secrets.

Belongs here: what is changed in a description before anything is written from it. Does not belong here: what is written
(`generating`).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_SECRETS = re.compile(r"(.*_)?(password|access_token|refresh_token)|key|binding|init_data")
_NOT_FOR_CALLERS = {"title", "examples", "pattern", "minLength", "maxLength", "minItems", "maxItems"} | {
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
}
"""The API checks what it is sent: whoever calls it need not have the limits of another version."""


def prepared(description: Json) -> Json:
    """The description as code is written from it."""
    changed = json.loads(json.dumps(description))
    _name_bodies(changed)
    _mark_secrets(changed)
    simplified: Json = _simplified(changed, changed["components"]["schemas"])
    return simplified


def operations(description: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _name_bodies(description: Json) -> None:
    """Makes a component of each object that a body describes in place, so that it becomes a model."""
    schemas = description["components"]["schemas"]
    for _, _, operation in operations(description):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            media["schema"] = _named(media["schema"], schemas)


def _named(schema: Json, schemas: Json) -> Json:
    if "anyOf" in schema:
        return {**schema, "anyOf": [_named(each, schemas) for each in schema["anyOf"]]}
    if schema.get("type") == "array":
        return {**schema, "items": _named(schema["items"], schemas)}
    if "properties" not in schema:
        return schema
    name = schema["title"]
    if schemas.setdefault(name, schema) != schema:
        raise ValueError(f"two different schemas are called {name}")
    return {"$ref": f"#/components/schemas/{name}"}


def _mark_secrets(description: Json) -> None:
    """Has passwords, tokens and keys kept out of logs and tracebacks."""
    for schema in description["components"]["schemas"].values():
        for name, field in schema.get("properties", {}).items():
            if _SECRETS.fullmatch(name):
                for text in (field, *field.get("anyOf", ())):
                    if text.get("type") == "string":
                        text["format"] = "password"


def _simplified(node: Any, schemas: Json) -> Any:
    """A description without limits and titles; choices stand where they are made."""
    if isinstance(node, list):
        return [_simplified(each, schemas) for each in node]
    if not isinstance(node, dict):
        return node
    chosen = schemas.get(str(node.get("$ref", "")).rpartition("/")[2], {})
    if "enum" in chosen:
        node = {**chosen, **{name: value for name, value in node.items() if name != "$ref"}}
    if "anyOf" in node and "format" in node:
        kinds = [{**each, "format": node["format"]} if each.get("type") == "string" else each for each in node["anyOf"]]
        node = {**{name: value for name, value in node.items() if name != "format"}, "anyOf": kinds}
    if "anyOf" in node:
        kinds = [{name: value for name, value in each.items() if name != "description"} for each in node["anyOf"]]
        node = {**node, "anyOf": kinds}
    return {
        name: {field: _simplified(each, schemas) for field, each in value.items()}
        if name == "properties"
        else _simplified(value, schemas)
        for name, value in node.items()
        if name not in _NOT_FOR_CALLERS or isinstance(value, dict)
    }
