"""Template filters that format numbers, sizes and times for people."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from store.database import now


def init_app(app: Flask) -> None:
    """Register the filters."""
    for word in (grouped, counted, plays, share, size, span, ago, day, day_and_year, rate):
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


def share(part: int, whole: int) -> str:
    """Format a part of a whole as a percentage: 3 of 2000 -> 0.15%"""
    if part == whole:
        return "100%"
    percent = min(100 * part / whole, 99.99)  # 100% is for the whole alone
    return f"{percent:.2f}".rstrip("0").rstrip(".") + "%" if percent >= 0.01 else "less than 0.01%"


def size(count: float) -> str:
    """Format bytes in decimal units: 1312000000 -> 1.3 GB"""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5:
            return _three_digits(count, unit)
        count /= 1000
    return _three_digits(count, "TB")


def span(seconds: float) -> str:
    """Format a duration in seconds: 24 -> 24 seconds, 200 -> 3 minutes, 3900 -> 1 hour 5 minutes"""
    if seconds < 90:
        return counted(max(1, round(seconds)), "second")
    hours, minutes = divmod(round(seconds / 60), 60)
    words = [counted(hours, "hour")] if hours else []
    return " ".join([*words, counted(minutes, "minute")] if minutes else words)


def ago(moment: datetime) -> str:
    """Say how long ago a moment was, which holds in every time zone; after a week, return its day."""
    past = now() - moment
    if past < timedelta(seconds=45):
        return "just now"
    if past < timedelta(hours=1):
        return f"{counted(max(1, round(past.total_seconds() / 60)), 'minute')} ago"
    if past < timedelta(hours=24):
        return f"{counted(round(past.total_seconds() / 3600), 'hour')} ago"
    if past < timedelta(days=7):
        return f"{counted(past.days, 'day')} ago"
    return day(moment)


def day(moment: datetime) -> str:
    """Format a day: 23 December, with the year unless it is the current one."""
    return f"{moment.day} {moment:%B}" if moment.year == now().year else day_and_year(moment)


def day_and_year(moment: datetime) -> str:
    """Format a day with its year: 23 December 2026"""
    return f"{moment.day} {moment:%B} {moment.year}"


def rate(rows_per_second: float) -> str:
    """Format rows per second: 3100000 -> 3.1 million a second"""
    if rows_per_second >= 999_500:
        return f"{rows_per_second / 1e6:.1f} million a second"
    return f"{int(float(f'{rows_per_second:.2g}')):,} a second"


def _three_digits(count: float, unit: str) -> str:
    if unit == "bytes":
        return f"{int(count)} byte{'' if count == 1 else 's'}"
    return f"{count:.1f} {unit}" if count < 9.95 else f"{round(count)} {unit}"
