"""The pages for those who write scripts, in a real browser: no error, nothing refused, nothing wider than a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.snippets import snippets


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Gives a page of nobody in particular; whatever it complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.text} ({message.location['url']})")

    def page_with(width: int = 1280, **choices: bool) -> Page:
        context = browser.new_context(base_url=address, viewport={"width": width, "height": 900}, **choices)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.on(
            "request",
            lambda request: request.url.startswith((address, "data:", "blob:")) or complaints.append(request.url),
        )
        return page

    yield page_with
    for context in contexts:
        context.close()
    assert complaints == []


def is_too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize("width", [360, 1280])
def test_the_help_has_the_readers_own_address(open_page: Callable[..., Page], address: str, width: int) -> None:
    page = open_page(width)
    page.goto("/help/api")
    assert address in snippets(page.content(), "bash", "token")
    assert not is_too_wide(page)


def test_code_is_copied_whole(open_page: Callable[..., Page], browser: Browser) -> None:
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/help/api")
    page.locator("#python button").click()
    page.wait_for_selector("#python button:has-text('Copied')")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("import hashlib, json")
    assert copied.endswith('part["name"]\n')


def test_the_help_needs_no_scripts(open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/")
    page.click(".foot a")
    page.click("#calls a[href$='/help/problems']")
    page.click("#guide")
    assert page.url.endswith("/help/api")
    assert page.locator("pre").count() > 5


@pytest.mark.parametrize("width", [360, 1280])
def test_the_calls_can_be_tried(open_page: Callable[..., Page], width: int) -> None:
    page = open_page(width)
    page.goto("/help/api")
    page.click("text=Try the calls")
    page.wait_for_selector(".opblock")
    assert page.locator(".opblock").count() > 10
    assert not is_too_wide(page)
    page.click(".opblock >> nth=0")
    page.wait_for_selector(".opblock-body")
    assert not is_too_wide(page)
    assert page.locator(".errors-wrapper").count() == 0


@pytest.mark.parametrize("width", [360, 1280])
def test_the_calls_can_be_read_about(open_page: Callable[..., Page], width: int) -> None:
    page = open_page(width)
    page.goto("/help/api")
    page.click("text=Read about the calls")
    page.wait_for_selector("h2:has-text('Download a part')")
    assert not is_too_wide(page)
