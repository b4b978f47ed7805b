"""What the database says and what the disk holds, looked at past the site."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

from processing.reading.rejections import FILE_NAME as REJECTED
from processing.writing.publish import MANIFEST
from store.states import JobState
from tests.faults.site import Site


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as its row says; ``name`` is that of its upload."""

    id: str
    owner: str
    name: str
    upload_id: str
    state: JobState
    attempt: int


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part as its row says."""

    job_id: str
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Records:
    """All rows of a moment."""

    jobs: dict[str, JobRow]
    parts: list[PartRow]
    uploads: dict[str, int]  # bytes by id

    def of(self, owner: str) -> list[JobRow]:
        """The jobs of an account."""
        return [job for job in self.jobs.values() if job.owner == owner]

    def parts_of(self, job_id: str) -> list[PartRow]:
        """In order."""
        return sorted((part for part in self.parts if part.job_id == job_id), key=lambda part: part.name)


_JOBS = """
    select job.id, account.username, upload.name, job.upload_id, job.state, job.attempt
    from job join account on account.id = job.owner_id join upload on upload.id = job.upload_id
"""


def read_records(site: Site) -> Records:
    """One look at the database."""
    engine = create_engine(site.settings.database_url, poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(text(_JOBS)).all()
        parts = connection.execute(text("select job_id, name, bytes, sha256 from part")).all()
        uploads = connection.execute(text("select id, bytes from upload")).all()
    jobs = {row[0]: JobRow(*row[:4], JobState(row[4]), row[5]) for row in rows}
    return Records(jobs, [PartRow(*part) for part in parts], {upload[0]: upload[1] for upload in uploads})


def disagreements(site: Site, records: Records) -> set[str]:
    """Where files and rows do not account for each other, in words; empty when all is in order and nothing runs."""
    return {
        *_working_files(site),
        *_wrong_uploads(site.data_dir / "uploads", records.uploads),
        *_wrong_results(site.data_dir / "results", records),
    }


def _working_files(site: Site) -> Iterator[str]:
    for name in ("incoming", "staging", "scratch"):
        for path in (site.data_dir / name).iterdir():
            yield f"{name}/{path.name} is left"


def _wrong_uploads(folder: Path, rows: dict[str, int]) -> Iterator[str]:
    files = {path.name: path.stat().st_size for path in folder.iterdir()}
    for name in files.keys() | rows.keys():
        if name not in rows:
            yield f"uploads/{name} has no row"
        elif name not in files:
            yield f"upload {name} has no file"
        elif files[name] != rows[name]:
            yield f"uploads/{name} has {files[name]} bytes, its row says {rows[name]}"


def _wrong_results(folder: Path, records: Records) -> Iterator[str]:
    done = {job.id: job for job in records.jobs.values() if job.state is JobState.DONE}
    wanted = {f"{job.id}/{job.attempt}" for job in done.values()}
    found = {f"{path.parent.name}/{path.name}" for path in folder.glob("*/*")}
    yield from (f"results/{path} has no job that is done" for path in found - wanted)
    yield from (f"done job {path} has no results" for path in wanted - found)
    yield from (f"results/{path.name} is empty" for path in folder.iterdir() if not any(path.iterdir()))
    for job_id, attempt in (path.split("/") for path in found & wanted):
        yield from _wrong_parts(folder / job_id / attempt, records.parts_of(job_id))


def _wrong_parts(folder: Path, rows: list[PartRow]) -> Iterator[str]:
    sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.name not in (MANIFEST, REJECTED)}
    if sizes != {row.name: row.bytes for row in rows}:
        yield f"results/{folder.parent.name}/{folder.name} has {sizes}, its rows say otherwise"
