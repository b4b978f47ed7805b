"""Disks that are full for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from store.states import JobState
from tests.faults.client import Reply
from tests.faults.disks import Disk
from tests.faults.fault import Fault
from tests.faults.trial import Trial

ENDS = frozenset({JobState.DONE, JobState.FAILED})


def faults() -> Iterator[Fault]:
    """One for each disk."""
    yield Fault("no room for uploads", no_room_for_uploads)
    yield Fault("no room for scratch", no_room_to_work(Disk.SCRATCH), ends=ENDS, may_repeat=True)
    yield Fault("no room for output", no_room_to_work(Disk.OUTPUT), ends=ENDS, may_repeat=True)


def no_room_for_uploads(trial: Trial) -> None:
    """Senders are told so, and their files are taken once there is room."""
    assert trial.site.disks is not None
    trial.site.disks.fill(Disk.UPLOADS)
    trial.send()
    trial.wait(lambda: len(trial.answers) >= len(trial.files))
    trial.site.disks.make_room(Disk.UPLOADS)
    trial.struck()
    codes = {answer.status for answer in trial.answers[: len(trial.files)]}
    assert codes == {507}, f"uploads were answered with {codes}"
    trial.wait_for_ends()


def no_room_to_work(disk: Disk) -> Callable[[Trial], None]:
    """Jobs that need the disk fail with words; sent again once there is room, the files are added up."""

    def happen(trial: Trial) -> None:
        assert trial.site.disks is not None
        trial.site.disks.fill(disk)
        trial.send()
        trial.wait_for_ends()
        trial.site.disks.make_room(disk)
        trial.struck()
        errors = [(trial.caller.job(watched.job_id) or _NOTHING).json().get("error") for watched in trial.poller.all()]
        codes = {error["code"] for error in errors if error}
        assert codes == {"disk_full"}, f"jobs ended with {codes}"
        trial.send(copies=1)
        trial.wait_for_ends()
        _expect_done(trial)

    return happen


_NOTHING = Reply(0, b"", {}, 0.0)


def _expect_done(trial: Trial) -> None:
    """The last job of each file is done."""
    last = {accepted.file.name: accepted.job_id for accepted in trial.accepted}
    ends = {watched.job_id: watched.last for watched in trial.poller.all()}
    assert {ends[job_id] for job_id in last.values()} == {JobState.DONE}, "a file failed although there was room"
