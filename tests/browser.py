"""A real headless Chromium for tests: how it is started, who answers for the CDN, and signing in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from tests.paths import ROOT

COPY = ROOT / "static" / "vendor" / "htmx.min.js"
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


SILENT = b"silent"


def answer_for_the_cdn(context: BrowserContext, content: bytes | None) -> None:
    """Let the CDN give this content, whose integrity the browser checks; None: unreachable, SILENT: no answer."""

    def answer(route: Route) -> None:
        if content is None:
            route.abort()
        elif content != SILENT:
            kind = {"access-control-allow-origin": "*", "content-type": "text/javascript"}
            route.fulfill(body=content, headers=kind)

    context.route("https://cdn.jsdelivr.net/**", answer)


def sign_in(page: Page, username: str, password: str) -> None:
    """Sign in as people do, and wait for the form they meet then."""
    page.goto("/sign-in")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("#upload")
    page.wait_for_load_state()  # with its scripts, which people are rarely faster than


def throttle_uploads(page: Page, bytes_per_second: int) -> None:
    """Give the page a slow line."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    session.send("Network.emulateNetworkConditions", slow)
