"""A change to the running program as data: what to call, and what to call to take it back."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import compress, count
from operator import is_not
from types import CellType, CodeType, FunctionType
from typing import Any, NamedTuple

from livepatch._python.class_fields import BASE, METACLASS, decrease, field_of, increase, set_field
from livepatch._python.constants import DEEPEST_NESTING, same_value
from livepatch._python.kinds import bases_of, class_attributes, dict_of
from livepatch._python.own import MISSING, Call, OwnList
from livepatch._steps.class_attributes import is_computed, set_by, setting
from livepatch._steps.dicts import restore_places
from livepatch._steps.items import (
    append_items,
    exchange_items,
    insert_items,
    rearrange,
    remove_items,
)
from livepatch._steps.rows import (
    recode,
    set_class_of_all,
    set_column,
    set_items,
    set_on_all,
    set_values,
)

_set_bases = type.__dict__["__bases__"].__set__
_set_contents = CellType.__dict__["cell_contents"].__set__
_delete_contents = CellType.__dict__["cell_contents"].__delete__


class BasesInC(NamedTuple):
    """The bases of a class, and what CPython takes from them.

    Attributes:
        bases: all.
        base: which of them it builds instances on.
        kind: who is asked for the order of all that are above.
    """

    bases: tuple[type, ...]
    base: type
    kind: type


class Steps:
    """Calls to make in order, each with the call that takes it back.

    Every call is one of C code, so that a row of them runs without a thread switch, and every
    taking back sets an absolute value, so that it does no harm where nothing was done.
    """

    __slots__ = ("do", "undo")

    def __init__(self) -> None:
        self.do: OwnList[Call] = OwnList()
        self.undo: OwnList[Call] = OwnList()

    def __len__(self) -> int:
        return len(self.do)

    def add(self, do: Call, undo: Call) -> None:
        """Append a call and its inverse."""
        self.do.append(do)
        self.undo.append(undo)

    def clear(self) -> None:
        """Let go of all calls and what they refer to."""
        self.do.clear()
        self.undo.clear()

    def extend(self, others: Steps) -> None:
        """Append another row of steps."""
        self.do += others.do
        self.undo += others.undo

    def prepend(self, others: Steps) -> None:
        """Put another row of steps before these."""
        self.do[:0] = others.do
        self.undo[:0] = others.undo

    def inverse(self) -> Steps:
        """Return the steps that take these back, each with itself to take that back."""
        steps = Steps()
        steps.do += reversed(self.undo)
        steps.undo += reversed(self.do)
        return steps

    def exchanged(self, successors: Mapping[int, Any]) -> Steps:
        """Return the same steps with other values in the place of some, by the id of each."""
        if not successors:
            return self
        steps = Steps()
        steps.do += (_exchange(call, successors) for call in self.do)
        steps.undo += self.undo
        return steps

    def settle_arguments(self, survivors: Mapping[int, Any]) -> None:
        """Let the calls put survivors where they were to put losers, in place.

        What an argument contains is left alone: it is a holder like any other.
        """
        self.do[:] = [_settled(call, survivors) for call in self.do]

    def follow(self, kinds: AbstractSet[int], survivors: Mapping[int, Any]) -> None:
        """Let the calls put survivors of objects of some types, by the ids of these, in place."""
        for calls in (self.do, self.undo):
            for at, call in enumerate(calls):
                values = (each for each in call.args[1:] if id(type(each)) in kinds)
                moved = {id(each): survivors[id(each)] for each in values if id(each) in survivors}
                calls[at] = _settled(call, moved) if moved else call

    def arguments(self, *, recoded: bool = True) -> OwnList[Any]:
        """Return what the calls hold definitions in: livepatch's own references.

        Args:
            recoded: whether to list which functions are given which code: many, and all stay.
        """
        found = OwnList(call.args for calls in (self.do, self.undo) for call in calls)
        for calls in (self.do, self.undo):
            for call in calls:
                place = _COLLECTIONS.get(id(call.func))
                if place is not None and (recoded or call.func is not recode):
                    found += call.args[place]
        return found

    def lists_of_codes(self) -> OwnList[list[CodeType]]:
        """List the lists of codes that functions are given, and of those that they had."""
        return OwnList(
            call.args[1] for calls in (self.do, self.undo) for call in calls if call.func is recode
        )

    def new_bases(self) -> Iterator[tuple[type, tuple[type, ...]]]:
        """Yield the classes that are given other bases, with these."""
        yield from (call.args for call in self.do if call.func is _set_bases)

    def bases(self) -> Iterator[tuple[type, ...]]:
        """Yield the tuples of bases that classes are given or had."""
        for calls in (self.do, self.undo):
            yield from (call.args[1] for call in calls if call.func is _set_bases)

    def take_bases(self) -> Steps:
        """Remove the steps that give a class other bases, and return them."""
        taken, rest = Steps(), Steps()
        for do, undo in zip(self.do, self.undo):
            (taken if do.func is _set_bases else rest).add(do, undo)
        self.do, self.undo = rest.do, rest.undo
        return taken

    def put_first(self, others: Steps) -> None:
        """Put other steps before these."""
        self.do[:0], self.undo[:0] = others.do, others.undo

    def refilled(self) -> set[int]:
        """Return the ids of the dicts that are emptied and filled anew."""
        return {id(call.args[0]) for call in self.do if call.func is dict.clear}

    def recoded(self) -> Iterator[FunctionType]:
        """Yield the functions that are given other code."""
        for call in self.do:
            if call.func is recode:
                yield from call.args[0]

    def new_attributes(self) -> Iterator[tuple[type, str, Any]]:
        """Yield the class attributes that are set or (with MISSING) deleted."""
        for call in self.do:
            found = set_by(call)
            if found is not None:
                yield found

    def names_set(self) -> Iterator[tuple[int, str]]:
        """Yield the ids of objects of C types, with the names of attributes that they are given."""
        yield from ((id(call.args[0]), call.args[1]) for call in self.do if call.func is setattr)

    def set_attribute(self, target: Any, name: str, new: Any, old: Any) -> None:
        """Set an attribute of an object whose type's ``__setattr__`` is C code."""
        self.add(Call(setattr, target, name, new), _restoring(setattr, delattr, target, name, old))

    def set_on_instance(self, target: Any, name: str, new: Any, old: Any) -> None:
        """Set an instance attribute past a ``__setattr__`` of its class (frozen dataclasses)."""
        self.add(
            Call(object.__setattr__, target, name, new),
            _restoring(object.__setattr__, object.__delattr__, target, name, old),
        )

    def set_on_class(self, cls: type, name: str, new: Any) -> None:
        """Set or (with MISSING) delete a class attribute past its metaclass.

        Never through the raw dict: that bypasses the type's method cache.
        """
        old = class_attributes(cls).get(name, MISSING)
        self.add(setting(cls, name, new), setting(cls, name, old))

    def set_item(self, target: dict[Any, Any], key: Any, new: Any) -> None:
        """Set or (with MISSING) delete a dict's item; its order stays where it can."""
        old = dict.get(target, key, MISSING)  # past what its class may have put over that
        # A dict's own methods leave an OrderedDict with keys that it has not got.
        kind: Any = OrderedDict if isinstance(target, OrderedDict) else dict
        setters = kind.__setitem__, kind.__delitem__
        self.add(_restoring(*setters, target, key, new), _restoring(*setters, target, key, old))

    def set_items(
        self, targets: list[dict[Any, Any]], keys: list[Any], new: list[Any], old: list[Any]
    ) -> None:
        """Set an item of each of many dicts: one step, however many they are."""
        self.add(Call(set_items, targets, keys, new), Call(set_items, targets, keys, old))

    def set_cell(self, cell: CellType, new: Any, old: Any) -> None:
        """Set a closure's variable."""
        undo = Call(_delete_contents, cell) if old is MISSING else Call(_set_contents, cell, old)
        self.add(Call(_set_contents, cell, new), undo)

    def set_bases(self, cls: type, bases: tuple[type, ...]) -> None:
        """Give a class other bases."""
        self.change_bases(cls, bases, bases_of(cls))

    def change_bases(self, cls: type, bases: tuple[type, ...], old: tuple[type, ...]) -> None:
        """Give a class other bases than it has by then."""
        self.add(Call(_set_bases, cls, bases), Call(_set_bases, cls, old))

    def exchange_base(self, cls: type, new: BasesInC, old: BasesInC) -> None:
        """Give a class that has no instances other bases, whatever these would keep.

        CPython asks that nothing would change for instances, and of a class with a metaclass that
        it fits all in its order. It takes a class for that whose ``tp_base`` is the new one
        already, and asks no metaclass where that is ``type``: both are lent for the moment. It lets
        go of the base that is lent then, and not of the one before. In both directions the calls
        stand in an order in which those behind one that fails mend what those before it lent.

        Args:
            cls: the class.
            new: what it gets.
            old: what it has.
        """
        base, metaclass, own = field_of(cls, BASE), field_of(cls, METACLASS), id(type(cls))
        self.add(Call(increase, new.base), Call(decrease, new.base))
        self.add(Call(set_field, base, id(new.base)), Call(set_field, metaclass, own))
        self.add(Call(set_field, metaclass, id(new.kind)), Call(set_field, base, id(old.base)))
        self.add(Call(_set_bases, cls, new.bases), Call(_set_bases, cls, old.bases))
        self.add(Call(set_field, metaclass, own), Call(set_field, metaclass, id(old.kind)))
        self.add(Call(set_field, base, id(new.base)), Call(set_field, base, id(old.base)))
        self.add(Call(decrease, old.base), Call(increase, old.base))

    def set_class(self, instances: list[Any], new: type, old: type) -> None:
        """Give many instances another class: one step, however many they are."""
        self.add(
            Call(set_class_of_all, instances, new),
            Call(set_class_of_all, instances, old),
        )

    def replace_items(self, target: Any, new: list[Any], old: list[Any]) -> None:
        """Replace what is in a list, in place."""
        everything = slice(None)
        self.add(
            Call(list.__setitem__, target, everything, new),
            Call(list.__setitem__, target, everything, old),
        )

    def replace_members(self, kind: Any, target: Any, new: Any, old: Any) -> None:
        """Empty and refill a set or a dict, in place; ``kind`` is the built-in type."""
        self.add(Call(kind.clear, target), Call(kind.update, target, old))
        self.add(Call(kind.update, target, new), Call(kind.clear, target))

    def reorder(self, target: dict[str, Any], final: Mapping[str, Any], wanted: list[str]) -> None:
        """Bring a dict's keys into an order, once it has its final contents.

        Args:
            target: the dict, as it is before.
            final: its contents then.
            wanted: keys in the order they are to have; others come last.
        """
        present = [key for key in target if key in final]
        present += (key for key in final if key not in target)
        order = [key for key in wanted if key in final]
        there = set(order)
        order += (key for key in present if key not in there)
        others = compress(count(), map(is_not, present, order))
        moved = (place for place in others if not same_value(present[place], order[place]))
        first = next(moved, len(order))
        for key in order[first:]:
            before = target.get(key, MISSING)
            back = _restoring(dict.__setitem__, dict.__delitem__, target, key, before)
            self.add(Call(dict.pop, target, key, None), back)
            self.add(Call(dict.__setitem__, target, key, final[key]), back)

    def reorder_items(self, target: dict[Any, Any], wanted: list[Any]) -> None:
        """Bring the items of a dict of texts into an order, once they are there."""
        present, places = OwnList(target), dict.fromkeys(wanted)
        stay = [key for key in present if key in places]
        if wanted != [*stay, *(key for key in wanted if key not in target)]:
            self.add(*(Call(restore_places, target, each, ()) for each in (wanted, present)))

    def set_codes(self, functions: list[FunctionType], codes: list[CodeType]) -> None:
        """Give functions other code: one step, however many they are."""
        present = OwnList(function.__code__ for function in functions)
        self.add(Call(recode, functions, codes), Call(recode, functions, present))


def _restoring(setter: Any, deleter: Any, target: Any, name: Any, old: Any) -> Call:
    if old is not MISSING:
        return Call(setter, target, name, old)
    for kind in (dict, OrderedDict):
        if deleter is kind.__delitem__:
            return Call(kind.pop, target, name, None)
    return Call(_delete_quietly, deleter, target, name)


def _exchange(call: Call, successors: Mapping[int, Any]) -> Call:
    # The first argument is what is changed, and stays that.
    arguments = [*call.args[:1], *(exchanged(value, successors) for value in call.args[1:])]
    if all(map(operator.is_, arguments, call.args)):
        return call
    return Call(call.func, *arguments)


def _settled(call: Call, survivors: Mapping[int, Any]) -> Call:
    arguments = call.args[1:]  # the first one is what is changed
    if survivors.keys().isdisjoint(map(id, arguments)):
        return call
    settled = (survivors.get(id(value), value) for value in arguments)
    return Call(call.func, *call.args[:1], *settled)


def exchanged(value: Any, successors: Mapping[int, Any], depth: int = DEEPEST_NESTING) -> Any:
    """Return a value, or what is to stand for it; so in tuples and dicts of arguments."""
    if depth == 0:
        return successors.get(id(value), value)
    if type(value) is dict:
        items = {key: exchanged(part, successors, depth - 1) for key, part in value.items()}
        return value if all(map(operator.is_, items.values(), value.values())) else items
    if type(value) is tuple:
        parts = tuple(exchanged(part, successors, depth - 1) for part in value)
        return value if all(map(operator.is_, parts, value)) else parts
    return successors.get(id(value), value)


def is_in_force(do: Call) -> bool:
    """Whether what a step set is still there, as far as that can be told from outside."""
    found = set_by(do)
    if found is not None and found[2] is not MISSING:  # who asks for annotations makes them again
        cls, name, value = found
        return class_attributes(cls).get(name, MISSING) is value
    if do.func in (dict.__setitem__, OrderedDict.__setitem__):
        target, name, value = do.args
        return dict.get(target, name, MISSING) is value
    return True


def _delete_quietly(deleter: Any, target: Any, name: str) -> None:
    try:
        deleter(target, name)
    except AttributeError:
        # Taking back a step that was never made: the attribute is not there, as it should be.
        return


def delete_from_all(instances: list[Any], name: str) -> None:
    """Delete an attribute of many instances, where it is set."""
    computed: dict[int, bool] = {}
    for each in instances:
        cls = type(each)
        if id(cls) not in computed:
            computed[id(cls)] = is_computed(cls, name)
        if computed[id(cls)]:  # a property that came back, which may have a deleter
            (dict_of(each) or {}).pop(name, None)
        else:
            _delete_quietly(object.__delattr__, each, name)


# Calls that take definitions in collections of livepatch's own, and where among the arguments
# these are.
_COLLECTIONS = {
    id(recode): slice(0, 2),
    id(set_items): slice(0, 3, 2),
    id(set_class_of_all): slice(0, 1),
    id(set_on_all): slice(0, 3, 2),
    id(set_column): slice(0, 3, 2),
    id(set_values): slice(2, 4),
    id(delete_from_all): slice(0, 1),
    id(exchange_items): slice(1, 3),
    id(append_items): slice(1, 2),
    id(remove_items): slice(1, 2),
    id(rearrange): slice(1, 2),
    id(restore_places): slice(1, 2),
    id(insert_items): slice(2, 3),
    id(list.__setitem__): slice(2, 3),
    id(dict.update): slice(1, 2),
    id(set.update): slice(1, 2),
    id(set.difference_update): slice(1, 2),
}
