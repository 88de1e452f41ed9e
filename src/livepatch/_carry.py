"""Stage 5: data that modules outside the reload imported by name, and what they computed from it.

A function or class is found wherever it is held. A number or a string cannot be found that way, but
the importers' import statements say which of their names came from where: such a name gets the new
value while it still has the old one. What was computed from it is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from livepatch._constants import same_value
from livepatch._importers import Importer, ImportersByName, Name, importers_of, read_importers
from livepatch._kinds import FUNCTION, kind_of
from livepatch._module import Module, Part, star_names
from livepatch._own import OwnList
from livepatch._pairs import Matches
from livepatch._plan import Plan
from livepatch._report import Notice
from livepatch._steps import MISSING, Steps


@dataclass(slots=True, eq=False)
class _Change:
    """A global whose value has changed, or a function whose code has: then both are the same."""

    name: Name
    old: Any
    new: Any
    root: Name | None = None  # where it comes from; None: it is that itself


def read_possible_importers(matches: Matches) -> None:
    """Read what is not known yet of those who may have imported what has changed."""
    modules = {each.name: each.source.module for each in matches.modules}
    changed = (
        value
        for module in matches.modules
        for name, value in module.old.items()
        if module.new.get(name, MISSING) is not value or _has_new_body(module, name)
    )
    read_importers(modules, changed, modules)


def _has_new_body(module: Module, name: str) -> bool:
    return module.followed.definitions.get((name,), ("", False))[1]


def carry_data(plan: Plan) -> None:
    """Note the steps for names that others imported, and name what they computed from them."""
    reloaded = [module for module in plan.matches.modules if module.part is Part.RELOADED]
    outside = _importers_outside(plan)
    waiting: list[_Change] = OwnList()
    for module in reloaded:
        waiting += _changed_data(plan, module)
    if outside:
        waiting += _changed_functions(plan)
    if not waiting:
        return
    # One that runs anew has the new value, unless it got it from one that does not.
    inside = (Importer(each.name, plan.finals[each.name], each.outline) for each in reloaded)
    importers = ImportersByName((*inside, *outside))
    carried: set[tuple[str, str]] = set()
    while waiting:
        change = waiting.pop()
        if change.old is not change.new:
            for importer in importers.of(change.name):
                waiting += _carry(plan, importer, change, carried)
        for importer in outside:
            _notice_computed(plan, importer, change)


def _importers_outside(plan: Plan) -> list[Importer]:
    """List who may be concerned: all that import what changed, from whichever module they do."""
    found: dict[str, Importer] = {}
    names = set(plan.finals)
    while names:
        more = {each.name: each for each in importers_of(names, {*plan.finals, *found})}
        found |= more
        names = set(more)
    return list(found.values())


def _carry(
    plan: Plan, importer: Importer, change: _Change, carried: set[tuple[str, str]]
) -> Iterator[_Change]:
    """Give an importer's names the new value where they have the old one; yield what changes."""
    for bound in sorted(importer.names_of(change.name)):
        if importer.namespace.get(bound, carried) is not change.old:
            continue
        if (importer.name, bound) not in carried:
            carried.add((importer.name, bound))
            _set_name(plan, importer, bound, change.new)
            name = Name(importer.name, bound, bound in star_names(importer.namespace))
            yield _Change(name, change.old, change.new, change.root or change.name)


def _set_name(plan: Plan, importer: Importer, bound: str, value: Any) -> None:
    live = importer.namespace
    for module in plan.matches.modules:
        if module.name == importer.name:
            live = module.live
            plan.finals[module.name][bound] = value
    steps = Steps()
    steps.set_item(live, bound, value)
    plan.steps.extend(steps)
    plan.definition_steps.extend(steps)
    plan.references["imported name"] += 1
    plan.carried.append(live)


def _notice_computed(plan: Plan, importer: Importer, change: _Change) -> None:
    for path in importer.computed_from(change.name):
        value = importer.namespace.get(path[0])
        if change.old is change.new and kind_of(value) is not None:
            continue  # a function or class that uses a function sees the new code
        place = f"{importer.name}.{'.'.join(path)}"
        if not any(notice.path == place and notice.code == "LP312" for notice in plan.notices):
            message = f"was computed from {change.root or change.name}, which has changed"
            plan.notices.append(Notice("LP312", place, message))


def _changed_functions(plan: Plan) -> Iterator[_Change]:
    starred = {module.name: set(star_names(module.old)) for module in plan.matches.modules}
    for module in plan.matches.modules:
        for path, (kind, changed) in module.followed.definitions.items():
            value = module.new.get(path[0])
            if changed and len(path) == 1 and kind == FUNCTION.name:
                place = Name(module.name, path[0], path[0] in starred[module.name])
                yield _Change(place, value, value)
    for pair in plan.matches.pairs:
        if pair.kind is FUNCTION and len(pair.path) == 1 and id(pair.new) in plan.changed:
            home, name = pair.module.name, pair.path[0]
            yield _Change(Name(home, name, name in starred[home]), pair.new, pair.new)


def _changed_data(plan: Plan, module: Module) -> Iterator[_Change]:
    final, starred = plan.finals[module.name], set(star_names(module.old))
    for name, old in module.old.items():
        new = final.get(name, old)
        if new is old or same_value(old, new) or name.startswith("__"):
            continue
        if id(old) in plan.matches.by_old or id(old) in plan.decisions.survivors:
            continue
        yield _Change(Name(module.name, name, name in starred), old, new)
