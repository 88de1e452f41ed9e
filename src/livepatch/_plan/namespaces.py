"""Stage 5: what each module's namespace is to hold when all is done, data that is kept included."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from types import ModuleType
from typing import Any

from livepatch._decide.decisions import Decisions
from livepatch._match.decorated import decorated_function
from livepatch._match.module import Module, Part, names_of_others
from livepatch._needs.marks import is_remnant
from livepatch._plan.plan import Plan
from livepatch._python.constants import (
    is_constant_object,
    may_hold_state,
    same_constant_object,
    same_value,
)
from livepatch._python.kinds import is_special, kind_of
from livepatch._python.own import MISSING, OwnDict, OwnList
from livepatch._report.report import Notice
from livepatch._snapshot.nested import is_loaded_part
from livepatch._source.by_text import no_longer_bound_by
from livepatch._steps.steps import Steps


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
            if _is_definition(plan, module, key):
                message = "is a function or class, and follows its source; keep is for data"
                plan.notices.append(Notice("LP322", f"{module.name}.{key}", message))
            kept.add(f"{module.name}.{key}")
            _keep_global(plan, module, key)
    return kept


def _kept_in(module: Module, name: str) -> Iterator[str]:
    """Yield the global that a name means in a module: the bare name or the dotted one."""
    key = name.removeprefix(f"{module.name}.")
    if key in module.old or key in module.new:
        yield key


def _is_definition(plan: Plan, module: Module, name: str) -> bool:
    """Whether a global is a definition before and after: what is only one of both is kept."""
    before, after = module.old.get(name), module.new.get(name)
    if kind_of(before) is None or kind_of(after) is None or not module.outline.defines((name,)):
        return False
    return before is after or plan.decisions.settle(before) is plan.decisions.settle(after)


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
    final.update(_taken_from_outside(plan, module))
    # Who has imported a constant is known by having the very object that is here.
    for name in names_of_others(module.old, final):
        if name in final and same_value(module.old[name], final[name]):
            final[name] = module.old[name]
    if module.part is Part.RELOADED and module.origin is None:
        _notice_unknown_names(plan, module)
    elif module.origin is not None and no_longer_bound_by(module.origin, module.outline):
        _notice_computed_names(plan, module)
    bring_names(plan.steps, module.live, final)


def _taken_from_outside(plan: Plan, module: Module) -> Iterator[tuple[str, Any]]:
    """Yield what the source took from elsewhere, where its earlier run has put its own since.

    ``original = sys.displayhook``, and then ``sys.displayhook = show``: to call the one in the
    place of the other would be to call oneself.
    """
    by_old = plan.matches.by_old
    for name, value in module.new.items() if module.bodies is None else ():
        pair = by_old.get(id(value))
        if pair is None or pair.old is not value or pair.module is not module:
            continue
        old = module.old.get(name, value)
        if pair.path == (name,) or old is value or id(old) in by_old or module.owns(old):
            continue
        if module.outline.same_shell(module.origin, (name,)):
            yield name, old


def bring_names(steps: Steps, live: dict[str, Any], final: OwnDict[str, Any]) -> None:
    """Note the steps by which a namespace comes to hold what it is to hold."""
    for name in list(live):
        if name not in final:
            steps.set_item(live, name, MISSING)
    changed = names_of_others(final, live)
    names = OwnList(name for name in changed if name in live)
    if names:
        news, olds = (OwnList(map(each.__getitem__, names)) for each in (final, live))
        steps.set_items(OwnList(repeat(live, len(names))), names, news, olds)
    for name in changed if len(names) < len(changed) else ():
        if name not in live:
            steps.set_item(live, name, final[name])


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
    news = module.new.values()
    final.update(zip(module.new, map(survivors.get, map(id, news), news)))
    for name in unbound:
        final.pop(name, None)
    for name, value in module.old.items() if kept else ():
        if f"{module.name}.{name}" in kept:
            # An instance whose class has another layout now is made anew wherever it is held.
            final[name] = survivors.get(id(value), value)
    return _with_docstring(final, module)


def _with_docstring(final: OwnDict[str, Any], module: Module) -> OwnDict[str, Any]:
    """Say that a module has no docstring, if its source has none."""
    if module.part is Part.RELOADED and "__doc__" not in module.outline.scopes[()].shells:
        final["__doc__"] = None
    return final


def _notice_unknown_names(plan: Plan, module: Module) -> None:
    """Name what stays only because nobody knows whether the old source bound it."""
    final = plan.finals[module.name]
    doubtful = [
        name
        for name, value in final.items()
        if name in module.old
        and name not in module.bound
        and not is_loaded_part(module.name, name, value)
    ]
    if doubtful:
        message = f"its earlier source is not known; kept what may be stale: {', '.join(doubtful)}"
        plan.notices.append(Notice("LP305", module.name, message))


def _notice_computed_names(plan: Plan, module: Module) -> None:
    """Name what may have been bound by its name as a text, by a statement that is another now."""
    message = "a statement that has changed or gone may have bound it by its name as a text"
    for name, value in plan.finals[module.name].items():
        others = name in module.bound or is_special(name) or is_remnant(name)
        if not others and name in module.old and type(value) is not ModuleType:
            plan.notices.append(Notice("LP314", f"{module.name}.{name}", message))


def namespace_before(module: Module, decisions: Decisions) -> OwnDict[str, Any]:
    """Return the namespace that a module had, as it is to be when the reload is taken back.

    Instances that were made anew are kept, and are so still in their former layout. What a patch
    had put aside is back: the patch may have ended since.
    """
    anew: OwnDict[str, Any] = OwnDict()
    migrations, survivors = decisions.migrations, decisions.survivors
    for name, value in module.old.items() if migrations else ():
        # A tuple with such an instance was built anew.
        if id(type(value)) in migrations or type(value) in (tuple, frozenset):
            anew[name] = survivors.get(id(value), value)
    for path in module.patched:
        name, *inside = path
        pair = decisions.matches.by_new.get(id(module.new.get(name)))
        if inside or pair is None:
            continue
        if decorated_function(module, path, module.old.get(name)) is None:
            anew[name] = pair.old
    return OwnDict({**module.old, **anew}) if anew else module.old


def replaced_data(plan: Plan) -> list[tuple[Module, list[str]]]:
    """List the globals that were data with a state of their own, and are other data in the end."""
    by_old, survivors = plan.matches.by_old, plan.decisions.survivors
    found: list[tuple[Module, list[str]]] = []
    for module in plan.matches.modules:
        final = plan.finals[module.name]
        names = [
            name
            for name in names_of_others(module.old, final)
            if may_hold_state(module.old[name])
            and not is_special(name)
            and name in final
            and not _is_of_another(module, name)
            and id(module.old[name]) not in by_old
            and id(module.old[name]) not in survivors  # it has been made anew everywhere
        ]
        if names:
            found.append((module, names))
    return found


def replaced_constants(plan: Plan) -> Iterator[tuple[str, Any]]:
    """Yield the globals that were objects of their own, though none that changes, and are others.

    Tuples, patterns, ranges and the like, each with its path. What is equal is no other.
    """
    by_old, survivors = plan.matches.by_old, plan.decisions.survivors
    for module in plan.matches.modules:
        final = plan.finals[module.name]
        for name in names_of_others(module.old, final):
            old = module.old[name]
            if (
                is_constant_object(old)
                and name in final
                and not is_special(name)
                and id(old) not in by_old
                and id(old) not in survivors
                and not same_constant_object(old, final[name])
                and not _is_of_another(module, name)
            ):
                yield module.path_text((name,)), old


def _is_of_another(module: Module, name: str) -> bool:
    """Whether a global was what another module has, which an import or an alias has given it."""
    origin = module.origin
    if origin is None:
        return False
    if not origin.scopes[()].binds(name):
        return any(each.name == "*" for each in origin.scopes[()].imports)
    if not origin.takes_over((name,)):
        return False
    shell = origin.last_shell((name,))
    return shell is not None and (
        shell.is_import or any(type(module.old.get(each)) is ModuleType for each in shell.loads)
    )
