"""`/docs`: the description of the API as a page, written by the API itself and without any script.

Belongs here: how the description is shown. Does not belong here: what it says (`backend.description`).
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

Json = dict[str, Any]

PATH = "/docs"
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
:root { color-scheme: light dark }
summary { cursor: pointer; padding: .25rem 0 }
code, pre { font: 14px/1.4 ui-monospace, monospace }
pre { overflow: auto; max-height: 30rem; padding: .5rem; border: 1px solid #8888 }
table { border-collapse: collapse } td { padding: .1rem .75rem .1rem 0; vertical-align: top }
b { display: inline-block; min-width: 4.5rem }
"""


def mount_docs(app: FastAPI) -> None:
    """Adds the page to the application."""

    @cache
    def page() -> str:
        return docs_page(app.openapi())

    async def docs(_request: Request) -> Response:
        return HTMLResponse(page(), headers={"content-security-policy": _policy(), "cache-control": "no-cache"})

    app.router.routes.append(Route(PATH, docs))


def docs_page(description: Json) -> str:
    """The whole page: operations by their tag, then the shapes of bodies and answers."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append("".join(_operation(method, path, operation)))
    operations = "".join(f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in by_tag.items())
    schemas = "".join(_schema(name, schema) for name, schema in sorted(description["components"]["schemas"].items()))
    title = escape(description["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title} {escape(description['info']['version'])}</h1>"
        f'<p>For programs: <a href="/openapi.json">openapi.json</a>. Send a key or an access token as'
        f" <code>Authorization: Bearer ...</code>.</p>"
        f"{operations}<h2>Shapes</h2>{schemas}</html>"
    )


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    yield f'<details id="{escape(operation["operationId"])}"><summary>'
    yield f"<b>{method.upper()}</b> <code>{escape(path)}</code>"
    yield f" {escape(operation['summary'])}</summary>"
    yield f"<p>{escape(operation.get('description', ''))}</p>"
    if not operation.get("security"):
        yield "<p>Open to everybody.</p>"
    if parameters := operation.get("parameters"):
        yield f"<table>{''.join(map(_parameter, parameters))}</table>"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Takes <code>{escape(media)}</code>: {_shape(content['schema'])}</p>"
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values():
            if "schema" in content:
                yield f"<p>{escape(status)}: {_shape(content['schema'])}</p>"
    yield "</details>"


def _parameter(parameter: Json) -> str:
    said = escape(parameter.get("description", ""))
    cells = (f"<code>{escape(parameter['name'])}</code>", escape(parameter["in"]), _shape(parameter["schema"]), said)
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _shape(schema: Json) -> str:
    """A schema in a word where it has one, else as it is."""
    name = schema.get("$ref", "").rpartition("/")[2]
    if name:
        return f'<a href="#shape-{escape(name)}">{escape(name)}</a>'
    if schema.get("type") == "array":
        return f"list of {_shape(schema['items'])}"
    if "anyOf" in schema:
        return " or ".join(_shape(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    return escape(schema.get("title") or str(schema.get("format") or schema.get("type", "anything")))


def _schema(name: str, schema: Json) -> str:
    text = escape(json.dumps(schema, indent=2, ensure_ascii=False))
    return (
        f'<details id="shape-{escape(name)}"><summary><code>{escape(name)}</code></summary><pre>{text}</pre></details>'
    )


@cache
def _policy() -> str:
    """Nothing but the page's own style."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
