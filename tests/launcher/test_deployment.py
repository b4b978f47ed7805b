"""The files that start Playtally: Procfile, Makefile and docker-compose.yml agree, and say what is missing."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher import programs

ROOT = Path(__file__).resolve().parents[2]
OURS = {"web", "worker-small", "worker-large", "reconciler"}


@pytest.fixture
def services() -> dict[str, Any]:
    composed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return composed["services"]


def test_the_procfile_names_web_workers_and_reconciler() -> None:
    assert {program.name for program in programs.of_procfile(ROOT / "Procfile", 1)} == OURS


def test_more_workers_are_more_programs_for_each_queue() -> None:
    names = [program.name for program in programs.of_procfile(ROOT / "Procfile", 2)]
    assert names == ["web", "worker-small.1", "worker-small.2", "worker-large.1", "worker-large.2", "reconciler"]


def test_the_containers_run_the_same_programs_after_the_migration(services: dict[str, Any]) -> None:
    assert set(services) == OURS | {"migrate", "database", "redis"}
    for name in OURS:
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    commands = {program.name: program.command for program in programs.of_procfile(ROOT / "Procfile", 1)}
    for name in OURS - {"web"}:
        assert " ".join(services[name]["command"]) == commands[name]


def test_the_containers_wait_only_for_services_that_say_when_they_are_ready(services: dict[str, Any]) -> None:
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_completed_successfully" or "healthcheck" in services[needed]


def test_redis_in_a_container_keeps_what_it_was_told(services: dict[str, Any]) -> None:
    command = " ".join(services["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_volumes_and_networks_that_are_used_are_declared(services: dict[str, Any]) -> None:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for service in services.values():
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(composed["volumes"])
        assert set(service["networks"]) <= set(composed["networks"])


def test_make_alone_lists_every_target_with_a_line_of_help() -> None:
    listed = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    targets = {line.split()[0] for line in listed.splitlines() if line.startswith("  ")}
    assert targets >= {"setup", "run", "test", "lint", "types", "logs", "shell", "demo", "clean"}


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
