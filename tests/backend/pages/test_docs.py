"""The page of the API's description needs nobody else, and lets nothing be run."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from starlette.applications import Starlette
from starlette.testclient import TestClient

from backend.app import create_app
from backend.pages.docs import docs_page


class Seen(HTMLParser):
    """The tags of a page, with what they refer to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.targets: set[str] = set()
        self.ids: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.targets |= {str(value) for name, value in attrs if name in ("href", "src")}
        self.ids |= {str(value) for name, value in attrs if name == "id"}


def test_every_operation_is_shown_and_nothing_is_loaded() -> None:
    description = create_app().openapi()
    seen = Seen(docs_page(description))
    assert {each["operationId"] for methods in description["paths"].values() for each in methods.values()} <= seen.ids
    assert not seen.tags & {"script", "link", "img", "iframe", "object"}
    assert {each for each in seen.targets if not each.startswith("#")} == {"/openapi.json"}
    assert {each.removeprefix("#") for each in seen.targets - {"/openapi.json"}} <= seen.ids


def test_the_policy_allows_the_pages_own_style_alone() -> None:
    api = create_app()
    docs = next(route for route in api.router.routes if getattr(route, "path", "") == "/docs")
    answer = TestClient(Starlette(routes=[docs])).get("/docs")
    style = re.findall(r"<style>(.*?)</style>", answer.text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_what_the_description_says_is_no_markup() -> None:
    page = docs_page(
        {
            "info": {"title": "<b>", "version": "1"},
            "paths": {
                "/x": {
                    "get": {
                        "operationId": "x",
                        "tags": ["<i>"],
                        "summary": "<script>",
                        "parameters": [{"name": "<u>", "in": "query", "schema": {"enum": ["<s>"]}}],
                        "responses": {},
                    }
                }
            },
            "components": {"schemas": {"A": {"description": "</pre><script>"}}},
        }
    )
    assert not Seen(page).tags & {"script", "i", "u", "s"}
