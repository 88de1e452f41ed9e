"""Keys that are the ``id`` of an instance that is made anew: who asks with the new one finds them.

A number in the place of a key, equal to the address of an object that lives, is no chance: in a
program with a million instances and as many other numbers of this size (hashes, say), two are equal
once in a million runs. Elsewhere (an attribute, an item of a list) a number may be anything, and
nobody finds anything by it: those stay.
"""

from __future__ import annotations

import types
import weakref
from collections.abc import Callable, Iterable
from itertools import compress
from operator import is_not
from typing import Any

from livepatch._holders.context import GONE, Repointing
from livepatch._python.kinds import dict_descriptor, is_empty
from livepatch._python.own import OwnDict, OwnList


def goes_by_id(repointing: Repointing, key: Any) -> bool:
    """Whether a key is the ``id`` of an instance that is made anew, or a tuple with one."""
    if type(key) is int:
        return repointing.is_made_anew(key)
    is_tuple = issubclass(type(key), tuple)
    return is_tuple and any(goes_by_id(repointing, part) for part in tuple.__iter__(key))


def with_new_ids(repointing: Repointing, key: Any) -> Any:
    """Return a key in which each ``id`` of an instance that is made anew is that of the new one."""
    if type(key) is int:
        return id(repointing.survivors[key]) if repointing.is_made_anew(key) else key
    if issubclass(type(key), tuple):
        parts = tuple(tuple.__iter__(key))
        settled = _exchanged(parts, lambda part: with_new_ids(repointing, part))
        return key if settled is parts else _like(key, settled)
    return key


def _like(key: Any, parts: tuple[Any, ...]) -> Any:
    """Return a tuple of the same class as another one, a named one say, with other parts."""
    made: Any = tuple.__new__(type(key), parts)
    attributes = dict_descriptor(type(key))
    if attributes is not None:
        attributes.__set__(made, attributes.__get__(key))
    return made


def settled_keys(repointing: Repointing, olds: list[Any], settled: Iterable[Any]) -> OwnList[Any]:
    """Return the keys of a table that goes by ``id`` as they are to be.

    An ``id`` that is there already is that of an object that died, and whose place in memory the
    new instance has taken: it goes.

    Args:
        repointing: takes the count.
        olds: the keys.
        settled: the same, the survivors in the place of the losers among them.
    """
    news: OwnList[Any] = OwnList(with_new_ids(repointing, key) for key in settled)
    repointing.count("id", sum(with_new_ids(repointing, key) is not key for key in olds))
    moved = list(map(is_not, news, olds))
    taken = OwnDict.fromkeys(filter(_is_plain, compress(news, moved)))
    return OwnList(
        GONE if not is_moved and _is_plain(key) and key in taken else key
        for key, is_moved in zip(news, moved)
    )


def repoint_callback(repointing: Repointing, callback: Any, old: int, new: int) -> None:
    """Let what is called when an instance dies know its new ``id``: it is to leave a table, say.

    Args:
        repointing: takes the steps.
        callback: of a weak reference to the instance.
        old: the instance's id.
        new: that of the one that takes its place.
    """

    def settle(value: Any) -> Any:
        return new if type(value) is int and value == old else value

    way = _CALLBACKS.get(type(callback))
    if way is not None and new != old:
        way(repointing, callback, settle)


def _repoint_function(
    repointing: Repointing, function: types.FunctionType, settle: Callable[[Any], Any]
) -> None:
    for name in ("__defaults__", "__kwdefaults__"):
        _set_settled(repointing, function, name, settle)
    for cell in function.__closure__ or ():
        if not is_empty(cell) and settle(cell.cell_contents) is not cell.cell_contents:
            repointing.count("id")
            repointing.steps.set_cell(cell, settle(cell.cell_contents), cell.cell_contents)


def _repoint_finalizer(
    repointing: Repointing, finalizer: weakref.finalize[..., Any], settle: Callable[[Any], Any]
) -> None:
    entry = type(finalizer)._registry.get(finalizer)  # type: ignore[attr-defined]  # noqa: SLF001
    for name in ("args", "kwargs") if entry is not None else ():
        _set_settled(repointing, entry, name, settle)


def _set_settled(
    repointing: Repointing, holder: Any, name: str, settle: Callable[[Any], Any]
) -> None:
    before = getattr(holder, name)
    after = _exchanged(before, settle)
    if after is not before:
        repointing.count("id")
        repointing.steps.set_attribute(holder, name, after, before)


def _exchanged(values: Any, settle: Callable[[Any], Any]) -> Any:
    """Return a tuple, or a dict by names, with other values; the same one if all are the same."""
    if type(values) is dict:
        settled = {name: settle(value) for name, value in values.items()}
        moved = any(map(is_not, settled.values(), values.values()))
    elif type(values) is tuple:
        settled = tuple(map(settle, values))  # type: ignore[assignment]
        moved = any(map(is_not, settled, values))
    else:
        return values
    return settled if moved else values


def _is_plain(key: Any) -> bool:
    """Whether a key may be asked for its hash: no code of the program answers."""
    return type(key) in (int, str) or (type(key) is tuple and all(map(_is_plain, key)))


_CALLBACKS: dict[type, Callable[[Repointing, Any, Callable[[Any], Any]], None]] = {
    types.FunctionType: _repoint_function,
    weakref.finalize: _repoint_finalizer,
}
