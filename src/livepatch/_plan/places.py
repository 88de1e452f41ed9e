"""Stage 5: which modules there are afterwards, and in which order ``sys.modules`` has them."""

from __future__ import annotations

import gc
import sys
from types import ModuleType
from typing import Any

from livepatch._heap.heap import unexplained_counts
from livepatch._heap.outside import held_outside
from livepatch._load.load import Loaded
from livepatch._match.module import Module, Part
from livepatch._plan.notices import references_still_hold
from livepatch._plan.plan import Plan, explainers_of
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
    for module in plan.matches.modules:
        if module.part is Part.NEW:
            _note_new(steps, module.name, module.source.module)
        elif module.part is Part.GONE:
            _note_gone(plan, steps, module, loaded, given)
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
    if issubclass(type(package), ModuleType) and namespace_of(package).get(tail) is module:
        names = namespace_of(package)
        steps.add(Call(dict.__setitem__, names, tail, module), Call(dict.pop, names, tail, None))


def _note_gone(
    plan: Plan, steps: Steps, module: Module, loaded: Loaded, given: tuple[object, ...]
) -> None:
    """Forget a module whose file has gone, unless somebody holds it or something of it."""
    count = _holders_of_gone(plan, module, loaded, given)
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


def _holders_of_gone(plan: Plan, module: Module, loaded: Loaded, given: tuple[object, ...]) -> int:
    others: OwnList[Any] = OwnList(each for each in given if issubclass(type(each), ModuleType))
    held: OwnList[Any] = OwnList([module.source.module])
    held += module.removed.values()
    explainers = explainers_of(plan)
    explainers += (sys.modules, loaded.gone, module)
    explainers += (each.source for each in plan.matches.modules)
    explainers += _containers_of_all(others)
    counts = unexplained_counts(held, OwnList((*explainers, others)))
    if any(each is module.source.module for each in others):
        # A call with keywords keeps its arguments once more, where nobody sees it; then it does so
        # with all of them.
        counts[0] -= min(1, *unexplained_counts(others, OwnList((*explainers, held))))
    if any(count > 0 for count in counts):
        # What an earlier reload keeps of it, for an undo, may be all there is.
        outside = held_outside(held, OwnList((*explainers, explainers, others)))
        counts = [count if id(each) in outside else 0 for each, count in zip(held, counts)]
    return sum(max(0, count) for count in counts)


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
