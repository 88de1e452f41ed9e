"""What reconciling gathers, and what its ways share."""

from __future__ import annotations

import gc
import inspect
import sys
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from livepatch._decide.decisions import Decisions
from livepatch._heap.heap import holders_of
from livepatch._match.pairs import Pair
from livepatch._python.code import nested_codes
from livepatch._python.constants import DEEPEST_NESTING, HOLD_FOR_GOOD, may_hold_state, same_value
from livepatch._python.kinds import dict_descriptor, dict_of, kind_of
from livepatch._python.own import Call, OwnDict, OwnList, OwnSet
from livepatch._steps.steps import Steps
from livepatch._values.values import Values


@dataclass(slots=True, eq=False)
class Reconciliation:
    """The steps of all pairs of a module.

    Attributes:
        steps: what to do.
        changed: ids of the new definitions whose source says something else than the old.
        touched: ids of descriptors initialised anew, which their classes must set again.
        codes: old and new code of each function whose code changed.
        recoded: the old functions that survive and take the new code.
        bases: old classes and the bases they get, base classes first.
        caches: what to empty once all has gone well, with the path of its definition.
        stays: objects that the load made for an attribute whose live value stays, each with that.
        fillings: containers that stay, each with the one that the load filled in its place.
        left: containers that stay, each with what the new source does not enter any more.
        registered: as fillings, of which only definitions are entered: objects that stay keep them.
        orders: dicts that stay, each with its keys as they are to follow one another then.
    """

    decisions: Decisions
    values: Values
    steps: Steps = field(default_factory=Steps)
    changed: OwnSet[int] = field(default_factory=OwnSet)
    touched: set[int] = field(default_factory=set)
    codes: OwnList[tuple[types.CodeType, types.CodeType]] = field(default_factory=OwnList)
    recoded: OwnList[types.FunctionType] = field(default_factory=OwnList)
    caches: OwnList[tuple[str, Call]] = field(default_factory=OwnList)
    bases: OwnList[tuple[type, tuple[type, ...]]] = field(default_factory=OwnList)
    cells: OwnDict[int, types.CellType] = field(default_factory=OwnDict)
    stays: OwnList[tuple[Any, Any]] = field(default_factory=OwnList)
    fillings: OwnList[tuple[Any, Any]] = field(default_factory=OwnList)
    left: OwnList[tuple[Any, OwnList[Any]]] = field(default_factory=OwnList)
    registered: OwnList[tuple[Any, Any]] = field(default_factory=OwnList)
    orders: OwnList[tuple[dict[Any, Any], OwnList[Any]]] = field(default_factory=OwnList)
    _makers: dict[int, set[int]] = field(default_factory=dict)
    _files: set[str] = field(default_factory=set)

    def survivor(self, pair: Pair) -> Any:
        """Return the object that stays."""
        return self.decisions.settle(pair.new)

    def is_of_one_maker(self, old: types.CodeType, new: types.CodeType) -> bool:
        """Whether a code object may stand for an earlier one wherever that is in use.

        A code that is in no function always may. Not if it is the inner function of another
        decorator, which one definition has now: other definitions still have the earlier one. What
        a decorator that is not reloaded makes has one code for ever.
        """
        if not self._makers:
            modules = self.decisions.matches.modules
            self._files.update(module.source.code.co_filename for module in modules)
            for before, after in self._outer_codes():
                self._files.add(before.co_filename)
                inner = set(map(id, nested_codes(after))) | set(map(id, nested_codes(before)))
                self._makers.update((id(code), inner) for code in nested_codes(before))
        if id(old) in self._makers:
            return id(new) in self._makers[id(old)]
        return old.co_filename in self._files or old.co_filename.startswith("<")

    def _outer_codes(self) -> Iterator[tuple[types.CodeType, types.CodeType]]:
        """Yield the old and new code of what there is before and after."""
        for pair in self.decisions.matches.pairs:
            functions = type(pair.old) is type(pair.new) is types.FunctionType
            if functions and not pair.old.__code__.co_flags & inspect.CO_NESTED:
                yield pair.old.__code__, pair.new.__code__
        for module in self.decisions.matches.modules:
            for body in module.bodies.functions if module.bodies is not None else ():
                yield body.old, body.new

    def add_cache(self, pair: Pair, call: Call) -> None:
        """Note a cache that is to be emptied once all has gone well."""
        self.caches.append((pair.text, call))

    def let_live_values_stay(self) -> None:
        """Let what else the new code took such an object for (a default, say) refer to that."""
        stays = OwnList(self._with_entries(self.stays))
        # What was there before the load is another's, imported and used here.
        young = _young_among(OwnList(made for made, _ in stays))
        exchanged: OwnDict[int, Any] = OwnDict()
        for made, live in stays:
            if id(made) not in young or id(made) in self.decisions.survivors:
                continue
            # What is built anew, because it holds a loser, nobody could be led to from here.
            if not self._is_built_anew(live):
                self.decisions.add_loser(made, live)
                exchanged[id(made)] = live
        self.steps = self.steps.exchanged(exchanged)

    def _is_built_anew(self, value: Any, depth: int = DEEPEST_NESTING) -> bool:
        """Whether a value can hold nothing else than it does, and holds a loser."""
        if not depth or not issubclass(type(value), HOLD_FOR_GOOD):
            return False
        return any(
            id(part) in self.decisions.survivors or self._is_built_anew(part, depth - 1)
            for part in gc.get_referents(value)
        )

    def _with_entries(
        self, stays: Iterable[tuple[Any, Any]], depth: int = DEEPEST_NESTING
    ) -> Iterator[tuple[Any, Any]]:
        """Yield also what is in two tables under the same key, if it holds a state of its own."""
        settle = self.decisions.settle
        # What the load has entered takes the place of what is there.
        filled = {id(made) for _, made in self.fillings}
        for made, live in stays:
            yield made, live
            yield from _dicts_of_others_too(made, live)
            both = type(made) is dict and type(live) is dict
            if both and depth and id(made) not in filled:
                keys = [key for key in made if type(key) in (str, int) and key in live]
                entries = OwnList((made[key], live[key]) for key in keys)
                alike = OwnList(
                    (one, other)
                    for one, other in entries
                    if one is not other
                    and settle(type(one)) is settle(type(other))
                    and may_hold_state(one)
                    and kind_of(one) is None
                )
                yield from self._with_entries(alike, depth - 1)

    def settle(self, value: Any, depth: int = DEEPEST_NESTING) -> Any:
        """Return a value with the losers in it, as far as tuples go, exchanged for survivors."""
        if type(value) is tuple and depth:
            settled = tuple(self.settle(part, depth - 1) for part in value)
            return value if all(map(lambda a, b: a is b, value, settled)) else settled
        return self.decisions.settle(value)


def _dicts_of_others_too(made: Any, live: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the attributes of two instances, if other instances of the load have the same ones.

    Loggers that are to be one and the same do it: ``self.__dict__ = Logger.one.__dict__``.
    """
    if kind_of(made) is None and isinstance(
        dict_descriptor(type(made)), types.GetSetDescriptorType
    ):
        others = dict_of(live) if _references_to(made) > _OF_ONE else None
        if others is not None and others is not dict_of(made):
            yield dict_of(made), others


def _references_to(instance: Any) -> int:
    """Count the references to an instance's dict, our own included."""
    attributes = dict_of(instance)
    return sys.getrefcount(attributes)


_OF_ONE = _references_to(type("Probe", (), {})())


def _young_among(values: OwnList[Any]) -> set[int]:
    """Return the ids of the values that the load made, with those of other young objects.

    An empty dict, or one of texts and numbers, is not on the collector's list before 3.14: it is
    old if an old object refers to it.
    """
    if not values:
        return set()
    unlisted = OwnList(each for each in values if not gc.is_tracked(each))
    young = set(map(id, gc.get_objects(generation=0)))  # our own list is among them
    if unlisted:
        held = set(map(id, gc.get_referents(*holders_of(unlisted, young).others)))
        young |= set(map(id, unlisted)) - held
    return young


def same_items(present: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return present.keys() == wanted.keys() and all(
        present[key] is value or same_value(present[key], value) for key, value in wanted.items()
    )
