"""What a browser gets under /dashboard, from pages made up here."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from backend.pages.endpoints import mount_pages

SHELL = '<meta name="csp-nonce" content="%nonce%" /><script type="module" src="/dashboard/assets/a-1.js"></script>'


@pytest.fixture
def browser(tmp_path: Path) -> TestClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(SHELL, encoding="utf-8")
    (tmp_path / "assets" / "a-1.js").write_text("0;" * 2000, encoding="utf-8")
    (tmp_path / "icon.svg").write_text("<svg/>", encoding="utf-8")
    return client_of(tmp_path)


def client_of(built: Path) -> TestClient:
    app = FastAPI()
    mount_pages(app, built)
    return TestClient(app)


@pytest.mark.parametrize("path", ["/dashboard/", "/dashboard/users/42", "/dashboard/users/a%2Fb"])
def test_every_address_of_a_page_is_the_application(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


def test_no_script_stands_in_a_page_and_styles_bear_a_nonce_that_is_used_once(browser: TestClient) -> None:
    seen = set()
    for _ in range(2):
        answer = browser.get("/dashboard/")
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["script-src"] == "'self'"
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        nonce = policy["style-src"].removeprefix("'self' 'nonce-").removesuffix("'")
        assert f'content="{nonce}"' in answer.text
        seen.add(nonce)
    assert len(seen) == 2


def test_assets_are_compressed_and_kept(browser: TestClient) -> None:
    answer = browser.get("/dashboard/assets/a-1.js")
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["/dashboard/assets/b.js", "/dashboard/assets/..%2Findex.html"])
def test_an_asset_that_is_not_there_is_not_the_application(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_the_icon_is_a_file(browser: TestClient) -> None:
    assert browser.get("/dashboard/icon.svg").headers["content-type"] == "image/svg+xml"


def test_pages_that_are_not_built_say_how_to_build_them(tmp_path: Path) -> None:
    answer = client_of(tmp_path / "none").get("/dashboard/")
    assert answer.status_code == 404
    assert "make web" in answer.text


def test_the_first_address_leads_to_the_dashboard(browser: TestClient) -> None:
    answer = browser.get("/", follow_redirects=False)
    assert answer.headers["location"] == "/dashboard/"
