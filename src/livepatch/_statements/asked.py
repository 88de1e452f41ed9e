"""What a module's code asks for before it binds it: what the namespace has already, then."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dis import EXTENDED_ARG
from types import CodeType

from livepatch._python.code import instructions
from livepatch._python.kinds import is_special
from livepatch._python.opcodes import CONSTANT, JUMPS, NAME_SHIFT, NAMED, OP, STORES

NAMESPACES = frozenset({"globals", "vars", "locals"})
# By these and a text a source asks what there is by that name.
_BY_TEXT = NAMESPACES | {"__dict__", "dir", "getattr", "hasattr"}
_ALL = "__all__"
_ITERATES, _POP_TOP = OP["GET_ITER"], OP["POP_TOP"]
_MAKES_FUNCTION = {OP[name] for name in ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE") if name in OP}
_LOAD, _STORE = OP["LOAD_NAME"], OP["STORE_NAME"]


def reads_first(code: CodeType, name: str) -> bool:
    """Whether a module's code reads a global before it binds it, as far as the code shows."""
    if type(name) is not str or name not in code.co_names or is_special(name):
        return False
    index = code.co_names.index(name)
    read, bound = (_find(code.co_code, opcode, index) for opcode in (_LOAD, _STORE))
    return read is not None and (bound is None or read < bound)


def binds_first(code: CodeType, name: str) -> bool:
    """Whether a module's code binds a global, and does not read it before, as far as it shows."""
    if name not in code.co_names:
        return False
    index = code.co_names.index(name)
    read, bound = (_find(code.co_code, opcode, index) for opcode in (_LOAD, _STORE))
    return bound is not None and (read is None or bound < read)


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
    asked = texts_in(code.co_consts) & names if by_text and names else frozenset[str]()
    if asked:
        asked &= frozenset(_asked_in(code))
    return {name for name in names - asked if not (is_special(name) or reads_first(code, name))}


def _asked_in(code: CodeType) -> Iterator[str]:
    """Yield the texts by which a module's code may ask what there is.

    Not those by which it makes what it binds to that name (``class X``, ``X = TypeVar("X")``), nor
    what it says in ``__all__``, unless it goes through that.
    """
    texts: list[str] = []
    loads, before, loaded = set[str](), -1, ""
    for opcode, argument in (*instructions(code), (_STORE, -1)):
        name = ""
        if opcode in NAMED and argument >= 0:
            name = code.co_names[argument >> NAME_SHIFT.get(opcode, 0)]
        if opcode in CONSTANT and before not in _MAKES_FUNCTION:
            texts += _texts((code.co_consts[argument],))
        elif opcode in _MAKES_FUNCTION and before in CONSTANT and texts:
            texts.pop()  # the name of the function itself (3.10)
        elif opcode == _ITERATES and loaded == _ALL:
            yield from texts_in(code.co_consts)
        elif opcode in STORES or opcode in JUMPS or opcode == _POP_TOP:
            asks = not _BY_TEXT.isdisjoint(loads)
            if asks or _ALL not in (*loads, name):
                yield from (each for each in texts if asks or each != name)
            texts, loads, name = [], set(), ""
        loads |= {name} - {""}
        before, loaded = opcode, name


def texts_in(constants: tuple[object, ...]) -> frozenset[str]:
    """Return the texts among constants, and in tuples among them."""
    return frozenset(_texts(constants))


def _texts(constants: tuple[object, ...]) -> Iterator[str]:
    for constant in constants:
        if type(constant) is str:
            yield constant
        elif type(constant) is tuple:
            yield from _texts(constant)
