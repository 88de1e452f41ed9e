"""Stage 5: which modules there are afterwards, and in which order ``sys.modules`` has them."""

from __future__ import annotations

import gc
import sys
from itertools import chain
from types import ModuleType
from typing import Any

from livepatch._heap.heap import unexplained_counts
from livepatch._heap.outside import held_outside
from livepatch._load.load import Loaded
from livepatch._match.module import Module, Part
from livepatch._plan.notices import references_still_hold
from livepatch._plan.plan import Plan, explainers_of
from livepatch._python.kinds import is_module
from livepatch._python.own import MISSING, Call, OwnList
from livepatch._report.report import Notice
from livepatch._source.source import namespace_of
from livepatch._steps.dicts import move_to_end, reorder, run_in_c
from livepatch._steps.steps import Steps


def plan_modules(plan: Plan, loaded: Loaded, given: tuple[object, ...]) -> None:
    """Note the steps for modules that are new or gone, as a fresh process would have them.

    Args:
        plan: the plan for all definitions; what is noted here can be undone like those.
        loaded: what the load found.
        given: what the caller named the modules in; it does not count as holding them.
    """
    steps = Steps()
    gone = OwnList(module for module in plan.matches.modules if module.part is Part.GONE)
    held = _holders_of_gone(plan, gone, loaded, given) if gone else {}
    for module in plan.matches.modules:
        if module.part is Part.NEW:
            _note_new(steps, module.name, module.source.module)
        elif module.part is Part.GONE:
            _note_gone(plan, steps, module, held[module.name])
    _note_order(steps, loaded.order)
    _note_classes(plan, steps, loaded)
    plan.steps.extend(steps)
    plan.definition_steps.extend(steps)


def _note_new(steps: Steps, name: str, module: ModuleType) -> None:
    # It is there already; what is noted is how it goes again.
    present: Any = sys.modules
    steps.add(Call(dict.__setitem__, present, name, module), Call(dict.pop, present, name, None))
    parent, _, tail = name.rpartition(".")
    package: Any = sys.modules.get(parent)
    if is_module(package) and namespace_of(package).get(tail) is module:
        names = namespace_of(package)
        steps.add(Call(dict.__setitem__, names, tail, module), Call(dict.pop, names, tail, None))


def _note_gone(plan: Plan, steps: Steps, module: Module, count: int) -> None:
    """Forget a module whose file has gone, unless somebody holds it or something of it."""
    message = "its file has gone"
    parent, _, tail = module.name.rpartition(".")
    if count:
        message += f", and {references_still_hold(count)} it or what it defined; left in place"
    else:
        # An undo puts it at the end first, and then where it was.
        steps.add(Call(len, ()), Call(_bring_into_order, list(sys.modules)))
        steps.set_item(sys.modules, module.name, MISSING)
    for package in plan.matches.modules:
        if package.name == parent and package.live.get(tail) is module.source.module:
            # A statement that has bound it may have gone; what is left is left where it was.
            steps.set_item(package.live, tail, module.source.module if count else MISSING)
    plan.notices.append(Notice("LP311", module.name, message))


def _bring_into_order(names: list[str]) -> None:
    run_in_c(reorder(sys.modules, names))


def _holders_of_gone(
    plan: Plan, gone: OwnList[Module], loaded: Loaded, given: tuple[object, ...]
) -> dict[str, int]:
    """Count, by the names of modules that are gone, who holds them or something of them.

    They do not count among themselves, but for those that stay where they are because of others.
    """
    others: OwnList[Any] = OwnList(each for each in given if is_module(each))
    namespaces = OwnList(module.live for module in gone)
    parts = OwnList(OwnList((each.source.module, *each.removed.values())) for each in gone)
    held: OwnList[Any] = OwnList(chain.from_iterable(parts))
    explainers = explainers_of(plan)
    explainers += (sys.modules, loaded.gone, parts, *parts, *gone, *namespaces)
    explainers += (each.source for each in plan.matches.modules)
    explainers += plan.doubts
    explainers += _containers_of_all(others)
    counts = unexplained_counts(held, OwnList((*explainers, explainers, others)))
    by_id = dict(zip(map(id, held), counts))
    if any(id(each) in by_id for each in others):
        # A call with keywords keeps its arguments once more, where nobody sees it; then it does so
        # with all of them.
        more = min(1, *unexplained_counts(others, OwnList((*explainers, explainers, held))))
        by_id.update((id(each), by_id[id(each)] - more) for each in others if id(each) in by_id)
    unsure = OwnList(each for each in held if by_id[id(each)] > 0)
    if unsure:
        # What an earlier reload keeps of it, for an undo, may be all there is.
        outside = held_outside(unsure, OwnList((*explainers, explainers, held, others)))
        unsure = OwnList(each for each in unsure if id(each) in outside)
    stay = {id(each): by_id[id(each)] for each in unsure}
    sums = (sum(stay.get(id(each), 0) for each in part) for part in parts)
    found = {module.name: count for module, count in zip(gone, sums)}
    return _with_those_they_hold(gone, found, parts)


def _with_those_they_hold(
    gone: OwnList[Module], counts: dict[str, int], parts: OwnList[OwnList[Any]]
) -> dict[str, int]:
    """Add the references that the globals of modules which are held have to others of them."""
    waiting = OwnList(module for module in gone if counts[module.name])
    while waiting:
        holder = waiting.pop()
        there = set(map(id, holder.live.values()))
        for module, part in zip(gone, parts):
            found = sum(id(each) in there for each in part) if module is not holder else 0
            if found and not counts[module.name]:
                waiting.append(module)
            counts[module.name] += found
    return counts


def _containers_of_all(modules: list[Any]) -> list[Any]:
    """List the tuples and lists that hold all modules given: the call's own, the caller's."""
    wanted = set(map(id, modules))
    return [
        holder
        for holder in gc.get_referrers(*modules[:1])
        if type(holder) in {tuple, list} and wanted.issubset(map(id, holder))
    ]


def _note_classes(plan: Plan, steps: Steps, loaded: Loaded) -> None:
    """Note that live modules get the classes of what their sources have put in their places.

    Where the class that a module has is itself a definition, its instances go with it.
    """
    settle = plan.decisions.settle
    for candidate, live in loaded.replaced:
        present, wanted = type(live), settle(type(candidate))
        if settle(present) is not wanted:
            steps.set_class(OwnList([live]), wanted, present)


def _note_order(steps: Steps, order: list[str]) -> None:
    places = dict.fromkeys(order)
    present = [name for name in list(sys.modules) if name in places]
    there = reorder(sys.modules, order)
    # To bring them back, the same ones are moved to the end in their old order.
    moved = {call.args[1] for call in there}
    back = [call for name in present if name in moved for call in move_to_end(sys.modules, name)]
    for do, undo in zip(there, reversed(back)):
        steps.add(do, undo)
