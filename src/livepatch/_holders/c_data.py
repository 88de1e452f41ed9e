"""What ctypes objects keep: references in C memory, and a dict that keeps what is there alive.

The dict is found like any other. To exchange what is in it and not the reference in memory would
free an object that C code, or the next look at the array, still uses.
"""

from __future__ import annotations

import _ctypes
import ctypes
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from livepatch._holders.context import Repointing
from livepatch._python.among import objects_whose_type
from livepatch._python.kinds import class_attributes, mro_of
from livepatch._python.own import Call, OwnDict, OwnList

C_DATA: Any = _ctypes._SimpleCData.__base__  # noqa: SLF001
objects_kept_by: Any = C_DATA._objects.__get__  # noqa: SLF001
_value = class_attributes(_ctypes._SimpleCData)["value"]  # noqa: SLF001
_POINTER: Any = _ctypes._Pointer  # noqa: SLF001
# Indices of fields and items in hexadecimal, the innermost first (Modules/_ctypes, unique_key); a
# cast adds the id of what was cast.
_is_key = re.compile(r"[0-9a-f]+(:[0-9a-f]+)*").fullmatch
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A ctypes object whose memory refers to what is in a dict.

    Attributes:
        owner: the object.
        path: the indices that lead to the part of it that the dict is about.
    """

    owner: Any
    path: tuple[int, ...]


def keepers_of(dicts: Iterable[dict[Any, Any]]) -> OwnDict[int, OwnList[Kept]]:
    """Find the ctypes objects by which dicts are kept, by the id of each such dict."""
    found: OwnDict[int, OwnList[Kept]] = OwnDict()
    suspects = {id(each) for each in dicts if _may_be_of_c_data(each)}
    if not suspects:
        return found
    for each in objects_whose_type(_is_c_data):
        for kept, path in _dicts_in(objects_kept_by(each), ()):
            if id(kept) in suspects:
                found.setdefault(id(kept), OwnList()).append(Kept(each, path))
    return found


def _is_c_data(kind: type) -> bool:
    return any(base is C_DATA for base in mro_of(kind))


def _may_be_of_c_data(candidate: dict[Any, Any]) -> bool:
    # That of what has been cast has numbers besides.
    keys = [key for key in candidate if type(key) is not int]
    return bool(keys) and all(type(key) is str and _is_key(key) for key in keys)


def _dicts_in(kept: Any, path: tuple[int, ...]) -> Iterator[tuple[dict[Any, Any], tuple[int, ...]]]:
    # A structure that is assigned to a field brings the dict of its own along.
    if type(kept) is dict and len(path) < _DEEPEST:
        yield kept, path
        for key, value in list(kept.items()):
            if type(value) is dict and type(key) is str:
                yield from _dicts_in(value, (*path, *_indices(key)))


def _indices(key: str) -> Iterator[int]:
    return (int(part, 16) for part in reversed(key.split(":")))


def repoint_kept(repointing: Repointing, holder: dict[Any, Any], keepers: OwnList[Kept]) -> None:
    """Exchange the losers in the memory of ctypes objects, and in the dict that keeps them.

    Where the memory holds something else than the dict says, both stay as they are.
    """
    for key, loser in list(holder.items()):
        if type(key) is not str or not repointing.is_loser(loser):
            continue
        places = OwnList(
            list(_places(each.owner, (*each.path, *_indices(key)), loser)) for each in keepers
        )
        if not all(map(_is_whole, keepers, places)):
            continue
        survivor = repointing.settle(loser)
        for function, *place in chain.from_iterable(places):
            repointing.steps.add(Call(function, *place, survivor), Call(function, *place, loser))
        repointing.steps.set_item(holder, key, survivor)
        repointing.count("ctypes object")


def _is_whole(kept: Kept, places: list[Any]) -> bool:
    """Whether the memory of a keeper has been found to hold what is to be exchanged.

    That of what has been cast is another keeper's of the same dict.
    """
    return bool(places) or isinstance(kept.owner, (_POINTER, _ctypes._SimpleCData))  # noqa: SLF001


def _places(part: Any, path: tuple[int, ...], loser: Any) -> Iterator[tuple[Any, ...]]:
    """Yield what sets each reference to a loser that a path may lead to, and where that is."""
    index, *further = path
    for read, write, place in _at(part, index):
        try:
            value = read(part, place)
        except (AttributeError, IndexError, ValueError):
            continue  # nothing there: another class's field has the index
        if not further:
            if value is loser:
                yield write, part, place
        elif _is_c_data(type(value)):
            yield from _places(value, tuple(further), loser)


def _at(part: Any, index: int) -> Iterator[tuple[Any, Any, Any]]:
    if isinstance(part, ctypes.Array):
        yield ctypes.Array.__getitem__, ctypes.Array.__setitem__, index
        return
    if isinstance(part, _POINTER):
        if index == 0 and part._type_ is ctypes.py_object:
            yield _POINTER.__getitem__, _POINTER.__setitem__, index
        return
    for base in mro_of(type(part)):
        # Each class of a hierarchy counts its own fields from 0.
        fields = class_attributes(base).get("_fields_", ())
        if index < len(fields):
            yield object.__getattribute__, object.__setattr__, fields[index][0]


def repoint_c_data(repointing: Repointing, holder: Any) -> None:
    """Exchange the object that a single reference in C memory leads to."""
    if isinstance(holder, ctypes.py_object):
        loser = objects_kept_by(holder)
        if repointing.is_loser(loser) and _value.__get__(holder) is loser:
            repointing.count("ctypes object")
            repointing.steps.add(
                Call(_value.__set__, holder, repointing.settle(loser)),
                Call(_value.__set__, holder, loser),
            )
