"""Stage 5: refuse what has no value for a new field, unless it goes with what the load replaces.

``version_info = Version(1, 2)`` becomes ``Version(1, 2, 3)``: the first one has no third part, and
needs none where nobody but the old namespace has it.
"""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import compress
from typing import Any

from livepatch._heap.heap import holders_of, unexplained_counts
from livepatch._plan.plan import Plan, explainers_of
from livepatch._python.kinds import class_attributes, is_class
from livepatch._python.own import OwnDict, OwnList
from livepatch._report.report import Notice

# How far it is followed who holds what holds them, and how many objects there may be.
_DEEPEST = 8
_MANY = 500
_STAYING = (
    types.ModuleType,
    types.FunctionType,
    types.FrameType,
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
)


def refuse_lacking(plan: Plan) -> None:
    """Refuse instances without a value that somebody goes on to hold."""
    for lack in plan.lacks:
        if not _goes(plan, lack.instances):
            message = f"{len(lack.instances)} live instances have no value for its new field"
            plan.refusals.append(Notice("LP126", lack.path, f"{message} {lack.field!r}"))
    plan.lacks.clear()


def _goes(plan: Plan, instances: OwnList[Any]) -> bool:
    """Whether all that holds some instances is what goes, and what such hold it in."""
    held: OwnList[Any] = OwnList(instances)
    for _ in range(_DEEPEST):
        count = len(held)
        if not _add_holders(plan, held):
            return False
        if len(held) == count:
            return set(map(id, held)).isdisjoint(_kept_inside(plan))
    return False


def _kept_inside(plan: Plan) -> Iterator[int]:
    """Yield the ids of what stays in globals, classes and closures: references accounted for."""
    for final in plan.finals.values():
        yield from map(id, final.values())
    settle, set_again = plan.decisions.settle, set[tuple[int, str]]()
    for cls, name, value in plan.steps.new_attributes():
        set_again.add((id(cls), name))
        yield id(value)
    for pair in plan.matches.pairs:
        survivor = settle(pair.new)
        if is_class(survivor):
            for name, value in class_attributes(survivor).items():
                if (id(survivor), name) not in set_again:
                    yield id(value)
        elif type(pair.old) is types.FunctionType:
            # What a closure remembers is state, and goes on to the function that comes.
            for cell in pair.old.__closure__ or ():
                yield from map(id, gc.get_referents(cell))


def _add_holders(plan: Plan, held: OwnList[Any]) -> bool:
    """Add to some objects whatever holds them and is not accounted for; say whether it may go."""
    explainers = _explainers(plan)
    explainers += held
    # No list may hold what is counted, but for the one that is given.
    known = set(map(id, explainers))
    counts = unexplained_counts(held, explainers, _defaults_that_go(plan, known))
    wanted: OwnList[Any] = OwnList(compress(held, map(_IS_POSITIVE, counts)))
    if not wanted:
        return True
    found = holders_of(wanted, {id(held), id(explainers), *map(id, explainers)})
    news: OwnList[Any] = OwnList(found.others)
    for group in (*found.instances.values(), *found.crowds.values()):
        news += group
    held += news
    return 0 < len(news) <= _MANY and not any(map(_stays, news))


def _defaults_that_go(plan: Plan, known: AbstractSet[int]) -> Iterator[int]:
    """Yield the id of what each function has for defaults that is given others, or that goes.

    Args:
        plan: the plan.
        known: ids of the objects whose references are accounted for in any case.
    """
    going: OwnDict[tuple[int, str], Any] = OwnDict()
    for call in plan.steps.do:
        if call.func is setattr and call.args[1] in _DEFAULTS:
            function, name, _ = call.args
            if type(function) is types.FunctionType and id(function) not in known:
                going[id(function), name] = getattr(function, name)
    for pair in plan.matches.pairs:
        old = pair.old
        if type(old) is not types.FunctionType or id(old) in known:
            continue
        if plan.decisions.settle(old) is not old:
            going.update(((id(old), name), getattr(old, name)) for name in _DEFAULTS)
    yield from map(id, going.values())


_DEFAULTS = ("__defaults__", "__kwdefaults__")
_IS_POSITIVE = (0).__lt__


def _explainers(plan: Plan) -> OwnList[Any]:
    found = explainers_of(plan)
    found += (lack.instances for lack in plan.lacks)
    for migration in plan.decisions.migrations.values():
        found += (migration.instances, migration.successors, *migration.unfilled.values())
    return found


def _stays(holder: Any) -> bool:
    return is_class(holder) or isinstance(holder, _STAYING)
