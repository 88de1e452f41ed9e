"""Stage 5: whether classes that get other bases have an order of their bases (C3, PEP 253).

CPython computes it when ``__bases__`` is set, and refuses what has none; here it is known before
anything is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from livepatch._python.class_fields import has_own_order
from livepatch._python.kinds import bases_of, is_whole, mro_of, subclasses_of
from livepatch._python.layout import where_layout_grows
from livepatch._python.own import OwnDict, OwnList
from livepatch._steps.steps import Steps

Order = OwnList[type]


def may_order(metaclass: Any) -> bool:
    """Whether a metaclass may give its classes another order of their bases than ``type`` does."""
    return metaclass.mro is not type.mro


def grows_anew(cls: type, planned: OwnDict[int, tuple[type, ...]]) -> bool:
    """Whether a class gets something for its instances from others than before.

    Of a class that adds to instances itself CPython asks for no layout that is not in the order
    that it has; any other has that of the base it gets.
    """
    if where_layout_grows(cls) is not cls:
        return False
    known = set(map(id, mro_of(cls)))
    waiting = OwnList(planned.get(id(cls), bases_of(cls)))
    for each in waiting:
        if id(each) not in known and where_layout_grows(each) is each:
            return True
        waiting += planned.get(id(each), bases_of(each))
    return False


def has_layout_compared(cls: type) -> bool:
    """Whether CPython compares a class's layout with those of all in its order (``mro_check``)."""
    return is_whole(cls) and type(cls) is not type and where_layout_grows(cls) is not object


def classes_with_fixed_order(*rows: Steps) -> Iterator[type]:
    """Yield the classes that some steps give another order, and that CPython lets have none."""
    planned, concerned = planned_bases(rows)
    for cls in concerned.values():
        fixed = has_layout_compared(cls) and may_order(type(cls)) and has_own_order(cls)
        if fixed and grows_anew(cls, planned):
            yield cls


def classes_without_order(*rows: Steps) -> Iterator[type]:
    """Yield the classes whose bases would have no consistent order after some steps.

    Args:
        rows: the steps; those that set bases count.
    """
    planned, concerned = planned_bases(rows)
    known: OwnDict[int, Order | None] = OwnDict()
    for cls in concerned.values():
        # A metaclass may have an order of its own.
        if type(cls).mro is type.mro and _linearise(cls, planned, known) is None:
            yield cls


def planned_bases(
    rows: Iterable[Steps],
) -> tuple[OwnDict[int, tuple[type, ...]], OwnDict[int, type]]:
    """Return the bases that steps give to classes, and all classes whose order that changes."""
    planned: OwnDict[int, tuple[type, ...]] = OwnDict()
    concerned: OwnDict[int, type] = OwnDict()
    for steps in rows:
        for cls, bases in steps.new_bases():
            planned[id(cls)] = bases
            concerned[id(cls)] = cls
    waiting = OwnList(concerned.values())
    while waiting:
        for subclass in subclasses_of(waiting.pop()):
            if id(subclass) not in concerned:
                concerned[id(subclass)] = subclass
                waiting.append(subclass)
    return planned, concerned


def _linearise(
    cls: type, planned: OwnDict[int, tuple[type, ...]], known: OwnDict[int, Order | None]
) -> Order | None:
    if id(cls) in known:
        return known[id(cls)]
    known[id(cls)] = None  # for one that would be a base of its own
    bases = planned.get(id(cls), bases_of(cls))
    orders: OwnList[Order] = OwnList()
    for base in bases:
        order = _linearise(base, planned, known)
        if order is None:
            known[id(cls)] = None
            return None
        orders.append(OwnList(order))
    if len(bases) == 1:  # nearly always, and then there may be a thousand in a row
        known[id(cls)] = OwnList((cls, *orders[0]))
        return known[id(cls)]
    orders.append(OwnList(bases))
    merged = merge(orders)
    known[id(cls)] = None if merged is None else OwnList((cls, *merged))
    return known[id(cls)]


def merge(orders: OwnList[Order]) -> Order | None:
    """Take heads that stand in no tail, until nothing is left; None where there is no such head."""
    merged = Order()
    while remaining := [order for order in orders if order]:
        tails = {id(cls) for order in remaining for cls in order[1:]}
        head = next((order[0] for order in remaining if id(order[0]) not in tails), None)
        if head is None:
            return None
        merged.append(head)
        for order in remaining:
            if order[0] is head:
                del order[0]
    return merged
