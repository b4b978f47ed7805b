"""The same work with other engines: ``python -m benchmarks.rivals ENGINE SOURCE OUTPUT_DIR``.

Each reads the CSV, sums the plays by song and day, and writes CSV, in its fastest documented way and without a memory
limit, sorted output or a limit on the size of a file. That is less than Playtally does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

SONG, DATE, PLAYS = "Song", "Date", "Number of Plays"


def duckdb(source: Path, output: Path) -> None:
    """Run DuckDB on all cores."""
    import duckdb as engine

    engine.sql("SET preserve_insertion_order = false")
    engine.sql(
        # The paths are our own.
        f"""COPY (SELECT "{SONG}", "{DATE}", sum("{PLAYS}")::BIGINT AS total
            FROM read_csv('{source}', header = true, delim = ',', quote = '"', escape = '"',
                 columns = {{'{SONG}': 'VARCHAR', '{DATE}': 'DATE', '{PLAYS}': 'BIGINT'}})
            GROUP BY ALL) TO '{output / "totals.csv"}' (HEADER)"""  # noqa: S608
    )


def polars(source: Path, output: Path) -> None:
    """Run Polars, streaming."""
    import polars as engine

    types = {SONG: engine.String, DATE: engine.Date, PLAYS: engine.Int64}
    rows = engine.scan_csv(source, schema=types)
    rows.group_by(SONG, DATE).agg(engine.col(PLAYS).sum()).sink_csv(output / "totals.csv")


def dask(source: Path, output: Path) -> None:
    """Run Dask dataframes on two local processes."""
    import dask.dataframe as engine
    from dask.distributed import Client

    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(output)):
        types = {SONG: "string[pyarrow]", DATE: "string[pyarrow]", PLAYS: "int64"}
        rows = engine.read_csv(source, dtype=types, blocksize="32MB")
        totals = rows.groupby([SONG, DATE])[PLAYS].sum(split_out=8).reset_index()
        totals.to_csv(str(output / "totals-*.csv"), index=False)


def vaex(source: Path, output: Path) -> None:
    """Run Vaex alone: convert the CSV to Arrow, then group by strings."""
    import vaex as engine

    arrow = output / "rows.arrow"
    engine.open(str(source), schema_infer_fraction=0.001).export_arrow(str(arrow))
    rows = engine.open(str(arrow))
    rows[DATE] = rows[DATE].astype("str")  # it cannot group by Arrow dates
    rows.groupby([SONG, DATE], agg={"total": engine.agg.sum(PLAYS)}).export_csv(str(output / "totals.csv"))


ENGINES: dict[str, Callable[[Path, Path], None]] = {"DuckDB": duckdb, "Polars": polars, "Dask": dask, "Vaex": vaex}

if __name__ == "__main__":
    ENGINES[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
