"""A reload and its yardstick in one process, each before the other in one of two rounds.

What comes first pays for fresh memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _model import Job
from _tools import TOOLS
from _workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from _tools import Tool


def jobs_beside(scenario: str, case: str, tools: Sequence[str], instances: int) -> list[Job]:
    """Return one round; the yardstick goes first in it, or last."""
    return [
        Job(scenario, case, tool, {"instances": instances, "yardstick_first": first})
        for first in (0, 1)
        for tool in tools
    ]


def measure_beside(
    job: Job,
    source: str,
    time_reload: Callable[[Workspace, ModuleType, Tool, int], dict[str, Any]],
    time_yardstick: Callable[[ModuleType, int], dict[str, float]],
) -> dict[str, Any]:
    """Time one reload of a module over many instances, and the yardstick beside it."""
    tool = TOOLS[job.tool]()
    count = job.options["instances"]
    with Workspace(f"bench_{job.scenario}") as workspace:
        module = workspace.load(source)
        tool.attach(module)
        yardstick = time_yardstick(module, count) if job.options["yardstick_first"] else {}
        figures = time_reload(workspace, module, tool, count)
        return figures | (yardstick or time_yardstick(module, count))
