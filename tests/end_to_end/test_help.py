"""What the help page tells people to type is typed here, word for word, and works."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from processing.demo import write_demo_file
from tests.site import Site
from tests.snippets import snippets


@pytest.fixture(scope="module")
def page(running_site: Site) -> str:
    with urllib.request.urlopen(f"{running_site.base}/help/api") as answer:
        return str(answer.read().decode())


@pytest.fixture
def plays(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A file of this test, whose totals take several parts."""
    path = tmp_path / "plays.csv"
    write_demo_file(path, 30_000_000, songs=200_000, days=400, seed=len(request.node.name))
    return path


def typed(site: Site, page: str, folder: Path, *sections: str) -> subprocess.CompletedProcess[str]:
    """What bash says when the code of these sections is pasted, and the password typed behind the first."""
    pasted = [snippets(page, "bash", section).replace("'YOUR NAME'", site.admin_name) for section in sections]
    pasted.insert(1, site.password if "read -rs" in pasted[0] else "")
    environ = os.environ | {"PLAYTALLY_PASSWORD": site.password, "PLAYTALLY_TOKEN": ""}
    words = ["bash", "-euo", "pipefail", "-s"]
    return subprocess.run(words, cwd=folder, env=environ, input="\n".join(pasted), capture_output=True, text=True)


def parts(site: Site) -> list[bytes]:
    """Those of the newest job, as they are on the site's disk."""
    newest = max((site.data_dir / "results").iterdir(), key=lambda folder: folder.stat().st_mtime)
    return [path.read_bytes() for path in sorted(newest.rglob("*.csv"))]


def test_the_lines_for_curl_work(running_site: Site, page: str, plays: Path) -> None:
    shown = typed(running_site, page, plays.parent, "token", "curl")
    assert shown.returncode == 0, shown.stderr
    assert '"state":"done"' in shown.stdout
    assert len(parts(running_site)) > 1
    names = [f"totals-{number}.csv" for number in range(1, len(parts(running_site)) + 1)]
    assert [(plays.parent / name).read_bytes() for name in names] == parts(running_site)
    assert shown.stdout.count(": OK") == len(names)


def test_the_lines_for_curl_go_on_with_a_download(running_site: Site, page: str, plays: Path) -> None:
    assert typed(running_site, page, plays.parent, "token", "curl").returncode == 0
    first = plays.with_name("totals-1.csv").rename(plays.with_name("totals-1.part"))
    os.truncate(first, 1000)
    shown = typed(running_site, page, plays.parent, "token", "curl")  # sent before, which is as good
    assert shown.returncode == 0, shown.stderr
    assert plays.with_name("totals-1.csv").read_bytes() == parts(running_site)[0]


def test_the_lines_for_the_client_work(running_site: Site, page: str, plays: Path) -> None:
    shown = typed(running_site, page, plays.parent, "client")
    assert shown.returncode == 0, shown.stderr
    totals = plays.with_name("totals")
    assert [path.read_bytes() for path in sorted(totals.iterdir())] == parts(running_site)


@pytest.mark.parametrize("times", [1, 2])
def test_the_lines_for_python_work(running_site: Site, page: str, plays: Path, times: int) -> None:
    environ = os.environ | {"PLAYTALLY_TOKEN": running_site.client().access}
    for _ in range(times):
        words = [sys.executable, "-I", "-c", snippets(page, "python", "python")]
        shown = subprocess.run(words, cwd=plays.parent, env=environ, capture_output=True, text=True)
        assert shown.returncode == 0, shown.stderr
    totals = sorted(plays.parent.glob("plays-totals-*.csv"))
    assert [path.read_bytes() for path in totals] == parts(running_site)


def test_the_lines_for_python_say_why_a_file_is_refused(running_site: Site, page: str, tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_text("Song,Date,Number of Plays\nUmbrella,2020-01-02,12.5\n")
    environ = os.environ | {"PLAYTALLY_TOKEN": running_site.client().access}
    words = [sys.executable, "-I", "-c", snippets(page, "python", "python")]
    shown = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert shown.returncode == 1
    assert "12.5" in shown.stderr.splitlines()[-1]
