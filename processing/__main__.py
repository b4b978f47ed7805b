"""The command line: python -m processing INPUT OUTPUT_DIR."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from common.option_words import (
    BAD_ROWS,
    CORRECTIONS,
    DATE_STYLES,
    DELIMITERS,
    ENCODINGS,
    QUOTES,
    THOUSANDS,
    BadRows,
    DateStyle,
)
from processing.errors import RefusedError
from processing.gc_tuning import relax_gc
from processing.options import DialectOptions, Options
from processing.pipeline import process_csv
from processing.progress import OnProgress, Progress
from processing.result import Outcome
from processing.sentences import refusal
from processing.writing.publish import OutputTakenError

DONE, REFUSED, WRONG_USAGE = 0, 1, 2
_BAR = 40
MOST_HINTS = 3
_ERROR_KEYS = ("code", "message", "line", "column", "value")


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = _parser()
    wanted = parser.parse_args(arguments)
    if not wanted.input.exists():
        parser.error(f"there is no file {wanted.input}")
    if not wanted.input.is_file():
        parser.error(f"{wanted.input} is no file that can be read more than once")
    if wanted.scratch is not None and not wanted.scratch.is_dir():
        parser.error(f"there is no folder {wanted.scratch}")
    if wanted.checkpoints and wanted.scratch is None:
        parser.error("--checkpoints needs --scratch, the folder to keep them in")
    options = Options(
        max_part_bytes=wanted.max_part_bytes,
        memory_bytes=wanted.memory,
        bad_rows=BadRows(wanted.bad_rows),
        corrections=wanted.corrections == "allow",
        dialect=_dialect_options(wanted),
        scratch=wanted.scratch,
        use_kernel=not wanted.no_kernel,
        keeps_checkpoints=wanted.checkpoints,
    )
    try:
        outcome = process_csv(
            wanted.input, wanted.output_dir, options, _progress_bar() if sys.stderr.isatty() else None
        )
    except RefusedError as error:
        return _refused(error.to_json(), as_json=wanted.json, hint=_hint(error))
    except OutputTakenError as error:
        parser.error(str(error))
    except OSError as error:
        message = refusal("files", {"cause": error.strerror or str(error)})
        return _refused({"code": "files", "message": message, "line": None, "column": None, "value": None}, wanted.json)
    print(json.dumps(outcome.to_json()) if wanted.json else _sentence(outcome, wanted.output_dir))
    return DONE


def _parser() -> argparse.ArgumentParser:
    defaults = Options()
    parser = argparse.ArgumentParser(
        "python -m processing", description="Add up the plays in a CSV for each song and day."
    )
    parser.add_argument("input", type=Path, metavar="INPUT", help="a CSV with the columns Song, Date, Number of Plays")
    parser.add_argument("output_dir", type=Path, metavar="OUTPUT_DIR", help="the folder for the parts; made if missing")
    parser.add_argument("--max-part-bytes", type=_bytes(200), default=defaults.max_part_bytes, metavar="N")
    parser.add_argument("--memory", type=_bytes(1 << 28), default=defaults.memory_bytes, metavar="BYTES")
    parser.add_argument("--bad-rows", choices=BAD_ROWS, default=str(defaults.bad_rows))
    parser.add_argument("--corrections", choices=CORRECTIONS, default="refuse", help="whether plays may be negative")
    _add_form(parser)
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="a folder for temporary files")
    parser.add_argument(
        "--checkpoints",
        action="store_true",
        help="keep what is done in the scratch folder, so that the same command goes on with it after an interruption",
    )
    parser.add_argument("--no-kernel", action="store_true", help="read as where the compiled kernel is not installed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _add_form(parser: argparse.ArgumentParser) -> None:
    """Add the options that replace what the inspection would detect."""
    form = parser.add_argument_group("the form of the file, where it should not be found out")
    form.add_argument("--encoding", choices=list(ENCODINGS), metavar="NAME", help=", ".join(ENCODINGS))
    form.add_argument("--delimiter", type=_delimiter, metavar="MARK", help=f"{', '.join(DELIMITERS)}, or a character")
    form.add_argument("--quote", choices=list(QUOTES))
    form.add_argument("--header-line", type=_line, metavar="N", help="the line that names the columns, or none")
    form.add_argument("--date-style", choices=DATE_STYLES, metavar="STYLE")
    form.add_argument("--thousands", choices=list(THOUSANDS), help="what stands between the digits of 1,234,567")
    for column in ("song", "date", "plays"):
        form.add_argument(f"--{column}-column", metavar="NAME", help="a name in the header, or a number from 1")


def _delimiter(text: str) -> str:
    mark = DELIMITERS.get(text, text)
    if len(mark) != 1 or not mark.isascii() or mark.isalnum() or mark in "\r\n\"'\\":
        raise argparse.ArgumentTypeError(f"should be one of {', '.join(DELIMITERS)} or one mark, but is {text!r}")
    return mark


def _line(text: str) -> int:
    if text == "none":
        return 0
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"should be a line from 1 or none, but is {text!r}")
    return int(text)


def _dialect_options(wanted: argparse.Namespace) -> DialectOptions:
    return DialectOptions(
        encoding=wanted.encoding,
        delimiter=wanted.delimiter,
        quote=None if wanted.quote is None else QUOTES[wanted.quote],
        header_line=wanted.header_line,
        date_style=DateStyle(wanted.date_style) if wanted.date_style else None,
        thousands=None if wanted.thousands is None else THOUSANDS[wanted.thousands],
        columns=(wanted.song_column, wanted.date_column, wanted.plays_column),
    )


class _bytes:  # noqa: N801 - argparse shows the name of a type in its messages
    """A type for argparse: a whole number of bytes, at least ``least``."""

    def __init__(self, least: int) -> None:
        self.least = least
        self.__name__ = "number of bytes"

    def __call__(self, text: str) -> int:
        value = int(text)
        if value < self.least:
            raise argparse.ArgumentTypeError(f"should be at least {self.least}, but is {value}")
        return value


def _hint(error: RefusedError) -> str:
    """Return which options answer the question of an error; empty if it has none."""
    if error.question is None:
        return ""
    flags = [f"--{option.replace('_', '-')}" for option in error.question.options]
    if len(flags) > 1:
        return f" (Say {', '.join(flags)} with a name in the header or a number from 1.)"
    return f" (Say {' or '.join(f'{flags[0]} {choice.value}' for choice in error.question.choices[:MOST_HINTS])}.)"


def _refused(error: dict[str, object], as_json: bool, hint: str = "") -> int:
    if sys.stderr.isatty():
        print(file=sys.stderr)  # end the line of the progress bar
    print(f"{error['message']}{hint}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": {key: error[key] for key in _ERROR_KEYS}}))
    return REFUSED


def _sentence(outcome: Outcome, output_dir: Path) -> str:
    skipped = f", {outcome.bad_rows:,} skipped" if outcome.bad_rows else ""
    return (
        f"{outcome.rows_read:,} rows read, {outcome.rows_used:,} used{skipped}. {outcome.plays:,} plays of "
        f"{outcome.groups:,} songs and days in {len(outcome.parts):,} part(s) in {output_dir}"
    )


def _progress_bar() -> OnProgress:
    def show(progress: Progress) -> None:
        filled = round(_BAR * progress.fraction)
        bar = "#" * filled + "." * (_BAR - filled)
        end = "\n" if progress.step == "writing" else ""
        text = f"\r[{bar}] {progress.fraction:4.0%}  {progress.step:<9}  {progress.rows_read:,} rows"
        print(text, end=end, file=sys.stderr, flush=True)

    return show


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    """Exit as on Ctrl-C, so that working files are removed."""
    print("Told to end before it was done.", file=sys.stderr)
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    relax_gc()
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(main())
