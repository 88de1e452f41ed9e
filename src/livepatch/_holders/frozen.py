"""Frozensets that are built anew now, and whose members are asked for their hashes later.

A member's hash may need what only the whole change brings: a default factory's value, what a hook
sets, other code. So the new frozenset has the old members at first, with the hashes they had, and
exchanges its insides for those of another one in the end. Nobody but livepatch knows it before.
"""

from __future__ import annotations

import collections
import ctypes
from collections.abc import Iterable
from typing import Any

from livepatch._match.shapes import shape_of
from livepatch._python.kinds import dict_descriptor
from livepatch._python.layout import slot_value
from livepatch._python.own import MISSING

_WORD = ctypes.sizeof(ctypes.c_void_p)
_word = ctypes.c_size_t.from_address
# PySetObject (Include/cpython/setobject.h): fill, used, mask, table, hash, finger, a small table of
# eight entries, and the list of weak references, which stays with the object.
_START = object.__basicsize__
_TABLE = _START + 3 * _WORD
_SMALL_TABLE = _START + 6 * _WORD
_END = _SMALL_TABLE + 8 * 2 * _WORD
_Insides: Any = ctypes.c_char * (_END - _START)
_set_raw = _Insides.raw.__set__


def another_frozenset(holder: frozenset[Any], cls: type, members: Iterable[Any]) -> Any:
    """Return another frozenset in the place of one.

    Args:
        holder: the frozenset.
        cls: the class of the other one, which has its attributes as well.
        members: the members; those of a frozenset are not asked for their hashes.
    """
    if cls is frozenset:
        same = members is holder  # of which the class would give itself
        return frozenset.__or__(holder, frozenset()) if same else frozenset(members)
    other: Any = frozenset.__new__(cls, members)
    attributes = dict_descriptor(type(holder))
    if attributes is not None and dict_descriptor(cls) is not None:
        # The dict itself: what it holds may be built anew as well, in a circle even.
        dict_descriptor(cls).__set__(other, attributes.__get__(holder))
    after = shape_of(cls).slots
    for name, slot in shape_of(type(holder)).slots.items():
        value = slot_value(slot, holder)
        if value is not MISSING and name in after:
            after[name].__set__(other, value)
    return other


def fill_frozen(frozen: frozenset[Any], members: list[Any]) -> None:
    """Give a frozenset other members, which are asked for their hashes: one at least."""
    _exchange(frozen, frozenset(members))


def _exchange(one: frozenset[Any], other: frozenset[Any]) -> None:
    """Exchange the insides of two frozensets, as CPython's set_swap_bodies does."""
    addresses = id(one), id(other)
    insides = [_Insides.from_address(address + _START) for address in addresses]
    theirs = [_with_table_at(here, there) for there, here in zip(addresses, reversed(addresses))]
    # In C: an interrupt between the two would leave one table with two owners.
    collections.deque(map(_set_raw, insides, theirs), maxlen=0)


def _with_table_at(here: int, there: int) -> bytes:
    """Return the insides of the frozenset here, as they are to be there."""
    insides = bytearray(_Insides.from_address(here + _START).raw)
    if _word(here + _TABLE).value == here + _SMALL_TABLE:
        at = _TABLE - _START
        insides[at : at + _WORD] = bytes(ctypes.c_size_t(there + _SMALL_TABLE))
    return bytes(insides)


def _is_fillable() -> bool:
    """Whether the insides are where they are known to be."""
    if frozenset.__basicsize__ != _END + _WORD:
        return False
    small, large = frozenset(map(str, range(3))), frozenset(map(str, range(1000)))
    for each, count in ((small, 3), (large, 1000)):
        fill, used, mask = (_word(id(each) + _START + index * _WORD).value for index in range(3))
        is_small = _word(id(each) + _TABLE).value == id(each) + _SMALL_TABLE
        if fill != count or used != count or mask < count or is_small is not (each is small):
            return False
    members = [list(small), list(large)]
    _exchange(small, large)
    return [set(small), set(large)] == [set(members[1]), set(members[0])]


IS_FILLABLE = _is_fillable()
"""Whether a frozenset can be filled late."""
