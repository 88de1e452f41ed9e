"""Stage 5: in which order classes are given other bases.

Each time CPython works out the order of bases (MRO) of all classes below anew, depth first, and
refuses where one has none (Objects/typeobject.c, ``mro_hierarchy``). A class that is below by two
ways is worked out as soon as it is reached by the first, with what the other one leads to as it was
before. So what is right in the end may be refused on the way, and it is tried out here, on lists.

Of a class with a metaclass each base in that order must also fit the layout that the class has in
the order *before* (``mro_check``, ``PyType_IsSubtype``): one with slots could never get another
base with slots, nor could one that two ways lead to. CPython asks that of no class whose type is
``type``, and so it is that in the meantime.
"""

from __future__ import annotations

from livepatch._python.class_fields import has_own_order
from livepatch._python.kinds import bases_of, mro_of, subclasses_of
from livepatch._python.own import OwnDict, OwnList
from livepatch._snapshot.borrow import can_lend_metaclass, with_plain_metaclass
from livepatch._steps.linearise import (
    grows_anew,
    has_layout_compared,
    may_order,
    merge,
    planned_bases,
)
from livepatch._steps.steps import Steps

Bases = tuple[type, ...]


def order_bases(fresh: Steps, steps: Steps, elsewhere: Steps) -> None:
    """Put the steps that set bases into an order that CPython goes along with, both ways.

    Args:
        fresh: the steps for what the load made, which come before all others.
        steps: those for the definitions; they get those for classes elsewhere, at their head.
        elsewhere: those for classes elsewhere.
    """
    planned, concerned = planned_bases((fresh, steps, elsewhere))
    checked = _checked(planned, concerned)
    by_two_ways = _is_below_by_two_ways(planned, concerned)
    if not checked and not by_two_ways:
        return  # as nearly always
    first, bases = fresh.take_bases(), steps.take_bases()
    bases.extend(elsewhere.take_bases())
    if by_two_ways:
        trial = _Trial()
        first = _in_order(trial, first, concerned)
        bases = _in_order(trial, bases, concerned)
    fresh.put_first(with_plain_metaclass(first, checked))
    steps.put_first(with_plain_metaclass(bases, checked))


def unchecked(steps: Steps) -> Steps:
    """Return steps that give classes other bases so that CPython compares no layouts in orders."""
    return with_plain_metaclass(steps, _checked(*planned_bases((steps,))))


def _checked(planned: OwnDict[int, Bases], concerned: OwnDict[int, type]) -> OwnList[type]:
    """List the classes whose layout CPython compares with those in their order, and need not."""
    return OwnList(
        cls
        for cls in concerned.values()
        if has_layout_compared(cls) and can_lend_metaclass(cls)
        if not may_order(type(cls)) or (grows_anew(cls, planned) and not has_own_order(cls))
    )


def _in_order(trial: _Trial, steps: Steps, concerned: OwnDict[int, type]) -> Steps:
    """Return the same steps in an order; in the one they have where none is found."""
    found = _order_that_goes(trial, steps)
    if found is None:
        found = _with_one_way_each(trial, steps, concerned)
    if found is None:
        return steps
    for call in found.do:
        trial.goes(*call.args)
    return found


def _with_one_way_each(trial: _Trial, steps: Steps, concerned: OwnDict[int, type]) -> Steps | None:
    """Return the steps between others that leave classes one base alone, and give the rest back.

    Of ``class D(C1, C2)`` below a diamond each order on the way may contradict itself.
    """
    planned = {id(cls) for cls, _ in steps.new_bases()}
    leaving, giving, trial = Steps(), Steps(), trial.copy()
    for cls in sorted(concerned.values(), key=lambda cls: -len(mro_of(cls))):  # from below
        bases = trial.bases.get(id(cls), bases_of(cls))
        if id(cls) not in planned and sum(id(base) in concerned for base in bases) > 1:
            leaving.change_bases(cls, bases[:1], bases)
    for do, undo in zip(reversed(leaving.do), reversed(leaving.undo)):
        giving.add(undo, do)
    if not all(trial.goes(*call.args) for call in leaving.do):
        return None
    found = _order_that_goes(trial, steps)
    if found is None:
        return None
    goes = all(trial.goes(*call.args) for call in (*found.do, *giving.do))
    leaving.extend(found)
    leaving.extend(giving)
    return leaving if goes else None


def _order_that_goes(trial: _Trial, steps: Steps) -> Steps | None:
    forwards = list(range(len(steps)))
    for waiting in (forwards, forwards[::-1]):  # bases before what derives from them, or behind
        found = _all_that_go(trial.copy(), steps, waiting)
        if len(found) == len(steps):
            return found
    return None


def _all_that_go(trial: _Trial, steps: Steps, waiting: list[int]) -> Steps:
    """Take the steps that can be made, and go over the others again until none of them can."""
    found, before = Steps(), -1
    while before != len(found):
        before, passed = len(found), waiting
        waiting = []
        for each in passed:
            if trial.goes(*steps.do[each].args):
                found.add(steps.do[each], steps.undo[each])
            else:
                waiting.append(each)
    return found


def _is_below_by_two_ways(
    planned: OwnDict[int, tuple[type, ...]], concerned: OwnDict[int, type]
) -> bool:
    """Whether a class has two bases whose order changes, or loses one that the other leads to."""
    return any(
        sum(id(base) in concerned for base in bases) > 1 or len(bases) < len(bases_of(cls))
        for key, cls in concerned.items()
        for bases in (bases_of(cls), planned.get(key, bases_of(cls)))
    )


class _Trial:
    """What classes have for bases, and in which order, after some steps."""

    __slots__ = ("bases", "below", "orders")

    def __init__(self) -> None:
        self.bases: OwnDict[int, Bases] = OwnDict()
        self.below: OwnDict[int, OwnList[type]] = OwnDict()
        self.orders: OwnDict[int, OwnList[type]] = OwnDict()

    def copy(self) -> _Trial:
        """Return a trial that goes on from here."""
        other = _Trial()
        other.bases, other.below = OwnDict(self.bases), OwnDict(self.below)
        other.orders = OwnDict(self.orders)
        return other

    def goes(self, cls: type, bases: Bases) -> bool:
        """Give a class other bases, if CPython would, and would take it back as well."""
        before = self.bases.get(id(cls), bases_of(cls))
        if not self._give(cls, bases):
            return False
        goes = self._give(cls, before)
        return self._give(cls, bases) and goes

    def _give(self, cls: type, bases: Bases) -> bool:
        before, worked_out = self.bases.get(id(cls), bases_of(cls)), self._work_out(cls, bases)
        if worked_out is None:
            return False
        self.orders.update(worked_out)
        self.bases[id(cls)] = bases
        for base in before:
            self.below[id(base)] = OwnList(each for each in self._below(base) if each is not cls)
        for base in bases:
            self.below[id(base)] = OwnList([*self._below(base), cls])
        return True

    def _work_out(self, cls: type, bases: Bases) -> OwnDict[int, OwnList[type]] | None:
        """Return the order of a class and of all below it; None if one of them has none."""
        found: OwnDict[int, OwnList[type]] = OwnDict()
        waiting = OwnList([cls])
        while waiting:
            each = waiting.pop()
            own = bases if each is cls else self.bases.get(id(each), bases_of(each))
            if type(each).mro is type.mro:  # a metaclass may have an order of its own
                orders = OwnList(OwnList(found.get(id(base)) or self._order(base)) for base in own)
                merged = merge(OwnList([*orders, OwnList(own)]))
                if merged is None:
                    return None
                found[id(each)] = OwnList([each, *merged])
            waiting += reversed(self._below(each))
        return found

    def _order(self, cls: type) -> OwnList[type]:
        return self.orders.get(id(cls)) or OwnList(mro_of(cls))

    def _below(self, cls: type) -> OwnList[type]:
        if id(cls) not in self.below:
            self.below[id(cls)] = OwnList(subclasses_of(cls))
        return self.below[id(cls)]
