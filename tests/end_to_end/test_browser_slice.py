"""What a person does: sign in, send a file, watch it being added up, download the totals."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZipFile

from playwright.sync_api import Page

from launcher.client import Client
from processing.demo import write_demo_file
from tests.browser import COPY, answer_for_the_cdn, chromium, sign_in, throttle_uploads
from tests.end_to_end.held_jobs import worker_and_held_horse
from tests.processes import eventually
from tests.site import Site

FILE_BYTES = 12_000_000
Key = tuple[str, str]
# Writes down each value that the bar of a page takes, under the page's address, so that it outlives the page.
WATCH_BARS = """
addEventListener("DOMContentLoaded", () => {
  const seen = [];
  const look = () => {
    const value = document.querySelector("#bar, #job progress")?.value;
    if (value === undefined || value === seen.at(-1)) return;
    seen.push(value);
    sessionStorage.setItem(location.pathname, JSON.stringify(seen));
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
});
"""


def sums_of(path: Path) -> dict[Key, int]:
    """What the totals must be, by plain Python."""
    sums: dict[Key, int] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for song, day, plays in rows:
            sums[song, day] = sums.get((song, day), 0) + int(plays)
    return sums


def totals_in(path: Path) -> list[tuple[Key, int]]:
    """The rows of all parts in a zip, in order."""
    totals = []
    with ZipFile(path) as archive:
        assert len(archive.namelist()) > 1
        for name in archive.namelist():
            with io.TextIOWrapper(archive.open(name), encoding="utf-8", newline="") as file:
                rows = csv.reader(file)
                assert next(rows) == ["Song", "Date", "Total Number of Plays for Date"]
                totals += [((song, day), int(plays)) for song, day, plays in rows]
    return totals


def values_at(page: Page, path: str) -> list[float]:
    """The values that the bar took at this address."""
    values: list[float] = json.loads(page.evaluate("path => sessionStorage.getItem(path) ?? '[]'", path))
    return values


def test_a_file_is_sent_watched_and_downloaded_with_exact_totals(running_site: Site, tmp_path: Path) -> None:
    source = tmp_path / "plays.csv"
    write_demo_file(source, FILE_BYTES, songs=200_000, days=100, seed=11)
    client = running_site.client("browser")
    with chromium() as browser, browser.new_context(base_url=running_site.base) as context:
        answer_for_the_cdn(context, COPY.read_bytes())
        context.add_init_script(WATCH_BARS)
        context.set_default_timeout(120_000)  # for busy machines
        page = context.new_page()
        sign_in(page, "browser", running_site.password)
        throttle_uploads(page, FILE_BYTES // 2)  # else the file may be there before the bar is drawn once
        running_site.orders.hold("step.totalling", after=1)
        page.set_input_files("#file", source)
        page.click("#start")
        page.wait_for_url("**/jobs/*")
        sent = values_at(page, "/")
        assert len(sent) > 1
        assert sent == sorted(sent)
        watch_the_job(running_site, client, page)
        with page.expect_download() as download:
            page.click(".actions a[href$='/totals.zip']")
        download.value.save_as(tmp_path / "totals.zip")
    totals = totals_in(tmp_path / "totals.zip")
    assert all(one < other for (one, _), (other, _) in pairwise(totals))
    differing = dict(totals).items() ^ sums_of(source).items()
    assert sorted(differing)[:5] == []


def watch_the_job(site: Site, client: Client, page: Page) -> None:
    path = urlsplit(page.url).path

    def has_moved() -> bool:
        with page.expect_response("**/now"):
            pass
        page.wait_for_selector("#job:not(.htmx-request)")
        return max(values_at(page, path)) > 0

    _worker, horse = worker_and_held_horse(site, client, path.rsplit("/", 1)[1])
    eventually(has_moved)
    os.kill(horse, signal.SIGCONT)
    page.wait_for_selector("#job.done")
    assert page.evaluate("htmx.version") == "2.0.11"
    assert len(set(values_at(page, path))) > 1  # it may fall back once: held too long, a job is begun again
