"""What the corpus found as rows of a table, for people and as JSON."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.corpus._pairs import Pair
from tests.corpus._run import Comparison, compare
from tests.live import Strategy

_DISTRIBUTIONS = {
    "livepatch": "livepatch",
    "livepatch-changed": "livepatch",
    "livepatch-each": "livepatch",
    "ipython": "ipython",
    "jurigged": "jurigged",
}
_TITLES = {"bare": "importlib.reload", "ipython": "IPython autoreload"}
_HEADS = ("pair", "tool", "modules", "held", "reached", "tests", "as fresh", "left", "s", "verdict")


@dataclass(frozen=True, slots=True)
class Row:
    """One upgrade by one tool.

    Attributes:
        pair: the project and the versions.
        tool: what brought the modules up to date.
        modules: how many modules were loaded from source.
        held: how many references to what the new version still has were held.
        reached: how many of these reach the current object.
        tests: how many tests a fresh process of the new version ran.
        tests_alike: how many of these ended the same way.
        unnamed: how many old objects are left that no report names.
        names_unlike: how many names stand for something else than in the fresh process.
        seconds: how long the tool took.
        total_seconds: how long the child process took.
        complaints: the kinds of findings that the upgrade fails by.
        findings: what went wrong, by kind; for the JSON.
    """

    pair: str
    tool: str
    modules: int
    held: int
    reached: int
    tests: int
    tests_alike: int
    unnamed: int
    names_unlike: int
    seconds: float
    total_seconds: float
    complaints: tuple[str, ...]
    findings: dict[str, object]

    @property
    def passes(self) -> bool:
        """Whether there is nothing to complain of."""
        return not self.complaints

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the row."""
        reached = "all" if self.reached == self.held else f"{self.reached}"
        alike = "all" if self.tests_alike == self.tests else f"{self.tests_alike}"
        numbers = (str(self.modules), str(self.held), reached, str(self.tests), alike)
        verdict = "passes" if self.passes else "**fails**"
        return (self.pair, self.tool, *numbers, str(self.unnamed), f"{self.seconds:.2f}", verdict)

    def outcome(self) -> str:
        """Return in a cell how much was reached, how the tests ended, and whether that passes."""
        _, _, _, _, reached, _, alike, *_ = self.cells()
        if "died" in self.findings:
            timed_out = "timed out" in str(self.findings["died"])
            return "not in ten minutes" if timed_out else "the process fails"
        return f"{reached}, {alike}{'; passes' if self.passes else ''}"

    def line(self) -> str:
        """Return the row as a line of text with the first of what it is blamed for."""
        worst = [f"{kind} {_first_of(self.findings[kind])}" for kind in self.complaints]
        return f"{'  '.join(self.cells())} ({self.total_seconds:.1f} s)  {'; '.join(worst)[:400]}"


def _first_of(found: object) -> str:
    if not isinstance(found, (dict, list)):
        return str(found)
    first = next(iter(found.items() if isinstance(found, dict) else found))
    return f"{len(found)}: {str(first)[:160]}"


def row_of(pair: Pair, tool: str, strategy: Strategy, *, late: bool) -> Row:
    """Run an upgrade and return its row; a child process that dies is a row that fails."""
    try:
        comparison = compare(pair, tool=tool, strategy=strategy, late=late)
    except Exception as error:  # noqa: BLE001 - it is the finding
        nothing = (0,) * 7
        return Row(str(pair), tool, *nothing, 0.0, 0.0, ("died",), {"died": str(error)})
    return _row(pair, tool, comparison)


def _row(pair: Pair, tool: str, comparison: Comparison) -> Row:
    upgraded, fresh = comparison.upgraded, comparison.fresh
    stale = upgraded.get("stale", [])
    tests = len(fresh["suite"]["endings"])
    unlike = comparison.tests_unlike
    texts = upgraded.get("suite", {}).get("texts", {})
    return Row(
        pair=str(pair),
        tool=tool,
        modules=len(upgraded.get("order", ())),
        held=comparison.held,
        reached=comparison.held - len(stale),
        tests=tests,
        tests_alike=tests - sum(ending is not None for _, ending in unlike.values()),
        unnamed=len(comparison.unnamed),
        names_unlike=len(comparison.unlike("portrait")),
        seconds=upgraded.get("tool_seconds", 0.0),
        total_seconds=upgraded["seconds"],
        complaints=tuple(comparison.complaints()),
        findings={
            **comparison.complaints(),
            "names_unlike": comparison.unlike("portrait"),
            "changed_kind": upgraded.get("changed_kind", []),
            "texts": {name: text for name, text in texts.items() if name in unlike},
            "fresh_output": fresh["output"][-3000:],
            "fresh_texts": fresh["suite"]["texts"],
            "fresh_counts": fresh["suite"]["counts"],
            "fresh_not_imported": fresh["not_imported"],
        },
    )


def render(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table, with versions and the date below it."""
    lines = [_HEADS, tuple("---" for _ in _HEADS), *(row.cells() for row in rows)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{table}\n\n{', '.join(f'{name} {version}' for name, version in _versions().items())}"


def side_by_side(rows: Iterable[Row], versions: dict[str, str] | None = None) -> str:
    """Return a Markdown table with a line a pair and a column a tool, as the README has it."""
    rows = list(rows)
    by_pair: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_pair.setdefault(row.pair, {})[row.tool] = row
    tools = list(dict.fromkeys(tool for found in by_pair.values() for tool in found))
    heads = ("Upgrade in place", "held, tests", *(_TITLES.get(tool, tool) for tool in tools))
    lines = [heads, tuple("---" for _ in heads)]
    for pair, found in by_pair.items():
        size = next((f"{row.held}, {row.tests}" for row in found.values() if row.held), "?")
        cells = (found[tool].outcome() if tool in found else "" for tool in tools)
        lines.append((pair, size, *cells))
    passes = (sum(row.passes for row in rows if row.tool == tool) for tool in tools)
    lines.append((f"pass, of {len(by_pair)}", "", *map(str, passes)))
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    said = {**(versions or _versions())}
    shown = {name: said[name] for name in ("CPython", *tools, "date") if name in said}
    return f"{table}\n\n{', '.join(f'{name} {version}' for name, version in shown.items())}"


def read_json(paths: Iterable[Path]) -> tuple[list[Row], dict[str, str]]:
    """Return the rows of earlier runs, and the versions and the date of the last of them.

    Of two of the same upgrade by the same tool, that of the later file counts.
    """
    rows: dict[tuple[str, str], Row] = {}
    versions: dict[str, str] = {}
    for path in paths:
        found = json.loads(path.read_text("utf-8"))
        for each in found.pop("rows"):
            row = Row(**{**each, "complaints": tuple(each["complaints"])})
            rows[row.pair, row.tool] = row
        versions |= found
    return list(rows.values()), versions


def write_json(rows: Iterable[Row], path: Path) -> None:
    """Write all that was found, with versions and the date."""
    found = {**_versions(), "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")


def _versions() -> dict[str, str]:
    versions = {"CPython": platform.python_version()}
    versions |= {tool: _version_of(name) for tool, name in _DISTRIBUTIONS.items()}
    return {**versions, "date": dt.datetime.now(dt.timezone.utc).date().isoformat()}


def _version_of(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
