"""python -m tests.corpus [WORDS]: how well the real command reads the corpus, as a table; exit 1 where not well enough.

WORDS, if given, choose the cases whose theme or name holds one of them.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.corpus import THEMES
from tests.corpus.cases import Case
from tests.corpus.judge import UNFORGIVABLE, Judgement, Verdict, judge
from tests.corpus.running import run_command

LEAST_BEST = 0.95
AT_ONCE = 2


def judged(case: Case) -> Judgement:
    """The verdict on a run of the real command."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        return judge(case, run_command(case, Path(folder)))


def main(words: list[str]) -> int:
    """Print the table; gives the exit code."""
    chosen = {
        theme: [case for case in cases if not words or any(word in f"{theme} {case.name}" for word in words)]
        for theme, cases in THEMES.items()
    }
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = {theme: list(zip(cases, pool.map(judged, cases), strict=True)) for theme, cases in chosen.items()}
    _print_table(results)
    _print_details(results)
    counts = Counter(found.verdict for pairs in results.values() for _, found in pairs)
    well = counts[Verdict.BEST] >= LEAST_BEST * counts.total()
    return 0 if well and not any(counts[verdict] for verdict in UNFORGIVABLE) else 1


def _print_table(results: dict[str, list[tuple[Case, Judgement]]]) -> None:
    print(f"{'theme':<14}{'cases':>6}" + "".join(f"{verdict:>14}" for verdict in Verdict))
    everything = [pair for pairs in results.values() for pair in pairs]
    for theme, pairs in (*results.items(), ("all", everything)):
        counts = Counter(found.verdict for _, found in pairs)
        print(f"{theme:<14}{len(pairs):>6}" + "".join(f"{counts[verdict]:>14}" for verdict in Verdict))
    best = sum(found.verdict == Verdict.BEST for _, found in everything)
    print(f"\n{best / max(len(everything), 1):.1%} best")


def _print_details(results: dict[str, list[tuple[Case, Judgement]]]) -> None:
    for verdict in reversed(Verdict):
        if verdict == Verdict.BEST:
            continue
        for theme, pairs in results.items():
            for case, found in pairs:
                if found.verdict == verdict:
                    print(f"\n{verdict}: {case.name} ({theme})\n    {found.happened[:600]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
