"""What must hold after every fault."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from store.states import STATES, JobState
from tests.faults.files import PlayFile, joined
from tests.faults.records import JobRow, Records, disagreements, read_records
from tests.faults.site import PART_BYTES, Site
from tests.faults.trial import Trial


@dataclass
class Findings:
    """What was found: sentences, empty when all is well, and the jobs concerned by kind."""

    problems: list[str] = field(default_factory=list)
    lost: int = 0  # accepted, and without an end, or gone
    doubled: int = 0  # files with more than one job
    torn: int = 0  # jobs whose parts are not what they should be


class Judge:
    """Looks at one site after each fault; what an earlier fault left is not held against a later one."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._known: set[str] = set()
        self.quiet: dict[str, list[str]] = {}  # digests of the parts by file name, of a run that nothing disturbed

    def judge(self, trial: Trial, ends: frozenset[JobState], *, may_repeat: bool) -> Findings:
        """All that is wrong once the jobs of a trial have ended and the reconciler had its turns."""
        left = self._left()
        trial.poller.stop()
        trial.poller.look_at_all()
        records = read_records(self.site)
        found = Findings([*trial.poller.faults, *sorted(left - self._known)])
        self._known |= left
        for answer in trial.answers:
            if answer.status == 500:
                found.problems.append(f"an upload was answered with 500: {answer.body[:200]!r}")
        self._judge_ids(trial, records, ends, found)
        if not may_repeat:
            _judge_counts(trial, records, found)
        self._judge_bytes(trial, records, found)
        return found

    def _left(self) -> set[str]:
        """What files and rows do not account for, once the reconciler had its turns."""
        conditions = self.site.conditions
        deadline = time.monotonic() + conditions.lease_seconds + 4 * conditions.reconcile_seconds + 5
        while True:
            left = disagreements(self.site, read_records(self.site))
            if left <= self._known or time.monotonic() > deadline:
                return left
            time.sleep(0.2)

    def _judge_ids(self, trial: Trial, records: Records, ends: frozenset[JobState], found: Findings) -> None:
        for watched in trial.poller.all():
            row = records.jobs.get(watched.job_id)
            if row is None:
                if not watched.may_go:
                    found.lost += 1
                    found.problems.append(f"job {watched.job_id} was accepted and is gone")
            elif not STATES[row.state].is_final:
                found.lost += 1
                found.problems.append(f"job {watched.job_id} is still {row.state}, attempt {row.attempt}")
            elif row.state not in ends:
                found.problems.append(f"job {watched.job_id} ended {row.state}: {self._why(trial, row)}")
            elif watched.last != row.state:
                found.problems.append(f"job {watched.job_id} is {row.state}, its client saw {watched.last}")

    def _why(self, trial: Trial, row: JobRow) -> str:
        answer = trial.caller.job(row.id)
        return str(answer.json().get("error")) if answer else "no answer"

    def _judge_bytes(self, trial: Trial, records: Records, found: Findings) -> None:
        by_name = {file.name: file for file in trial.files}
        for row in records.of(trial.name):
            if row.state is JobState.DONE:
                wrong = list(self._wrong_bytes(trial, row, by_name[row.name], records))
                found.torn += bool(wrong)
                found.problems += [f"job {row.id}, {row.name}: {words}" for words in wrong]

    def _wrong_bytes(self, trial: Trial, row: JobRow, file: PlayFile, records: Records) -> Iterator[str]:
        folder = self.site.data_dir / "results" / row.id / str(row.attempt)
        rows = records.parts_of(row.id)
        try:
            parts = [(folder / part.name).read_bytes() for part in rows]
        except OSError as error:
            yield f"a part cannot be read: {error}"
            return
        digests = [hashlib.sha256(part).hexdigest() for part in parts]
        if digests != [part.sha256 for part in rows]:
            yield "its parts are not those of its rows"
        if joined(parts) != file.totals or any(len(part) > PART_BYTES for part in parts):
            yield "its totals are wrong"
        if digests != self.quiet.setdefault(file.name, digests):
            yield "its parts are not those of a quiet run"
        totals = getattr(trial.caller.job(row.id), "json", dict)().get("totals", {})
        if (totals.get("plays"), totals.get("rows_used")) != (file.plays, file.rows):
            yield f"its sums are {totals}, not {file.plays} plays of {file.rows} rows"
        yield from self._wrong_downloads(trial, row, parts)

    def _wrong_downloads(self, trial: Trial, row: JobRow, parts: list[bytes]) -> Iterator[str]:
        answer = trial.caller.result(row.id)
        files = answer.json().get("output_files", []) if answer else []
        answers = [trial.caller.get(one["output_file"]) for one in files]
        if [one.body if one else None for one in answers] != parts:
            yield "its downloads are not its parts"


def _judge_counts(trial: Trial, records: Records, found: Findings) -> None:
    """One job for each file; its first answer 201 or, where that was never heard, 409; all with the same id."""
    jobs = Counter(job.name for job in records.of(trial.name))
    named = defaultdict(set)
    created = Counter(accepted.file.name for accepted in trial.accepted if accepted.status == 201)
    for accepted in trial.accepted:
        named[accepted.file.name].add(accepted.job_id)
    for name, ids in named.items():
        if jobs[name] != 1 or len(ids) != 1 or created[name] > 1:
            found.doubled += jobs[name] > 1
            found.problems.append(f"{name} has {jobs[name]} jobs; its clients heard of {sorted(ids)}")
