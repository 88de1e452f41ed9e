"""Stage 5: what each module's namespace is to hold when all is done, data that is kept included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from livepatch._constants import may_hold_state
from livepatch._module import Module, Part
from livepatch._own import OwnDict
from livepatch._plan import Plan
from livepatch._report import Notice
from livepatch._steps import MISSING, Steps


def keep_globals(plan: Plan, keep: frozenset[str]) -> set[str]:
    """Let what the new code took from a kept global's new value refer to the live one.

    Returns:
        The dotted names of the globals that are kept.
    """
    kept: set[str] = set()
    for name in sorted(keep):
        homes = [(module, key) for module in plan.matches.modules for key in _kept_in(module, name)]
        if not homes:
            places = ", ".join(module.name for module in plan.matches.modules)
            plan.notices.append(Notice("LP308", f"{places}.{name}", "is not a global"))
        for module, key in homes:
            kept.add(f"{module.name}.{key}")
            _keep_global(plan, module, key)
    return kept


def _kept_in(module: Module, name: str) -> Iterator[str]:
    """Yield the global that a name means in a module: the bare name or the dotted one."""
    key = name.removeprefix(f"{module.name}.")
    if key in module.old or key in module.new:
        yield key


def _keep_global(plan: Plan, module: Module, name: str) -> None:
    if name not in module.old:
        return
    old = module.old[name]
    new = module.new.get(name, old)
    if old is not new and may_hold_state(new) and id(new) not in plan.matches.by_new:
        plan.decisions.add_loser(new, old)


def plan_namespace(plan: Plan, module: Module, kept: set[str]) -> None:
    """Note the steps that make a module's new namespace current."""
    final = plan.finals[module.name] = _final_namespace(plan, module, kept)
    if module.part is Part.RELOADED and module.origin is None:
        _notice_unknown_names(plan, module)
    bring_names(plan.steps, module.live, final)


def bring_names(steps: Steps, live: dict[str, Any], final: OwnDict[str, Any]) -> None:
    """Note the steps by which a namespace comes to hold what it is to hold."""
    for name in list(live):
        if name not in final:
            steps.set_item(live, name, MISSING)
    for name, value in final.items():
        if live.get(name, MISSING) is not value:
            steps.set_item(live, name, value)


def _final_namespace(plan: Plan, module: Module, kept: set[str]) -> OwnDict[str, Any]:
    """Put together what a module's namespace is to hold, in the order of its new source."""
    final: OwnDict[str, Any] = OwnDict()
    if not (kept or module.unbound or plan.decisions.survivors):
        final.update(module.new)
        return _with_docstring(final, module)
    survivors = plan.decisions.survivors
    unbound = frozenset[str]() if module.part is Part.GONE else module.unbound
    if kept:
        unbound = frozenset(name for name in unbound if f"{module.name}.{name}" not in kept)
    for name, value in module.new.items():
        if name not in unbound:
            final[name] = survivors.get(id(value), value)
    for name, value in module.old.items() if kept else ():
        if f"{module.name}.{name}" in kept:
            final[name] = value
    return _with_docstring(final, module)


def _with_docstring(final: OwnDict[str, Any], module: Module) -> OwnDict[str, Any]:
    """Say that a module has no docstring, if its source has none."""
    if module.part is Part.RELOADED and "__doc__" not in module.outline.scopes[()].shells:
        final["__doc__"] = None
    return final


def _notice_unknown_names(plan: Plan, module: Module) -> None:
    """Name what stays only because nobody knows whether the old source bound it."""
    final = plan.finals[module.name]
    doubtful = [name for name in final if name in module.old and name not in module.bound]
    if doubtful:
        message = f"its earlier source is not known; kept what may be stale: {', '.join(doubtful)}"
        plan.notices.append(Notice("LP305", module.name, message))
