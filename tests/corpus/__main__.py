"""``python -m tests.corpus``: upgrade real packages in place and print what became of them.

    python -m tests.corpus [--only NAME ...] [--tool livepatch bare ...] [--json FILE]
    python -m tests.corpus --from FILE ...

The exit status is 0 if every upgrade by livepatch passed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.corpus._pairs import PAIRS, Pair
from tests.corpus._run import FRESH
from tests.corpus._table import Row, read_json, render, row_of, side_by_side, write_json
from tests.corpus.corpus_tools import TOOLS

_WAYS = ("there", "back")


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; print a line a pair as it ends, and then the table."""
    options = _parse(arguments)
    if options.read:
        print(side_by_side(*read_json(options.read)))  # noqa: T201 - a command prints
        return 0
    rows: list[Row] = []
    for pair in _pairs(options.only, options.way):
        for tool in options.tool:
            rows.append(row_of(pair, tool, options.strategy, late=options.late))
            print(rows[-1].line(), flush=True)  # noqa: T201 - a command prints
            if options.json:
                write_json(rows, options.json)  # so that nothing is lost when it is stopped
    print(side_by_side(rows) if options.side_by_side else render(rows))  # noqa: T201 - as above
    return 0 if all(row.passes for row in rows if row.tool == "livepatch") else 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    tools = [*TOOLS, FRESH]
    parser.add_argument("--only", nargs="+", metavar="PROJECT", help="these projects alone")
    parser.add_argument("--tool", nargs="+", choices=tools, default=["livepatch"])
    parser.add_argument("--way", choices=[*_WAYS, "both"], default="both")
    parser.add_argument("--strategy", choices=["auto", "repoint"], default="auto")
    parser.add_argument("--late", action="store_true", help="import livepatch after the package")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was found")
    parser.add_argument("--side-by-side", action="store_true", help="print a column for each tool")
    parser.add_argument(
        "--from",
        dest="read",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="run nothing; print what earlier runs wrote, a column for each tool",
    )
    return parser.parse_args(arguments)


def _pairs(only: list[str] | None, way: str) -> list[Pair]:
    unknown = {*(only or ())} - {pair.project for pair in PAIRS}
    if unknown:
        raise SystemExit(f"no pair of {', '.join(sorted(unknown))}")
    chosen = [pair for pair in PAIRS if only is None or pair.project in only]
    ways = {"there": lambda pair: [pair], "back": lambda pair: [pair.back()]}
    return [
        each
        for pair in chosen
        for name in (_WAYS if way == "both" else [way])
        for each in ways[name](pair)
    ]


if __name__ == "__main__":
    sys.exit(main())
