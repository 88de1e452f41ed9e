"""Stage 5: what the plan leaves behind, and what a user should know about it."""

from __future__ import annotations

import gc
from typing import Any

from livepatch._constants import may_hold_state
from livepatch._heap import unexplained_counts
from livepatch._kinds import is_class
from livepatch._module import Module
from livepatch._own import OwnList
from livepatch._plan import Plan, explainers_of
from livepatch._report import Notice

# Some versions (3.12) freeze a few hundred objects of their own when they start.
_FROZEN_BY_INTERPRETER = 1000


def notice_leftovers(plan: Plan) -> None:
    """Note what has vanished, or was made anew, while something still holds it."""
    _notice_moves(plan)
    _notice_old_data(plan)
    _notice_removed(plan)
    _notice_frozen(plan)


def _notice_moves(plan: Plan) -> None:
    """Name what may have moved, where it is not clear to which place."""
    for path, candidates in plan.matches.moved:
        message = f"may have moved to any of {', '.join(candidates)}; not followed"
        plan.notices.append(Notice("LP310", path, message))


def _notice_old_data(plan: Plan) -> None:
    """Name each global that was made anew while something still holds the old object."""
    each_once = {
        id(value): (module.path_text((name,)), value)
        for module in reversed(plan.matches.modules)
        for name, value in module.old.items()
        if _is_replaced_data(plan, module, name, value)
    }
    suspects = list(reversed(each_once.values()))
    del each_once
    if not suspects:
        return
    held = OwnList(value for _, value in suspects)
    explainers = explainers_of(plan)
    explainers += suspects
    # Old values that go too: a method of the old object under another name, say.
    for module in plan.matches.modules:
        final = plan.finals[module.name]
        explainers += (value for name, value in module.old.items() if final.get(name) is not value)
    counts = unexplained_counts(held, explainers)
    for (path, value), count in zip(suspects, counts):
        if count > 0:
            what = type(value).__name__
            message = f"{references_still_hold(count)} the old {what}"
            plan.notices.append(Notice("LP302", path, message))


def _is_replaced_data(plan: Plan, module: Module, name: str, value: Any) -> bool:
    final = plan.finals[module.name]
    return (
        name in final
        and final[name] is not value
        and id(value) not in plan.matches.by_old
        and not name.startswith("__")
        and may_hold_state(value)
    )


def references_still_hold(count: int) -> str:
    """Say how many references there are."""
    return "1 reference still holds" if count == 1 else f"{count} references still hold"


def _notice_removed(plan: Plan) -> None:
    each_once = {
        id(value): (module.path_text(path), value)
        for module in plan.matches.modules
        for path, value in reversed(module.removed.items())
    }
    removed = [
        (path, value)
        for path, value in each_once.values()
        if id(value) not in plan.decisions.survivors
    ]
    removed.reverse()
    del each_once
    if not removed:
        return
    values = OwnList(value for _, value in removed)
    explainers = explainers_of(plan)
    explainers += removed
    counts = unexplained_counts(values, explainers)
    for (path, value), count in zip(removed, counts):
        if count > 0:
            code = "LP306" if is_class(value) else "LP309"
            message = f"is gone from the source, and {references_still_hold(count)} it"
            plan.notices.append(Notice(code, path, message))


def _notice_frozen(plan: Plan) -> None:
    frozen = gc.get_freeze_count()
    if frozen > _FROZEN_BY_INTERPRETER and plan.decisions.losers:
        message = f"{frozen} objects are frozen and could not be searched"
        places = ", ".join(module.name for module in plan.matches.modules)
        plan.notices.append(Notice("LP205", places, message))
