"""The files that start Playtally: Procfile, Makefile and docker-compose.yml agree, and say what is missing."""

from __future__ import annotations

import shlex
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from pathspec import PathSpec

from common.settings import Settings
from launcher import programs
from tests import postgres
from tests.paths import ROOT

OURS = {"web", "worker-small", "worker-large", "reconciler", "webhooks"}


@pytest.fixture
def containers() -> dict[str, Any]:
    composed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return composed["services"]


def test_the_procfile_names_web_workers_and_reconciler() -> None:
    assert {program.name for program in programs.of_procfile(ROOT / "Procfile", 1)} == OURS


def test_more_workers_are_more_programs_for_each_queue() -> None:
    names = [program.name for program in programs.of_procfile(ROOT / "Procfile", 2)]
    workers = ["worker-small.1", "worker-small.2", "worker-large.1", "worker-large.2"]
    assert names == ["web", *workers, "reconciler", "webhooks"]


def test_the_containers_run_the_same_programs_after_the_migration(containers: dict[str, Any]) -> None:
    assert set(containers) == OURS | {"migrate", "database", "redis"}
    for name in OURS:
        assert containers[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    commands = {program.name: program.command for program in programs.of_procfile(ROOT / "Procfile", 1)}
    for name in OURS:
        assert containers[name]["command"] == shlex.split(commands[name])


def test_the_containers_wait_only_for_services_that_say_when_they_are_ready(containers: dict[str, Any]) -> None:
    for service in containers.values():
        for needed, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_completed_successfully" or "healthcheck" in containers[needed]


def test_every_container_that_goes_on_says_whether_it_is_well(containers: dict[str, Any]) -> None:
    checks = {name: service["healthcheck"]["test"][1:] for name, service in containers.items() if name != "migrate"}
    for name in ("small", "large"):
        assert checks[f"worker-{name}"] == ["python", "-m", "worker.health", "--queue", name]
    assert checks["webhooks"] == ["python", "-m", "worker.health", "--queue", "webhooks"]
    assert checks["reconciler"] == ["python", "-m", "worker.health", "--reconciler"]


def test_the_containers_get_every_setting(containers: dict[str, Any]) -> None:
    ours = {field.name.upper() for field in fields(Settings)} - {"REDIS_IS_EMBEDDED", "WORKERS"}
    for name in OURS | {"migrate"}:
        assert set(containers[name]["environment"]) == ours


def test_web_and_webhooks_are_the_only_ones_that_reach_the_outside(containers: dict[str, Any]) -> None:
    assert {name for name, service in containers.items() if "outside" in service["networks"]} == {"web", "webhooks"}


def test_the_database_in_a_container_is_made_as_that_of_the_tests(containers: dict[str, Any]) -> None:
    database = containers["database"]
    assert tuple(database["environment"]["POSTGRES_INITDB_ARGS"].split()) == postgres.INITDB
    assert database["image"].startswith(f"postgres:{postgres.MAJOR}-")
    assert database["volumes"] == ["database:/var/lib/postgresql"]  # as images from 18 on want it


def test_redis_in_a_container_keeps_what_it_was_told(containers: dict[str, Any]) -> None:
    command = " ".join(containers["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_volumes_and_networks_that_are_used_are_declared(containers: dict[str, Any]) -> None:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for service in containers.values():
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(composed["volumes"])
        assert set(service["networks"]) <= set(composed["networks"])


@pytest.mark.parametrize(
    "secret", [".env", ".env.production", "data/secret_key", "backup.sql", "store/.env", "notes.txt"]
)
def test_what_the_image_does_not_need_is_not_built_into_it(secret: str) -> None:
    left_out = PathSpec.from_lines("gitignore", (ROOT / ".dockerignore").read_text().splitlines())
    assert left_out.match_file(secret)


@pytest.mark.usefixtures("processes")
def test_all_that_runs_is_built_into_the_image() -> None:
    listed = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True)
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    needed = {*rooms, "templates", "static", "migrations", "kernel", "requirements"}
    needed |= {"Procfile", "gunicorn.conf.py", "pyproject.toml"}
    left_out = PathSpec.from_lines("gitignore", (ROOT / ".dockerignore").read_text().splitlines())
    built_in = {name.split("/")[0] for name in listed.stdout.splitlines() if not left_out.match_file(name)}
    assert built_in == needed
    whole = [name for name in listed.stdout.splitlines() if name.split("/")[0] in needed]
    assert not any(map(left_out.match_file, whole))


@pytest.mark.usefixtures("processes")
def test_make_alone_lists_every_target_with_a_line_of_help() -> None:
    listed = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    targets = {line.split()[0] for line in listed.splitlines() if line.startswith("  ")}
    assert targets >= {"setup", "run", "test", "lint", "types", "containers", "logs", "shell", "demo", "clean"}


@pytest.mark.usefixtures("processes")
def test_a_machine_without_a_fitting_python_is_told_so_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "runtime.txt").touch()
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tools / "python3").chmod(0o755)
    make = subprocess.run(
        ["/usr/bin/make", "-C", tmp_path, "setup"], env={"PATH": str(tools)}, capture_output=True, text=True
    )
    assert make.returncode == 2
    assert "Playtally needs Python 3.11 or 3.12" in make.stderr.splitlines()[0]
