"""The word of a job's end reaches its receiver, whatever happens to whoever brings it."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.request
from typing import Any
from urllib.parse import quote

import pytest

from common.settings import read_settings
from launcher.client import Client
from store import webhooks
from tests.paths import DATA
from tests.processes import child_with, eventually
from tests.receiver import receiving
from tests.site import Site
from worker.context import database

EXAMPLE = (DATA / "example.csv").read_bytes()


@pytest.fixture(scope="module")
def client(running_site: Site) -> Client:
    """The administrator's; logged in once."""
    return running_site.client()


def call(client: Client, path: str, body: bytes | None = None) -> Any:
    """What the newer API answers."""
    headers = {"Authorization": f"Bearer {client.access}", "Content-Type": "text/csv"}
    with urllib.request.urlopen(urllib.request.Request(client.base + path, body, headers)) as answer:
        return json.load(answer)


def send(client: Client, song: str, url: str) -> str:
    """Send a file of this one song, with a webhook; gives the job's id."""
    content = EXAMPLE.splitlines(keepends=True)[0] + f"{song},2020-01-01,1\n".encode()
    return str(call(client, f"/api/v1/jobs?webhook_url={quote(url, safe='')}", content)["id"])


def webhook_of(client: Client, job_id: str) -> Any:
    return call(client, f"/api/v1/jobs/{job_id}")["webhook"]


def kill_deliverer(site: Site) -> None:
    pid = eventually(lambda: child_with(site.launcher_pid, "worker.webhooks"))
    os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_receiver_that_is_there_hears_of_the_end_within_seconds(running_site: Site, client: Client) -> None:
    with receiving() as receiver:
        job_id = send(client, "In The End", receiver.url)
        eventually(lambda: receiver.got)
        ended = call(client, f"/api/v1/jobs/{job_id}")
        (got,) = receiver.got
    with database(read_settings(running_site.environ)):
        event = got.verified(webhooks.secret_of(1))
    assert event["type"] == "job.done"
    assert event["data"]["totals"] == ended["totals"]
    assert eventually(lambda: webhook_of(client, job_id)["state"] == "delivered")


def test_a_receiver_that_was_away_hears_of_it_once_although_the_deliverer_was_killed(
    running_site: Site, client: Client
) -> None:
    port = free_port()
    job_id = send(client, "Numb", f"http://127.0.0.1:{port}/hook")
    eventually(lambda: webhook_of(client, job_id)["last_problem"])
    kill_deliverer(running_site)
    with receiving(port=port) as receiver:
        eventually(lambda: webhook_of(client, job_id)["state"] == "delivered")
        time.sleep(2)  # two more looks of the deliverer, which shall find nothing to do
        (got,) = receiver.got
    shown = webhook_of(client, job_id)
    assert (shown["tries"], shown["last_problem"]) == (2, None)
    with database(read_settings(running_site.environ)):
        assert got.verified(webhooks.secret_of(1))["data"]["id"] == job_id


def test_a_try_whose_deliverer_is_killed_in_the_middle_is_made_again(running_site: Site, client: Client) -> None:
    with receiving(seconds=600) as receiver:
        job_id = send(client, "Faint", receiver.url)
        eventually(lambda: receiver.got)
        receiver.seconds = 0
        kill_deliverer(running_site)
        eventually(lambda: webhook_of(client, job_id)["state"] == "delivered", seconds=240)
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
