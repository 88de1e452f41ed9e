"""The three views of a benchmark run: table text, JSON, plot."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from _model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from _model import Outcome, Row

_HEADINGS = ("case", "tool", "measured", "ratio", "against", "target", "verdict", "note")
_COLOURS = {
    "livepatch": "tab:green",
    "importlib.reload": "tab:gray",
    "IPython": "tab:blue",
    "jurigged": "tab:orange",
}
# From this ratio between the longest and the shortest bar on, a panel is drawn in logarithms.
_WIDE = 20


def table_text(rows: Sequence[Row]) -> str:
    """Return the rows as an aligned table, one row a line."""
    lines = [_HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    ratio = f"{row.ratio:.2f}" if row.ratio is not None else "-"
    target = f"<= {row.target:g}" if row.target is not None else ""
    against = row.against if row.ratio is not None else ""
    return (
        row.case, row.tool, row.measured, ratio, against, target, row.verdict.value, row.note
    )  # fmt: skip


def summary_text(rows: Iterable[Row], missing: Sequence[str]) -> str:
    """Return how many targets are met, which are not, and which tools are missing."""
    judged = [row for row in rows if row.verdict is not Verdict.NONE]
    missed = [row for row in judged if row.verdict is Verdict.NOT_MET]
    lines = [f"{len(judged) - len(missed)} of {len(judged)} targets met"]
    lines += [
        f"  NOT met: {row.scenario}, {row.case}: "
        + (f"{row.ratio:.2f} (target {row.target:g})" if row.ratio is not None else row.measured)
        for row in missed
    ]
    lines += [f"  not measured, because it is not installed: {tool}" for tool in missing]
    return "\n".join(lines)


def write_json(
    path: Path, context: Mapping[str, Any], rows: Sequence[Row], outcomes: Sequence[Outcome]
) -> None:
    """Write the context of the run, the table's rows and every single figure behind them."""
    document = {
        **context,
        "rows": [dataclasses.asdict(row) | {"verdict": row.verdict.value} for row in rows],
        "outcomes": [dataclasses.asdict(outcome) for outcome in outcomes],
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def draw_plot(path: Path, context: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Draw every ratio as a bar, one panel a scenario, with the targets as ticks on the bars.

    Raises `ModuleNotFoundError` when matplotlib is not installed (the extra ``bench`` has it).
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    panels: dict[str, list[Row]] = {}
    for row in rows:
        if row.ratio is not None:
            panels.setdefault(row.scenario, []).append(row)
    heights = [len(panel) for panel in panels.values()]
    figure, axes = plt.subplots(
        nrows=len(panels),
        squeeze=False,
        figsize=(11, 2 + 0.22 * sum(heights)),
        height_ratios=heights,
        layout="constrained",
    )
    for axis, (scenario, panel) in zip(axes[:, 0], panels.items(), strict=True):
        _draw_panel(axis, scenario, panel)
    figure.suptitle(f"livepatch benchmarks, Python {context['python']}")
    figure.savefig(path, dpi=110)


def _draw_panel(axis: Any, scenario: str, panel: Sequence[Row]) -> None:
    places = list(range(len(panel)))
    axis.barh(
        places,
        [row.ratio for row in panel],
        color=[_COLOURS.get(row.tool, "lightgray") for row in panel],
    )
    axis.set_yticks(places, [f"{row.case} · {row.tool}" for row in panel], fontsize=7)
    for place, row in zip(places, panel, strict=True):
        axis.text(row.ratio, place, f" {row.ratio:.2f}", va="center", fontsize=7)
        if row.target is not None:
            axis.plot([row.target] * 2, [place - 0.4, place + 0.4], color="red")
    ratios = [row.ratio for row in panel if row.ratio is not None]
    if max(ratios) > _WIDE * min(ratios):
        axis.set_xscale("log")
    axis.margins(x=0.08, y=0.01)
    axis.invert_yaxis()
    axis.set_title(f"{scenario}: ratio to its yardstick (red: target)", fontsize=9)
