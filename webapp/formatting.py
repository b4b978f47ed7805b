"""Template filters that format numbers, sizes and times for people."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from store.database import now


def init_app(app: Flask) -> None:
    """Register the filters."""
    for word in (grouped, counted, plays, size, span, ago, day, rate, ordinal, files):
        app.add_template_filter(word)


def grouped(number: int) -> str:
    """Group the digits: 1204883 -> 1,204,883"""
    return f"{number:,}"


def counted(number: int, thing: str) -> str:
    """Count things: 1, row -> 1 row; 1200, row -> 1,200 rows"""
    return f"{grouped(number)} {thing}{'' if number == 1 else 's'}"


def plays(text: str) -> str:
    """Group the digits of a number in a file of totals; return other text unchanged."""
    return grouped(int(text)) if text.isascii() and text.isdigit() and len(text) < 100 else text


def size(count: float) -> str:
    """Format bytes in decimal units: 1312000000 -> 1.3 GB"""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5:
            return _three_digits(count, unit)
        count /= 1000
    return _three_digits(count, "TB")


def span(seconds: float) -> str:
    """Format a duration in seconds: 24 -> 24 s, 200 -> 3 min, 3900 -> 1 h 5 min"""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def ago(moment: datetime) -> str:
    """Say how long ago a moment was, which holds in every time zone; after a week, return its day."""
    past = now() - moment
    if past < timedelta(seconds=45):
        return "just now"
    if past < timedelta(hours=1):
        return f"{max(1, round(past.total_seconds() / 60))} min ago"
    if past < timedelta(hours=24):
        hours = round(past.total_seconds() / 3600)
        return f"{hours} hour{'s' if hours != 1 else ''} ago"
    if past < timedelta(days=7):
        return f"{past.days} day{'s' if past.days != 1 else ''} ago"
    return day(moment)


def day(moment: datetime) -> str:
    """Format a day: 23 December, with the year unless it is the current one."""
    words = f"{moment.day} {moment:%B}"
    return words if moment.year == now().year else f"{words} {moment.year}"


def rate(rows_per_second: float) -> str:
    """Format rows per second: 3100000 -> 3.1 million a second"""
    if rows_per_second >= 999_500:
        return f"{rows_per_second / 1e6:.1f} million a second"
    return f"{int(float(f'{rows_per_second:.2g}')):,} a second"


def ordinal(number: int) -> str:
    """Format an ordinal number: 2 -> 2nd"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def files(number: int) -> str:
    """Count files at the beginning of a sentence: 1 -> One file is, 12 -> 12 files are"""
    names = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
    return f"{names[number] if number < len(names) else number} file{' is' if number == 1 else 's are'}"


def _three_digits(count: float, unit: str) -> str:
    if unit == "bytes":
        return f"{int(count)} byte{'' if count == 1 else 's'}"
    return f"{count:.1f} {unit}" if count < 9.95 else f"{round(count)} {unit}"
