"""The order of ``__subclasses__()``: who is given other bases goes last on their lists, and stays.

Registries are made of these lists, so their order is state: a class keeps its place when its bases
change, a class that is replaced hands its place on, and both are where they were if the change is
taken back. CPython keeps the list of a class in a dict, from a class's address to a weak reference,
that it shows to nobody; classes made in C are left alone (from 3.12 on theirs are kept elsewhere).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from types import FunctionType
from typing import Any, NamedTuple

from livepatch._plan.plan import Plan
from livepatch._python.class_fields import BASES, ORDER, SUBCLASSES, field_of
from livepatch._python.kinds import (
    IS_HEAP_TYPE,
    bases_of,
    flags_of,
    is_class,
    mro_of,
    subclasses_of,
)
from livepatch._python.own import Call, OwnDict
from livepatch._steps.steps import Steps


def keep_subclass_order(plan: Plan) -> None:
    """Put steps around those of a plan that keep the order of the classes below each base.

    The order that there was is the one which an undo of the reload brings back.
    """
    earlier: OwnDict[int, type] = OwnDict()
    concerned = OwnDict((id(base), base) for base in _bases_concerned(plan, earlier))
    if not concerned:
        return
    settle, nothing, listed = plan.decisions.settle, Call(bool), dict(plan.listed)
    first, last = Steps(), Steps()
    places = _places_in_sources(plan)
    for base in concerned.values():
        present = subclasses_of(base)
        first.add(nothing, Call(_restore, base, tuple(map(id, present))))
        before = subclasses_of(earlier[id(base)]) if id(base) in earlier else []
        made = plan.matches.by_old.get(id(base))
        news = subclasses_of(made.new) if made is not None and is_class(made.new) else []
        settled = (id(settle(below)) for below in (*before, *present, *news))
        wanted = dict.fromkeys((*listed.get(id(base), ((), base))[0], *settled))
        if id(base) in plan.matches.by_old or id(base) not in plan.matches.by_new:
            # Else the load made it: nobody goes back to it, and it would be kept alive.
            plan.listed[id(base)] = tuple(map(id, present)), base
        last.add(Call(_restore, base, _with_added(list(wanted), places)), nothing)
    first.extend(plan.steps)
    first.extend(last)
    plan.steps = first


class _Place(NamedTuple):
    module: str
    number: int
    is_added: bool


def _places_in_sources(plan: Plan) -> dict[int, _Place]:
    """Return where classes of modules that gain some stand in their sources, by the id of each."""
    found: dict[int, _Place] = {}
    returned = set(plan.matches.returned)
    for module in plan.matches.modules:
        added = {id(each) for each in module.added.values() if is_class(each)} | returned
        final = plan.finals.get(module.name, OwnDict())  # on the way back none are planned
        for number, name in enumerate(module.outline.scopes[()].shells if added else ()):
            value: Any = final.get(name)
            if is_class(value):
                found.setdefault(id(value), _Place(module.name, number, id(value) in added))
    return found


def _with_added(order: list[int], places: dict[int, _Place]) -> tuple[int, ...]:
    """Put the classes that have come where those are that stand before them in the source."""
    for key in [each for each in order if each in places and places[each].is_added]:
        own = places[key]
        order.remove(key)
        others = [
            (places[each].number, at)
            for at, each in enumerate(order)
            if each in places and places[each].module == own.module
        ]
        earlier = [at for number, at in sorted(others) if number < own.number]
        later = [at for number, at in sorted(others) if number > own.number]
        at = earlier[-1] + 1 if earlier else min(later, default=len(order))
        order.insert(at, key)
    return tuple(order)


def _bases_concerned(plan: Plan, earlier: OwnDict[int, type]) -> Iterator[type]:
    """Yield the bases whose lists change; note of those that replace another one which it is."""
    for cls, bases in plan.steps.new_bases():
        yield from filter(_can_be_ordered, (*bases_of(cls), *bases))
    for module in plan.matches.modules:
        for value in module.added.values():
            yield from filter(_can_be_ordered, bases_of(value) if is_class(value) else ())
    for _, cls in plan.let_go:
        yield from filter(_can_be_ordered, mro_of(cls)[1:])  # one without a name may go with it
    decisions = plan.decisions
    # Nearly every one is a function.
    for loser in [each for each in decisions.losers if type(each) is not FunctionType]:
        if is_class(loser) and not decisions.kept.get(id(loser)):
            survivor = decisions.settle(loser)
            if is_class(survivor):
                earlier[id(survivor)] = loser
                yield from filter(_can_be_ordered, (survivor, *bases_of(survivor)))
            else:
                yield from filter(_can_be_ordered, mro_of(loser)[1:])


def _can_be_ordered(base: type) -> bool:
    """Whether a class was made in Python, and its fields are where they are known to be."""
    if not flags_of(base) & IS_HEAP_TYPE:
        return False
    known = (BASES, bases_of(base)), (ORDER, mro_of(base))
    return all(field_of(base, place).value == id(value) for place, value in known)


def _restore(base: type, order: tuple[int, ...]) -> None:
    """Bring the classes below a base into an order of their addresses; others come last."""
    if field_of(base, SUBCLASSES).value is None:
        return
    # By address: who is freed meanwhile is not on the list, and is not held by who knows the order.
    field: Any = ctypes.py_object.from_address(id(base) + SUBCLASSES)
    listed: dict[int, Any] = field.value
    wanted = {key: listed[key] for key in order if key in listed}
    wanted.update(listed)
    if list(wanted) != list(listed):
        listed.clear()
        listed.update(wanted)
