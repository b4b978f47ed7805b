"""Whether a run came to the end that a case wants, and if not, how bad that is."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.corpus.cases import ANY, Answer, Case, Refused
from tests.corpus.running import Run
from tests.corpus.words import complaint

OUTPUT_HEADER = ["Song", "Date", "Total Number of Plays for Date"]
REJECTED_HEADER = ["Line", "Column", "Value", "Reason"]
LISTED = 1000  # bad rows that the report itself lists
Totals = dict[tuple[str, str], int]

# Songs may have 10 MB.
csv.field_size_limit(1 << 30)


class Verdict(StrEnum):
    """From the best to the worst."""

    BEST = "best"
    ACCEPTABLE = "acceptable"  # right, but there is a better end
    NOT_BEST = "not best"  # right, but of no use: refused or left out without need, or for the wrong reason
    TECHNICAL = "technical"  # a crash, or words that are not for people
    DROPPED = "dropped"  # rows that are neither used nor named
    SILENT_WRONG = "silent wrong"  # an answer that is not the sum of the rows it claims to be


UNFORGIVABLE = (Verdict.TECHNICAL, Verdict.DROPPED, Verdict.SILENT_WRONG)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and what happened, for the person who mends it."""

    verdict: Verdict
    happened: str = ""


class _Found(Exception):  # noqa: N818 - it carries a verdict, and is no error
    """Ends the judging with a verdict."""

    def __init__(self, verdict: Verdict, happened: str) -> None:
        super().__init__(happened)
        self.judgement = Judgement(verdict, happened)


def judge(case: Case, run: Run) -> Judgement:
    """The verdict on a run of a case."""
    try:
        if run.code not in (0, 1):
            raise _Found(Verdict.TECHNICAL, f"exit code {run.code}: {run.stderr.strip()[-300:]}")
        if "Traceback" in run.stderr:
            raise _Found(Verdict.TECHNICAL, run.stderr.strip()[-300:])
        try:
            report = json.loads(run.stdout)
        except ValueError:
            raise _Found(Verdict.TECHNICAL, f"no JSON on stdout: {run.stdout[:100]!r}") from None
        return _of_refusal(case, report["error"]) if run.code == 1 else _of_answer(case, report, run.output)
    except _Found as found:
        return found.judgement


def _of_refusal(case: Case, error: dict[str, Any]) -> Judgement:
    happened = f"refused as {error['code']} at line {error['line']}: {error['message']}"
    if found := complaint(error["message"], shown=error["value"]):
        raise _Found(Verdict.TECHNICAL, f"{found}; {happened}")
    if isinstance(case.expected, Refused) and _matches(case.expected, error):
        return Judgement(Verdict.BEST)
    if any(isinstance(end, Refused) and _matches(end, error) for end in case.also):
        return Judgement(Verdict.ACCEPTABLE, happened)
    return Judgement(Verdict.NOT_BEST, happened)


def _matches(end: Refused, error: dict[str, Any]) -> bool:
    return any(fnmatchcase(error["code"], code) for code in end.codes) and end.line in (None, error["line"])


def _of_answer(case: Case, report: dict[str, Any], output: Path) -> Judgement:
    listed = list(_rejected(output))
    totals = _totals(output)
    _check_report(report, listed, totals)
    left_out = [(line, column) for line, column, _ in listed]
    lines = frozenset(line for line, _ in left_out)
    right = [answer for answer in case.answers() if answer.totals(lines) == totals]
    if not right:
        raise _Found(Verdict.SILENT_WRONG, _difference(case, totals, lines))
    named = [answer for answer in right if lines.issuperset(line for line, _ in answer.left_out)]
    if not named:
        missing = sorted({line for line, _ in right[0].left_out} - lines)
        raise _Found(Verdict.DROPPED, f"left out, but not listed: lines {missing[:5]}")
    if any(len(answer.rows) + len(answer.left_out) == report["rows_read"] for answer in named):
        best, *others = case.expected, *case.also
        if best in named and isinstance(best, Answer) and _same_lines(best, left_out):
            return Judgement(Verdict.BEST)
        if any(isinstance(end, Answer) and end in named and _same_lines(end, left_out) for end in others):
            return Judgement(Verdict.ACCEPTABLE, f"left out: {_shown(listed)}")
    return Judgement(Verdict.NOT_BEST, f"{report['rows_read']} rows read, left out: {_shown(listed)}")


def _same_lines(answer: Answer, left_out: list[tuple[int, str]]) -> bool:
    return len(left_out) == len(answer.left_out) and all(
        line == wanted_line and wanted in (ANY, column)
        for (line, column), (wanted_line, wanted) in zip(left_out, answer.left_out, strict=True)
    )


def _rejected(output: Path) -> Iterator[tuple[int, str, str]]:
    """Line, column and reason of each row in rejected.csv."""
    path = output / "rejected.csv"
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        if next(reader) != REJECTED_HEADER:
            raise _Found(Verdict.DROPPED, "rejected.csv has another header")
        for line, column, value, reason in reader:
            if found := complaint(f"Line {line}: {reason}.", shown=value):
                raise _Found(Verdict.TECHNICAL, f"{found}; line {line}: {reason}")
            yield int(line), column, reason


def _totals(output: Path) -> Totals:
    """The sums in the parts, each (song, day) once and all in order."""
    totals: Totals = {}
    for path in sorted(output.glob("part-*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            if next(reader) != OUTPUT_HEADER:
                raise _Found(Verdict.SILENT_WRONG, f"{path.name} has another header")
            for song, day, plays in reader:
                if (song, day) in totals:
                    raise _Found(Verdict.SILENT_WRONG, f"{song[:80]!r} on {day} comes twice")
                totals[song, day] = int(plays)
    if list(totals) != sorted(totals):
        raise _Found(Verdict.NOT_BEST, "the answer is not sorted by song and day")
    return totals


def _check_report(report: dict[str, Any], listed: list[tuple[int, str, str]], totals: Totals) -> None:
    """What the report says must be what the files say."""
    read, used, bad = report["rows_read"], report["rows_used"], report["bad_rows"]
    if read != used + bad or bad != len(listed):
        raise _Found(Verdict.DROPPED, f"{read} rows read, {used} used, {bad} bad, {len(listed)} in rejected.csv")
    told = [(row["line"], row["column"], row["reason"]) for row in report["rejected"]]
    if told != listed[:LISTED]:
        raise _Found(Verdict.DROPPED, "the report lists other rows than rejected.csv")
    if report["plays"] != sum(totals.values()) or report["groups"] != len(totals):
        raise _Found(Verdict.SILENT_WRONG, "the report's plays or groups are not those of the parts")


def _difference(case: Case, totals: Totals, lines: frozenset[int]) -> str:
    answers = case.answers()
    wanted = answers[0].totals(lines) if answers else {}
    differing = sorted(key for key in wanted.keys() | totals.keys() if wanted.get(key) != totals.get(key))
    shown = ", ".join(f"{key[0][:40]!r} {key[1]} {totals.get(key)}, not {wanted.get(key)}" for key in differing[:3])
    return f"{len(differing)} sums are wrong: {shown}" + ("" if answers else " (should be refused)")


def _shown(listed: list[tuple[int, str, str]]) -> str:
    return "; ".join(f"{line} {column}: {reason[:80]}" for line, column, reason in listed[:3]) or "nothing"
