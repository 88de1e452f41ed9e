"""Stage 5: in which order classes are given other bases.

Each time CPython works out the order of bases (MRO) of all classes below anew, depth first, and
refuses where one has none (Objects/typeobject.c, ``mro_hierarchy``). A class that is below by two
ways is worked out as soon as it is reached by the first, with what the other one leads to as it was
before. So what is right in the end may be refused on the way, and it is tried out here, on lists.

Of a class with a metaclass each base in that order must fit the layout, too (``mro_check``). Where
two ways lead to one class with slots, and only the first has been led to its successor, they do
not: then no order goes, and the class leaves all its bases but one until these are as they are to
be.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from livepatch._kinds import base_of, bases_of, mro_of, subclasses_of
from livepatch._layout import adds_places
from livepatch._linearise import merge, planned_bases
from livepatch._own import OwnDict, OwnList
from livepatch._steps import Steps

Bases = tuple[type, ...]
Lent = Iterable[tuple[type, type]]
Goes = Callable[["_Trial", type, Bases], bool]


def order_bases(fresh: Steps, steps: Steps, elsewhere: Steps, lent: tuple[Lent, Lent]) -> None:
    """Put the steps that set bases into an order that CPython goes along with, both ways.

    Args:
        fresh: the steps for what the load made, which come before all others.
        steps: those for the definitions; they get those for classes elsewhere, at their head.
        elsewhere: those for classes elsewhere.
        lent: the classes that are laid out by another base while the first of these are made, and
            while the others are, each with that base.
    """
    if not _is_below_by_two_ways((fresh, steps, elsewhere)):
        return  # as nearly always
    trial = _Trial()
    with trial.lending(lent[0]):
        # If this is taken back, what the load made is let go: it need not go back.
        fresh.put_first(_in_order(trial, fresh.take_bases(), _Trial.give))
    bases = steps.take_bases()
    bases.extend(elsewhere.take_bases())
    with trial.lending(lent[1]):
        steps.put_first(_in_order(trial, bases, _Trial.goes))


def _in_order(trial: _Trial, steps: Steps, goes: Goes) -> Steps:
    """Return the same steps in an order, or by way of one base; as they are if none goes."""
    for rows in ((steps,), _by_way_of_one_base(trial, steps)):
        found = _try(trial, rows, goes)
        if found is not None:
            return found
    for call in steps.do:
        goes(trial, *call.args)
    return steps


def _by_way_of_one_base(trial: _Trial, steps: Steps) -> Iterator[Steps]:
    """Let classes of several bases have one of them, that which they are laid out by, meanwhile."""
    planned = OwnDict((id(cls), bases) for cls, bases in steps.new_bases())
    concerned = trial.at_or_below(OwnList(cls for cls, _ in steps.new_bases()))
    crowds: OwnDict[int, type] = OwnDict(
        (id(cls), cls) for cls in concerned if len(trial.bases_of(cls)) > 1
    )
    alone, others, together = Steps(), Steps(), Steps()
    for key, cls in crowds.items():
        before, give = trial.bases_of(cls), Steps.giver_of_bases(cls)
        after = planned.get(key, before)
        alone.add(give((trial.base_of(cls),)), give(before))
        if key in planned:
            others.add(give((trial.best(after),)), give((trial.base_of(cls),)))
        together.add(give(after), give((trial.best(after),)))
    for do, undo in zip(steps.do, steps.undo):
        if id(do.args[0]) not in crowds:
            others.add(do, undo)
    yield from (alone, others, together)


def _try(trial: _Trial, rows: Iterable[Steps], goes: Goes) -> Steps | None:
    """Return rows of steps, each in an order that goes, and take them; None if one has none."""
    tried, found = trial.copy(), Steps()
    for steps in rows:
        for waiting in _orders(steps):
            attempt = tried.copy()
            ordered = _all_that_go(partial(goes, attempt), steps, waiting)
            if len(ordered) == len(steps):
                break
        else:
            return None
        tried = attempt
        found.extend(ordered)
    trial.take(tried)
    return found


def _orders(steps: Steps) -> Iterator[list[int]]:
    """Yield orders to try: bases before what derives from them, or behind."""
    forwards = list(range(len(steps)))
    yield forwards[:]
    yield forwards[::-1]
    forwards.sort(key=lambda each: len(mro_of(steps.do[each].args[0])))
    yield forwards[:]
    yield forwards[::-1]


def _all_that_go(goes: Callable[[type, Bases], bool], steps: Steps, waiting: list[int]) -> Steps:
    """Take the steps that can be made, and go over the others again until none of them can."""
    found, before = Steps(), -1
    while before != len(found):
        before, passed = len(found), waiting
        waiting = []
        for each in passed:
            if goes(*steps.do[each].args):
                found.add(steps.do[each], steps.undo[each])
            else:
                waiting.append(each)
    return found


def _is_below_by_two_ways(rows: Iterable[Steps]) -> bool:
    """Whether a class has two bases whose order changes, or loses one that the other leads to."""
    planned, concerned = planned_bases(rows)
    return any(
        sum(id(base) in concerned for base in bases) > 1 or len(bases) < len(bases_of(cls))
        for key, cls in concerned.items()
        for bases in (bases_of(cls), planned.get(key, bases_of(cls)))
    )


class _Trial:
    """What classes have for bases, and in which order, after some steps.

    Attributes:
        bases: of those classes whose bases are others by now.
        by_layout: the one of these that the class is laid out by.
        below: the classes that derive from one, where that has changed.
        orders: of the classes that have been worked out anew.
    """

    __slots__ = ("bases", "below", "by_layout", "orders")

    def __init__(self) -> None:
        self.bases: OwnDict[int, Bases] = OwnDict()
        self.by_layout: OwnDict[int, type] = OwnDict()
        self.below: OwnDict[int, OwnList[type]] = OwnDict()
        self.orders: OwnDict[int, OwnList[type]] = OwnDict()

    def copy(self) -> _Trial:
        """Return a trial that goes on from here."""
        other = _Trial()
        other.bases, other.below = OwnDict(self.bases), OwnDict(self.below)
        other.orders, other.by_layout = OwnDict(self.orders), OwnDict(self.by_layout)
        return other

    @contextmanager
    def lending(self, lent: Lent) -> Generator[None, None, None]:
        """Let classes be laid out by others for a while."""
        before, keys = OwnDict(self.by_layout), {id(cls) for cls, _ in lent}
        self.by_layout.update((id(cls), base) for cls, base in lent)
        yield
        for key in keys:
            del self.by_layout[key]
            if key in before:
                self.by_layout[key] = before[key]

    def take(self, other: _Trial) -> None:
        """Go on from where another one has got."""
        self.bases, self.below = other.bases, other.below
        self.orders, self.by_layout = other.orders, other.by_layout

    def at_or_below(self, classes: OwnList[type]) -> Iterator[type]:
        """Yield some classes, and those that derive from them by now, each once."""
        seen, waiting = set[int](), OwnList(classes)
        while waiting:
            cls = waiting.pop()
            if id(cls) not in seen:
                seen.add(id(cls))
                waiting += self._below(cls)
                yield cls

    def bases_of(self, cls: type) -> Bases:
        return self.bases.get(id(cls), bases_of(cls))

    def base_of(self, cls: type) -> type:
        return self.by_layout.get(id(cls)) or base_of(cls) or object

    def goes(self, cls: type, bases: Bases) -> bool:
        """Give a class other bases, if CPython would, and would take it back as well."""
        before = self.bases_of(cls)
        if not self.give(cls, bases):
            return False
        goes = self.give(cls, before)
        return self.give(cls, bases) and goes

    def give(self, cls: type, bases: Bases) -> bool:
        """Give a class other bases, if CPython would."""
        before, laid_out = self.bases_of(cls), self.by_layout.get(id(cls))
        self.by_layout[id(cls)] = self.best(bases)
        worked_out = self._work_out(cls, bases)
        if worked_out is None:
            if laid_out is None:
                del self.by_layout[id(cls)]
            else:
                self.by_layout[id(cls)] = laid_out
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
            own = bases if each is cls else self.bases_of(each)
            if type(each).mro is type.mro:  # a metaclass may have an order of its own
                orders = OwnList(OwnList(found.get(id(base)) or self._order(base)) for base in own)
                merged = merge(OwnList([*orders, OwnList(own)]))
                if merged is None:
                    return None
                found[id(each)] = OwnList([each, *merged])
                if type(each) is not type and not self._fits(each, found):
                    return None
            waiting += reversed(self._below(each))
        return found

    def _fits(self, cls: type, found: OwnDict[int, OwnList[type]]) -> bool:
        """Whether all that stand in the order of a class keep nothing that the class does not."""
        top = self._top(cls)
        above = {id(each) for each in found.get(id(top)) or self._order(top)}
        return all(id(self._top(each)) in above for each in found[id(cls)])

    def best(self, bases: Bases) -> type:
        """Return the base by which CPython lays out a class (``best_base``)."""
        best, top = bases[0], self._top(bases[0])
        for each in bases[1:]:
            other = self._top(each)
            if other is not top and any(one is top for one in self._order(other)):
                best, top = each, other
        return best

    def _top(self, cls: type) -> type:
        """Return the class at which the layout of this one was last added to (``solid_base``)."""
        while cls is not object and not adds_places(cls, base := self.base_of(cls)):
            cls = base
        return cls

    def _order(self, cls: type) -> OwnList[type]:
        return self.orders.get(id(cls)) or OwnList(mro_of(cls))

    def _below(self, cls: type) -> OwnList[type]:
        if id(cls) not in self.below:
            self.below[id(cls)] = OwnList(subclasses_of(cls))
        return self.below[id(cls)]
