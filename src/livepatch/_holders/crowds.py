"""Very many holders of one class, seen to by columns: one step for an attribute of them all."""

from __future__ import annotations

import gc
import keyword
import types
from collections.abc import Callable, Iterator
from itertools import compress, islice, repeat
from operator import is_, is_not, not_
from typing import Any

from livepatch._decide.fill import is_plain_read
from livepatch._holders.callables import slots_of
from livepatch._holders.context import GONE, Repointing
from livepatch._python.kinds import class_attributes, dict_of, mro_of
from livepatch._python.layout import slot_value
from livepatch._python.own import MISSING, Call, OwnList
from livepatch._statements.assigned import names_stored
from livepatch._steps.class_attributes import find_attribute
from livepatch._steps.rows import set_column, set_on_all

_CHUNK = 500
_SAMPLES = (1, 20)


def repoint_crowd(repointing: Repointing, holders: OwnList[Any]) -> OwnList[Any]:
    """Exchange the losers in many holders of one class that has no way of its own, or in dicts.

    Args:
        repointing: the search, in which all survivors are known.
        holders: the holders.

    Returns:
        Those that are still to be seen to, one by one: all of them, where what they hold is not
        found by their slots and the names of their attributes.
    """
    if type(holders[0]) is dict:
        return _repoint_dicts(repointing, holders)
    # Counted first: what is asked for its dict refers to that instead (3.11, 3.12).
    references = _count_references(repointing, holders)
    for names in _guesses(holders):
        columns = OwnList(_columns(repointing, holders, names))
        if sum(len(column.olds) for column in columns) == references:
            break
    else:
        return _without_those_asked(repointing, holders)
    if any(any(map(is_, column.news, repeat(GONE))) for column in columns):
        return holders
    for column in columns:
        repointing.count(column.kind, len(column.olds))
        repointing.steps.add(*column.calls())
    return OwnList()


class _Column:
    """The losers in one attribute of many instances, and their survivors."""

    __slots__ = ("kind", "news", "olds", "place", "targets")

    def __init__(
        self, repointing: Repointing, kind: str, place: Any, holders: list[Any], values: list[Any]
    ) -> None:
        news = OwnList(map(repointing.survivors.get, map(id, values), values))
        moved = list(map(is_not, news, values))
        if all(moved):
            self.targets, self.news, self.olds = holders, news, values
        else:
            self.targets = OwnList(compress(holders, moved))
            self.news = OwnList(compress(news, moved))
            self.olds = OwnList(compress(values, moved))
        self.kind, self.place = kind, place

    def calls(self) -> tuple[Call, Call]:
        function = set_on_all if type(self.place) is str else set_column
        return (
            Call(function, self.targets, self.place, self.news),
            Call(function, self.targets, self.place, self.olds),
        )


def _columns(repointing: Repointing, holders: list[Any], names: list[str]) -> Iterator[_Column]:
    for slot in slots_of(repointing, type(holders[0])):
        # By then their class is the survivor of the class that has the slot, or derives from it.
        place = repointing.settle(slot).__set__
        column = _Column(repointing, "slot", place, holders, _read_slot(slot, holders))
        if column.olds and _is_writable(slot, column):
            yield column
    for name in names:
        values = _read_attribute(holders, name)
        if values is not None:
            column = _Column(repointing, "instance attribute", name, holders, values)
            if column.olds:
                yield column


def _is_writable(slot: Any, column: _Column) -> bool:
    """Whether a slot can be set; members of C types often cannot. Sets what is there already."""
    try:
        slot.__set__(column.targets[0], column.olds[0])
    except (AttributeError, TypeError):
        return False
    return True


def _read_slot(slot: types.MemberDescriptorType, holders: list[Any]) -> OwnList[Any]:
    try:
        return OwnList(map(slot.__get__, holders))
    except AttributeError:
        return OwnList(map(slot_value, repeat(slot), holders))


def _without_those_asked(repointing: Repointing, holders: OwnList[Any]) -> OwnList[Any]:
    """See to the holders that nobody has asked for their dicts; return the others.

    The dict that was made to answer is the holder then (3.11, 3.12).
    """
    were_asked = list(map(_has_dict_object, holders))
    asked = OwnList(compress(holders, were_asked))
    if asked and len(asked) < len(holders):
        asked += repoint_crowd(repointing, OwnList(compress(holders, map(not_, were_asked))))
        return asked
    return holders


def _has_dict_object(holder: Any) -> bool:
    """Whether an object refers to a dict that says what its attributes do."""
    return any(
        part and all(type(name) is str and _read(holder, name) is part[name] for name in part)
        for part in gc.get_referents(holder)
        if type(part) is dict
    )


def _guesses(holders: list[Any]) -> Iterator[list[str]]:
    """Yield what may be the names of all attributes; first those that the class's code assigns.

    To read these asks no instance for its dict.
    """
    functions = (
        attribute
        for base in mro_of(type(holders[0]))
        for attribute in class_attributes(base).values()
        if type(attribute) is types.FunctionType
    )
    stored = {name: None for each in functions for name in names_stored(each.__code__)}
    sample = holders[: _SAMPLES[-1]]
    yield [name for name in stored if any(_read(each, name) is not MISSING for each in sample)]
    for count in _SAMPLES:
        yield _attribute_names(holders[:count])


def _attribute_names(sample: list[Any]) -> list[str]:
    """Return the names of attributes, as far as a few of the holders have them.

    Not all are asked: the dict that is made to answer stays, and makes its instance slower.
    """
    names: dict[str, None] = {}
    for holder in sample:
        names.update(dict.fromkeys(name for name in dict_of(holder) or {} if type(name) is str))
    return list(names)


def _read_attribute(holders: list[Any], name: str) -> OwnList[Any] | None:
    """Read an attribute of many instances past their class's code; None if it is not just theirs.

    MISSING stands where an instance has none.
    """
    cls = type(holders[0])
    if find_attribute(cls, name) is not None:
        return None
    plain = name.isidentifier() and not keyword.iskeyword(name) and is_plain_read(cls)
    if plain and find_attribute(cls, "__getattr__") is None:
        try:
            # What the interpreter specialises takes a quarter of the time of a call.
            return OwnList(_comprehension(name)(holders))
        except AttributeError:
            pass
    return OwnList(map(_read, holders, repeat(name)))


def _comprehension(name: str) -> Callable[[list[Any]], list[Any]]:
    made: Callable[[list[Any]], list[Any]] = eval(  # noqa: S307 - the name is an identifier
        f"lambda holders: [holder.{name} for holder in holders]", {}
    )
    return made


def _read(holder: Any, name: str) -> Any:
    try:
        return object.__getattribute__(holder, name)
    except AttributeError:
        return MISSING


def _count_references(repointing: Repointing, holders: list[Any]) -> int:
    """Count all references to losers, by whatever name."""
    is_loser, remaining = repointing.survivors.__contains__, iter(holders)
    count = 0
    while chunk := list(islice(remaining, _CHUNK)):
        count += sum(map(is_loser, map(id, gc.get_referents(*chunk))))
    return count


def _repoint_dicts(repointing: Repointing, dicts: OwnList[Any]) -> OwnList[Any]:
    survivors, others = repointing.survivors, OwnList[Any]()
    rehashed = repointing.rehashed.keys()
    are_no_keys = (rehashed | survivors.keys() if rehashed else survivors.keys()).isdisjoint
    targets, keys, news, olds = OwnList(), OwnList(), OwnList(), OwnList()  # type: ignore[var-annotated]
    apart = repointing.skipped | repointing.kept.keys() | repointing.by_id
    for each in dicts:
        if "__module__" in each or id(each) in apart or not are_no_keys(map(id, each)):
            others.append(each)
            continue
        if any(type(key) is int and key in survivors for key in each):
            others.append(each)  # a table by identity
            continue
        for key, value in each.items():
            if id(value) in survivors:
                targets.append(each)
                keys.append(key)
                news.append(survivors[id(value)])
                olds.append(value)
    if any(map(is_, news, repeat(GONE))):
        return dicts
    if targets:
        repointing.count("dict value", len(targets))
        repointing.steps.set_items(targets, keys, news, olds)
    return others
