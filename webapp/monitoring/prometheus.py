"""The site's figures as metric families, named by the conventions of Prometheus."""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from processing.progress import Step
from store import counters, webhooks
from store.site_figures import Figures
from store.states import STATES

_PROJECT = Path(__file__).parents[2] / "pyproject.toml"
_ENDS = [state.value for state, facts in STATES.items() if facts.is_final and facts.followers]


@dataclass(frozen=True, slots=True)
class Counted:
    """A counter of store.counters as a metric."""

    name: str
    help: str
    label: str | None = None
    known: tuple[str, ...] = ()  # label values exported as 0 from the start


COUNTED = {
    counters.UPLOADS: Counted("playtally_uploads", "Uploads accepted."),
    counters.UPLOAD_BYTES: Counted("playtally_upload_bytes", "Bytes of the uploads accepted."),
    counters.ENDED: Counted("playtally_jobs_ended", "Jobs that ended, by how.", "state", tuple(_ENDS)),
    counters.FAILED: Counted("playtally_jobs_failed", "Jobs that failed, by the code of their error.", "code"),
    counters.ATTEMPTS: Counted(
        "playtally_attempts_ended_early",
        "Attempts whose worker died (crashed), and attempts followed by another (retried).",
        "outcome",
        (counters.CRASHED, counters.RETRIED),
    ),
    counters.STEP_SECONDS: Counted(
        "playtally_step_seconds", "Seconds that done jobs spent in each step.", "step", tuple(Step)
    ),
    counters.ROWS: Counted("playtally_rows_read", "Rows read by done jobs."),
    counters.WEBHOOK_TRIES: Counted(
        "playtally_webhook_tries",
        "Attempts to deliver webhooks: delivered, failed (will be retried), or given_up (the last one failed).",
        "outcome",
        (webhooks.DELIVERED, counters.TRY_FAILED, webhooks.GIVEN_UP),
    ),
    counters.PARTS: Counted("playtally_parts", "Parts published."),
    counters.PART_BYTES: Counted("playtally_part_bytes", "Bytes of the parts published."),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """The readings of one scrape; None for a source that did not answer in time."""

    figures: Figures | None
    redis_is_up: bool
    disk: Mapping[str, int] | None  # free, size, and bytes in incoming, scratch, staging


class SiteCollector(Collector):
    """Collector for a single scrape: no process keeps numbers of its own."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family for which there are figures."""
        version = GaugeMetricFamily("playtally_build_info", "The running version.", labels=["version", "python"])
        version.add_metric([project_version(), platform.python_version()], 1)
        yield version
        yield _gauge("playtally_database_up", "Whether the database is reachable.", self._seen.figures is not None)
        yield _gauge("playtally_redis_up", "Whether Redis is reachable.", self._seen.redis_is_up)
        if self._seen.disk is not None:
            yield from _of_disk(self._seen.disk)
        if self._seen.figures is not None:
            yield from _of_jobs(self._seen.figures)
            yield from _of_counters(self._seen.figures.counts)
        yield _stored(self._seen)


@cache
def project_version() -> str:
    """Return the version in pyproject.toml."""
    return str(tomllib.loads(_PROJECT.read_text())["project"]["version"])


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))


def _labelled(name: str, words: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for which, value in values:
        family.add_metric([which], value)
    return family


def _of_disk(disk: Mapping[str, int]) -> Iterator[Metric]:
    yield _gauge(
        "playtally_disk_free_bytes", "Bytes that can still be written on the volume of DATA_DIR.", disk["free"]
    )
    yield _gauge("playtally_disk_size_bytes", "Size of that volume in bytes, used and free.", disk["size"])


def _of_jobs(figures: Figures) -> Iterator[Metric]:
    yield _labelled("playtally_jobs", "Jobs by state.", "state", ((s.value, n) for s, n in figures.jobs.items()))
    waiting = figures.waiting.items()
    yield _labelled("playtally_queue_jobs", "Waiting jobs, by queue.", "queue", ((q, w.jobs) for q, w in waiting))
    yield _labelled(
        "playtally_queue_oldest_seconds",
        "Age of the oldest waiting job, by queue; 0 if none waits.",
        "queue",
        ((queue, one.oldest_seconds) for queue, one in waiting),
    )
    if figures.turn is not None:
        yield _gauge(
            "playtally_reconciler_turn_age_seconds",
            "Seconds since the reconciler's last turn.",
            figures.turn.seconds_ago,
        )
        yield CounterMetricFamily("playtally_reconciler_turns", "Turns of the reconciler.", value=figures.turn.number)


def _of_counters(counts: Mapping[tuple[str, str], float]) -> Iterator[Metric]:
    for name, counted in COUNTED.items():
        found = {label: value for (of, label), value in counts.items() if of == name}
        if counted.label is None:
            yield CounterMetricFamily(counted.name, counted.help, value=found.get("", 0))
            continue
        family = CounterMetricFamily(counted.name, counted.help, labels=[counted.label])
        for label, value in sorted((dict.fromkeys(counted.known, 0.0) | found).items()):
            family.add_metric([str(label)], value)
        yield family


def _stored(seen: Seen) -> Metric:
    kinds: dict[str, int] = {}
    if seen.figures is not None:
        kinds = {"uploads": seen.figures.upload_bytes, "results": seen.figures.result_bytes}
    if seen.disk is not None:
        kinds |= {kind: size for kind, size in seen.disk.items() if kind not in ("free", "size")}
    return _labelled("playtally_stored_bytes", "Bytes stored now, by kind.", "kind", kinds.items())
