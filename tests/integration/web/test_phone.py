"""On the phone: installed, read without a network, told of what happens."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Worker, expect

from tests.integration.backend.push_service import Device
from tests.integration.conftest import RanPlatform
from tests.integration.web.conftest import PHONE, PUSH_SERVICE, Visit

STUB = """
(() => {
  let held = null;
  Notification.requestPermission = async () => "granted";
  PushManager.prototype.getSubscription = async () => held;
  PushManager.prototype.subscribe = async (options) => {
    window.askedWith = options.applicationServerKey;
    held = { toJSON: () => (SUBSCRIPTION), unsubscribe: async () => { held = null; return true; } };
    return held;
  };
})()
"""
"""No push service can be reached from here, so the browser's part in subscribing is played."""


def worker_of(page: Page) -> Worker:
    """The service worker, once the page has it."""
    page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    (worker,) = page.context.service_workers
    return worker


def kept(page: Page) -> str:
    """What the browser keeps beside the built files."""
    text: str = page.evaluate(
        """async () => {
          const found = await caches.match("/dashboard/kept-numbers", { cacheName: "kept-numbers" });
          return found === undefined ? "" : found.text();
        }"""
    )
    return text


def wait_for(page: Page, is_there: Callable[[], bool]) -> None:
    """Waits until something is so, for as long as a page may take."""
    for _ in range(100):
        if is_there():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not happen")


def test_the_dashboard_can_be_installed(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    page = visit(size=PHONE).open("")
    worker_of(page)
    cdp = page.context.new_cdp_session(page)
    assert cdp.send("Page.getInstallabilityErrors")["installabilityErrors"] in (
        [],
        [{"errorId": "in-incognito", "errorArguments": []}],
    )
    manifest = json.loads(cdp.send("Page.getAppManifest")["data"])
    assert manifest["scope"] == "/dashboard/"
    for icon in manifest["icons"]:
        answer = page.request.get(icon["src"])
        assert answer.ok, icon
        assert answer.headers["content-type"] == icon["type"]


def test_the_numbers_last_seen_are_read_without_a_network_and_gone_after_sign_out(
    ran_platform: RanPlatform, visit: Callable[..., Visit]
) -> None:
    seen = visit(size=PHONE)
    page = seen.open("")
    worker_of(page)
    page.reload()
    revenue = page.get_by_text("Revenue").first
    expect(revenue).to_be_visible()
    wait_for(page, lambda: '"dashboard"' in kept(page))
    seen.open("segments?view=rfm")
    seen.open("users")
    text = kept(page)
    assert "eyJ" not in text
    assert "car_" not in text
    assert not {each["queryKey"][0] for each in json.loads(text)["state"]["queries"]} & {"users", "user"}

    page.context.set_offline(True)
    page.goto("")
    expect(page.get_by_text("No connection.")).to_be_visible()
    expect(revenue).to_be_visible()
    expect(page.get_by_text("As of").first).to_contain_text("offline")
    page.goto("users")
    expect(page.get_by_text("This is shown only with a connection.").first).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("input[name=email]")).to_be_visible()
    assert kept(page) == ""
    page.goto("")
    expect(page.locator("input[name=email]")).to_be_visible()
    # The server is told as soon as it can be.
    page.context.set_offline(False)
    page.goto("")
    expect(page.locator("input[name=email]")).to_be_visible()
    wait_for(page, lambda: page.context.cookies() == [])


def test_a_newer_version_says_so_and_waits(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    page = visit().open("")
    worker_of(page)
    page.reload()
    # Another address of the script is another version to the browser.
    page.evaluate(
        "navigator.serviceWorker.register('/dashboard/service-worker.js?newer', { scope: '/dashboard/' })"
        ".then(() => undefined)"
    )
    page.get_by_role("status").get_by_role("button", name="Load it").click()
    # The page loads itself anew meanwhile, which this outlives.
    page.wait_for_function("navigator.serviceWorker.controller?.scriptURL.includes('newer')")
    expect(page.locator("h1")).to_have_text("Overview")


def test_a_device_is_told_what_it_turned_on(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    seen = visit()
    device = Device(f"{PUSH_SERVICE}/send/{seen.email}")
    subscription = json.dumps({"endpoint": device.endpoint, "keys": device.keys})
    seen.page.context.add_init_script(STUB.replace("SUBSCRIPTION", subscription))
    page = seen.open("settings?view=notifications")
    worker = worker_of(page)
    page.get_by_role("button", name="Notify this device").click()
    expect(page.get_by_role("switch")).to_have_count(4)
    page.get_by_label("Drift of a model").click()
    expect(page.get_by_label("Drift of a model")).not_to_be_checked()
    expect(page.get_by_label("Early warnings")).to_be_checked()
    assert len(page.evaluate("window.askedWith")) == 87

    shown = delivered(page, worker, {"topic": "early_warning", "notice_id": 7, "language": "ru", "count": 3})
    assert shown["title"] == "Раннее предупреждение"
    assert shown["body"] == "3 пользователя, скорее всего, уйдут"
    assert shown["tag"] == "notice-7"

    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("button", name="Notify this device")).to_be_visible()


def delivered(page: Page, worker: Worker, message: dict[str, Any]) -> dict[str, Any]:
    """What the service worker shows of a message that the browser delivers to it.

    This browser denies all notifications, so what would be shown is looked at instead.
    """
    worker.evaluate(
        "() => { self.registration.showNotification ="
        " async (title, options) => { self.shown = { title, ...options } } }"
    )
    cdp = page.context.new_cdp_session(page)
    found: list[dict[str, Any]] = []
    cdp.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
    cdp.send("ServiceWorker.enable")
    wait_for(page, lambda: bool(found))
    registration = next(each for each in found if each["scopeURL"].endswith("/dashboard/"))
    cdp.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": page.evaluate("location.origin"),
            "registrationId": registration["registrationId"],
            "data": json.dumps(message),
        },
    )
    wait_for(page, lambda: worker.evaluate("self.shown !== undefined"))
    shown: dict[str, Any] = worker.evaluate("self.shown")
    return shown
