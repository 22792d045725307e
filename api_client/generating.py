"""Writes `models.py`, `calls.py` and `clients.py` from the description of the API.

    python -m api_client.generating docs/openapi/api.json

Belongs here: what becomes of an operation. The models are written by datamodel-code-generator, which is
installed for those who change the API.
"""

import json
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api_client.description import Json, operations, prepared

FOLDER = Path(__file__).parent
MARK = "# Written by `make openapi`; do not edit.\n"
_TYPES = {"null": "None", "integer": "int", "number": "float", "boolean": "bool"}
_FORMATS = {"uuid": "UUID", "date": "date", "date-time": "datetime"}


def written(description: Json) -> dict[str, str]:
    """The text of each module."""
    described = prepared(description)
    found = sorted(operations(described), key=lambda each: str(each[2]["operationId"]))
    texts = {
        "models.py": _models(described),
        "calls.py": _calls(found),
        "clients.py": _clients([str(operation["operationId"]) for _, _, operation in found]),
    }
    return {name: MARK + _formatted(text) for name, text in texts.items()}


def _models(description: Json) -> str:
    from datamodel_code_generator import generate
    from datamodel_code_generator.enums import DataModelType, InputFileType
    from datamodel_code_generator.format import PythonVersion
    from datamodel_code_generator.parser import LiteralType

    schemas = {name: each for name, each in description["components"]["schemas"].items() if "enum" not in each}
    only_schemas = {**description, "paths": {}, "components": {"schemas": schemas}}
    text = generate(
        json.dumps(only_schemas),
        input_file_type=InputFileType.OpenAPI,
        output_model_type=DataModelType.PydanticV2BaseModel,
        target_python_version=PythonVersion.PY_311,
        use_annotated=True,
        use_standard_collections=True,
        use_union_operator=True,
        use_schema_description=True,
        use_double_quotes=True,
        enum_field_as_literal=LiteralType.All,
        collapse_root_models=True,
        disable_timestamp=True,
        formatters=[],
        custom_file_header='"""The shapes of requests and answers."""',
    )
    return str(text)


def _calls(operations: list[tuple[str, str, Json]]) -> str:
    functions = "\n\n".join(_function(*operation) for operation in operations)
    return f'''"""What the API can be asked: one function an operation, which the clients have as their method.

The first parameter of each is the client, so that `help` shows the signature of the client's method. A parameter
that is left out has the API's default.
"""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import SecretStr

from api_client import models
from api_client.call import Call, key_or_new, path_of, read_bytes, read_json, read_nothing


{functions}
'''


def _function(method: str, path: str, operation: Json) -> str:
    parameters = operation.get("parameters", [])
    in_path = [each for each in parameters if each["in"] == "path"]
    others = [each for each in parameters if each["in"] != "path"]
    given = [f"{_identifier(each)}: {_type(each['schema'])}" for each in in_path]
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get("application/json")
    is_file = "application/octet-stream" in content
    if body is not None:
        given.append(f"body: {_type(body['schema'])}")
    if is_file:
        given.append("body: bytes")
    keywords = [f"{_identifier(each)}: {_optional(each)} = None" for each in others]
    answer, read = _answer(operation)
    lines = [f'"{method}"', _path(path, in_path), read]
    for place, argument in (("query", "query"), ("header", "headers")):
        found = ", ".join(f'"{each["name"]}": {_argument(each)}' for each in others if each["in"] == place)
        if found:
            lines.append(f"{argument}={{{found}}}")
    if body is not None or is_file:
        lines.append("body=body")
    if method == "POST" and not any(each["name"] == "idempotency-key" for each in others):
        lines.append("is_repeatable=False")
    signature = ", ".join(["_client: object", *given, *(["*", *keywords] if keywords else [])])
    return f"""def {operation["operationId"]}({signature}) -> Call[{answer}]:
{_documentation(operation, others)}
    return Call({", ".join(lines)})
"""


def _documentation(operation: Json, parameters: list[Json]) -> str:
    said = [f"{operation['summary']}.", *_paragraphs(operation.get("description", ""))]
    named = [
        f"{_identifier(each)}: {each['description']}"
        for each in parameters
        if each.get("description") and each["in"] != "path"
    ]
    wrapped = ["\n".join(textwrap.wrap(each, 112)) for each in said]
    if named:
        wrapped.append("\n".join(textwrap.fill(each, 112, subsequent_indent="    ") for each in named))
    text = "\n\n".join(wrapped).replace("\\", "\\\\").replace('"""', "'''")
    end = "\n" if "\n" in text else ""
    return textwrap.indent(f'"""{text}{end}"""', "    ")


def _paragraphs(text: str) -> list[str]:
    return [" ".join(each.split()) for each in text.split("\n\n") if each.strip()]


def _path(path: str, parameters: list[Json]) -> str:
    filled = ", ".join(f"{each['name']}={_identifier(each)}" for each in parameters)
    return f'path_of("{path}", {filled})' if filled else f'"{path}"'


def _argument(parameter: Json) -> str:
    name = _identifier(parameter)
    return f"key_or_new({name})" if name == "idempotency_key" else name


def _answer(operation: Json) -> tuple[str, str]:
    """The type of a good answer, and what reads it."""
    good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    content = good.get("content", {})
    if "application/json" in content:
        wanted = _type(content["application/json"]["schema"])
        return wanted, f"read_json({wanted})"
    return ("None", "read_nothing") if "204" in operation["responses"] else ("bytes", "read_bytes")


def _identifier(parameter: Json) -> str:
    return str(parameter["name"]).replace("-", "_")


def _optional(parameter: Json) -> str:
    wanted = "SecretStr" if "secret" in parameter["name"] else _type(parameter["schema"])
    return wanted if wanted.endswith("| None") else f"{wanted} | None"


def _type(schema: Mapping[str, Any]) -> str:
    """A schema as a Python type."""
    if "$ref" in schema:
        return f"models.{schema['$ref'].rpartition('/')[2]}"
    if "anyOf" in schema:
        kinds = dict.fromkeys(_type(each) for each in schema["anyOf"])
        return " | ".join(sorted(kinds, key=lambda kind: kind == "None"))
    if "enum" in schema:
        return f"Literal[{', '.join(json.dumps(each) for each in schema['enum'])}]"
    return _plain_type(schema)


def _plain_type(schema: Mapping[str, Any]) -> str:
    match schema.get("type"):
        case "string":
            return _FORMATS.get(schema.get("format", ""), "str")
        case "array":
            return f"list[{_type(schema['items'])}]"
        case "object":
            values = schema.get("additionalProperties")
            return f"dict[str, {_type(values) if isinstance(values, dict) else 'Any'}]"
        case kind:
            return _TYPES.get(str(kind), "Any")


def _clients(names: list[str]) -> str:
    def assigned(kind: str) -> str:
        return "\n".join(f"    {name} = {kind}(calls.{name})" for name in names)

    return f'''"""The clients, with one method an operation. `sending` says how they behave."""

from api_client import calls
from api_client.sending import AsyncSender, Sender, awaited, waiting


class ApiClient(Sender):
    """Asks the API, as in `ApiClient("http://127.0.0.1:8000", key).get_user("1024")`."""

{assigned("waiting")}


class AsyncApiClient(AsyncSender):
    """`ApiClient` for asyncio: the same methods, awaited."""

{assigned("awaited")}
'''


def _formatted(text: str) -> str:
    """As `make format` has it."""
    program = Path(sys.executable).with_name("ruff")
    for command in (["check", "--fix-only", "--select=I,F401"], ["format"]):
        text = subprocess.run(
            [str(program), *command, "--quiet", f"--stdin-filename={FOLDER / 'new.py'}", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return text


def _main(file: Path) -> None:
    for name, text in written(json.loads(file.read_text(encoding="utf-8"))).items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
