"""A site with small parts, and the client as people have it: a file of its own, run by a plain Python."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from processing.demo import write_demo_file
from tests.paths import ROOT
from tests.services import Services
from tests.site import Site, site_of

CLIENT = ROOT / "static" / "playtally-client.py"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="package")
def site(processes: None, services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_of(services, tmp_path_factory.mktemp("site"), MAX_SINGLE_FILE_SIZE="1000000") as site:
        yield site


@pytest.fixture
def account(site: Site, request: pytest.FixtureRequest) -> str:
    """An account of the test's own."""
    name = f"a{abs(hash(request.node.name)):x}"[:12]
    site.add_account(name)
    return name


@pytest.fixture
def plays(tmp_path: Path) -> Path:
    """A file whose totals take several parts."""
    path = tmp_path / "plays.csv"
    write_demo_file(path, 4_000_000, songs=20_000, days=400, seed=5)
    return path


@pytest.fixture
def words(account: str, site: Site) -> Callable[..., tuple[list[str], dict[str, str]]]:
    """The command line of the account at the site, or at a gate before it, and its environment."""

    def command(*words: str | Path, base: str = site.base, **environ: str) -> tuple[list[str], dict[str, str]]:
        start = [sys.executable, "-I", str(CLIENT), "--site", base, "--username", account]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLAYTALLY_")}
        return [*start, *map(str, words)], inherited | {"PLAYTALLY_PASSWORD": site.password, **environ}

    return command


@pytest.fixture
def run(words: Callable[..., tuple[list[str], dict[str, str]]]) -> Run:
    """Runs the command to its end."""

    def run(*given: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        command, environ = words(*given, **more)
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300)

    return run


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The same file as a module, in small pieces and a hurry."""
    spec = importlib.util.spec_from_file_location("playtally_client", CLIENT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "CHUNK", 4000)
    monkeypatch.setattr(module, "PAUSES", (0, 0, 0))
    monkeypatch.setattr(module, "FEW_PAUSES", (0,))
    return module
