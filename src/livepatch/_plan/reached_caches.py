"""Stage 5: which caches remember what a function computed by calling another one that has changed.

Those that the modules and their classes have; to ask the whole heap for caches would cost more than
the edit of a body. What is called is told by names: functions, and methods of classes and of
objects that names lead to.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from types import FunctionType
from typing import Any

from livepatch._needs.differences import MAKERS
from livepatch._plan.plan import Plan
from livepatch._python.code import names_within
from livepatch._python.kinds import (
    CACHE_TYPE,
    FUNCTION,
    cached_by,
    class_attributes,
    found_at,
    is_class,
    is_plain_data,
    mro_of,
    qualified_name,
)
from livepatch._python.layers import layers_of
from livepatch._python.memos import remembers_no_state
from livepatch._python.own import Call, OwnDict, OwnList
from livepatch._report.report import Notice
from livepatch._select.stale import VALUE_STAYS
from livepatch._source.bodies import runs_the_same

_FURTHEST = 100
"""So many functions are looked through for one cache."""


def empty_reached(plan: Plan) -> Iterator[tuple[str, Call]]:
    """Yield the caches that are to be emptied: their function calls one that has changed.

    One that has what a program may have changed since stays, and is named.
    """
    caches = OwnList(_caches_in(plan, CACHE_TYPE))
    codes = _changed_codes(plan) if caches else frozenset[int]()
    for path, cache in caches if codes else ():
        used = _used(codes, cached_by(cache)) if CACHE_TYPE.cache_info(cache).currsize else None
        if used is None:
            continue
        if remembers_no_state(cache):
            yield path, Call(CACHE_TYPE.cache_clear, cache)
        else:
            said = f"remembers what {used} gave, which has changed; cache_clear() has it ask again"
            plan.notices.append(Notice("LP313", path, said))


def notice_reached(plan: Plan) -> None:
    """Name the cached properties that call what has changed, and do not say another thing."""
    known = {notice.path for notice in plan.notices if notice.code == "LP319"}
    caches = OwnList(_caches_in(plan, functools.cached_property))
    codes = _changed_codes(plan) if caches else frozenset[int]()
    for path, each in caches if codes else ():
        used = _used(codes, each.func)
        if used is not None and path not in known:
            said = f"uses {used}, which has changed; {VALUE_STAYS}"
            plan.notices.append(Notice("LP319", path, said))


def _caches_in(plan: Plan, kind: type) -> Iterator[tuple[str, Any]]:
    """Yield what of one kind modules and their classes have, with the paths."""
    for module in plan.matches.modules:
        for name, value in module.old.items():
            if type(value) is kind:
                yield module.path_text((name,)), value
        for cls, attributes in module.classes:
            for name, value in attributes.items():
                inside = getattr(value, "__func__", value) if type(value) in _AROUND else value
                if type(inside) is kind:
                    yield f"{module.name}.{qualified_name(cls)}.{name}", inside


_AROUND = (staticmethod, classmethod)


def _changed_codes(plan: Plan) -> frozenset[int]:
    """Return the ids of the old codes of functions that say something else."""
    changed = (
        body.old
        for module in plan.matches.modules
        for body in (module.bodies.functions if module.bodies is not None else ())
        if body.changed and not runs_the_same(body.old, body.new)
    )
    pairs = (pair for pair in plan.matches.pairs if pair.kind is FUNCTION)
    others = (
        pair.old.__code__
        for pair in pairs
        if id(pair.new) in plan.changed and type(pair.old) is FunctionType
    )
    return frozenset(map(id, (*changed, *others)))


def _used(codes: Collection[int], function: Any) -> str | None:
    """Return the name of what a function calls and that has changed; None if there is nothing."""
    for each in called_by(function) if type(function) is FunctionType else ():
        if id(each.__code__) in codes and each is not function:
            return each.__qualname__
    return None


def called_by(function: FunctionType) -> Iterator[FunctionType]:
    """Yield a function, those that it may call, and those that these may call."""
    seen: OwnDict[int, FunctionType] = OwnDict()
    waiting: OwnList[FunctionType] = OwnList([function])
    for each in waiting:
        if id(each) in seen or len(seen) > _FURTHEST:
            continue
        seen[id(each)] = each
        yield each
        names = names_within(each.__code__)
        own = each.__qualname__.rpartition(".")[0]
        if own:
            waiting += _functions_of(found_at(each.__globals__, own), names)
        for name in names & each.__globals__.keys():
            value = each.__globals__[name]
            waiting += _functions_of(value, names | MAKERS if is_class(value) else names)


def _functions_of(value: Any, names: AbstractSet[str]) -> Iterator[FunctionType]:
    """Yield what runs where a value is called, or asked for something by some names."""
    if type(value) is FunctionType or type(value) is CACHE_TYPE:
        yield from (each for each in layers_of(value) if type(each) is FunctionType)
        return
    if is_plain_data(value):
        return
    for cls in mro_of(value if is_class(value) else type(value)):
        attributes = class_attributes(cls)
        for name in names & attributes.keys():
            inside = attributes[name]
            inside = inside.fget if type(inside) is property else inside
            inside = getattr(inside, "__func__", inside) if type(inside) in _AROUND else inside
            if type(inside) is FunctionType:
                yield inside
