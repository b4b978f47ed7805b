"""Translation of a job's options into those of processing."""

from __future__ import annotations

from common.option_words import DELIMITERS, QUOTES, THOUSANDS, BadRows, DateStyle
from common.settings import Settings
from processing.options import DialectOptions, Options
from store.attempts import Claim
from store.files import Files
from store.options import JobOptions
from worker import threads


def options_for(claim: Claim, settings: Settings, files: Files) -> Options:
    """Return the options of processing for an attempt; its scratch folder may hold checkpoints of the previous one."""
    return Options(
        max_part_bytes=settings.max_single_file_size,
        memory_bytes=settings.memory_limit,
        bad_rows=BadRows(claim.options.bad_rows),
        corrections=claim.options.corrections == "allow",
        dialect=form_of(claim.options),
        scratch=files.scratch(claim.job_id, claim.attempt),
        threads=threads.for_a_job(settings),
        keeps_checkpoints=True,
        checkpoint_seconds=settings.checkpoint_seconds,
    )


def form_of(chosen: JobOptions) -> DialectOptions:
    """Return what the job's options say about the dialect of its file."""
    return DialectOptions(
        encoding=chosen.encoding or None,
        delimiter=DELIMITERS.get(chosen.delimiter, chosen.delimiter) or None,
        quote=QUOTES[chosen.quote] if chosen.quote else None,
        header_line=_line(chosen.header_line),
        date_style=DateStyle(chosen.date_style) if chosen.date_style else None,
        thousands=THOUSANDS[chosen.thousands] if chosen.thousands else None,
        columns=(chosen.song_column or None, chosen.date_column or None, chosen.plays_column or None),
    )


def _line(word: str) -> int | None:
    """Return the number of the header line; None to detect it, 0 if there is none."""
    if not word:
        return None
    return 0 if word == "none" else int(word)
