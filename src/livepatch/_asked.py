"""What a module's code asks for before it binds it: what the namespace has already, then."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dis import EXTENDED_ARG
from types import CodeType

from livepatch._kinds import is_special
from livepatch._opcodes import OP

NAMESPACES = frozenset({"globals", "vars", "locals"})
# By these and a text a source asks what there is by that name.
_BY_TEXT = NAMESPACES | {"__dict__", "dir", "getattr", "hasattr"}
_LOAD, _STORE = OP["LOAD_NAME"], OP["STORE_NAME"]


def reads_first(code: CodeType, name: str) -> bool:
    """Whether a module's code reads a global before it binds it, as far as the code shows."""
    if type(name) is not str or name not in code.co_names or is_special(name):
        return False
    index = code.co_names.index(name)
    read, bound = (_find(code.co_code, opcode, index) for opcode in (_LOAD, _STORE))
    return read is not None and (bound is None or read < bound)


def _find(raw: bytes, opcode: int, index: int) -> int | None:
    """Return where an instruction with that argument stands first; None if nowhere."""
    high, low = divmod(index, 0x100)
    wanted = bytes((EXTENDED_ARG, high, opcode, low) if high else (opcode, low))
    place = raw.find(wanted)
    while place != -1:
        extended = place and raw[place - 2] == EXTENDED_ARG
        if place % 2 == 0 and not (extended and not high):
            return place
        place = raw.find(wanted, place + 1)
    return None


def not_asked_for(code: CodeType, names: AbstractSet[str]) -> set[str]:
    """Return those of some names that a module's code does not ask for before it binds them.

    ``if "CACHE" not in globals(): CACHE = {}`` asks, and so does ``try: CACHE``.
    """
    by_text = not _BY_TEXT.isdisjoint(code.co_names)
    asked = texts_in(code.co_consts) if by_text and names else frozenset[str]()
    return {name for name in names - asked if not (is_special(name) or reads_first(code, name))}


def texts_in(constants: tuple[object, ...]) -> frozenset[str]:
    """Return the texts among constants, and in tuples among them."""
    return frozenset(_texts(constants))


def _texts(constants: tuple[object, ...]) -> Iterator[str]:
    for constant in constants:
        if type(constant) is str:
            yield constant
        elif type(constant) is tuple:
            yield from _texts(constant)
