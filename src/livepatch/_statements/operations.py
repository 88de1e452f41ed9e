"""Which special methods operations call: ``a + b`` asks for ``__add__`` and for ``__radd__``.

An operation is told by its instruction, or by the name of the function that does it: ``len``.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import pairwise
from types import CodeType

from livepatch._python.code import instructions
from livepatch._python.opcodes import JUMPS, OP

CALLS_FOUND = "__call__"
"""A call of what a variable, an item or another call gives, rather than of a global's name."""
CALLS = "__()__"
"""A call of anything."""

# As BINARY_OP numbers them (CPython: Include/opcode.h, NB_ADD); 3.10 has two opcodes for each.
_BINARY = (
    ("add", "ADD"),
    ("and", "AND"),
    ("floordiv", "FLOOR_DIVIDE"),
    ("lshift", "LSHIFT"),
    ("matmul", "MATRIX_MULTIPLY"),
    ("mul", "MULTIPLY"),
    ("mod", "MODULO"),
    ("or", "OR"),
    ("pow", "POWER"),
    ("rshift", "RSHIFT"),
    ("sub", "SUBTRACT"),
    ("truediv", "TRUE_DIVIDE"),
    ("xor", "XOR"),
)
_COMPARED = {
    "<": ("lt", "gt"),
    "<=": ("le", "ge"),
    "==": ("eq",),
    "!=": ("ne", "eq"),
    ">": ("gt", "lt"),
    ">=": ("ge", "le"),
}
_COMPARE_SHIFT = 5 if sys.version_info >= (3, 13) else 4 if sys.version_info >= (3, 12) else 0
_ITERATED = ("iter", "next", "getitem")
_HASHED = ("hash", "eq")
_TRUE = ("bool", "len")
_SAID = ("format", "str", "repr")
_READ = ("getattribute", "getattr", "get")
_REDUCED = ("reduce", "reduce_ex", "getstate", "getnewargs", "getnewargs_ex", "setstate")
_ENTERED = ("enter", "exit", "aenter", "aexit")  # LOAD_SPECIAL numbers them so, since 3.14
_BY_NAME_OF_OPCODE: dict[str, tuple[str, ...]] = {
    "BINARY_SLICE": ("getitem",),
    "BINARY_SUBSCR": ("getitem", "class_getitem", "missing", "index", *_HASHED),
    "STORE_SLICE": ("setitem",),
    "STORE_SUBSCR": ("setitem", "index", *_HASHED),
    "DELETE_SUBSCR": ("delitem", "index", *_HASHED),
    "CONTAINS_OP": ("contains", *_ITERATED, *_HASHED),
    "UNARY_INVERT": ("invert",),
    "UNARY_NEGATIVE": ("neg",),
    "UNARY_POSITIVE": ("pos",),
    "UNARY_NOT": _TRUE,
    "TO_BOOL": _TRUE,
    **dict.fromkeys((dis.opname[each] for each in JUMPS if "_IF_" in dis.opname[each]), _TRUE),
    **dict.fromkeys(("FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC", "CONVERT_VALUE"), _SAID),
    **dict.fromkeys(("GET_ITER", "GET_YIELD_FROM_ITER", "FOR_ITER"), _ITERATED),
    **dict.fromkeys(("UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "SET_UPDATE"), _ITERATED),
    **dict.fromkeys(("DICT_UPDATE", "DICT_MERGE"), _ITERATED),
    **dict.fromkeys(("BUILD_SET", "BUILD_MAP", "BUILD_CONST_KEY_MAP"), _HASHED),
    **dict.fromkeys(("SET_ADD", "MAP_ADD"), _HASHED),
    **dict.fromkeys(("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"), _READ),
    "STORE_ATTR": ("setattr", "set"),
    "DELETE_ATTR": ("delattr", "delete"),
    "SETUP_WITH": _ENTERED[:2],
    "BEFORE_WITH": _ENTERED[:2],
    "BEFORE_ASYNC_WITH": _ENTERED[2:],
    "GET_AWAITABLE": ("await",),
    "GET_AITER": ("aiter",),
    "GET_ANEXT": ("anext",),
    "MATCH_CLASS": ("instancecheck", "eq"),
    # Since 3.11 a global that is called, and a method, need no NULL of their own.
    "PUSH_NULL": ("call",),
    **dict.fromkeys(("CALL", "CALL_KW", "CALL_METHOD"), ("()",)),
    **dict.fromkeys(("CALL_FUNCTION", "CALL_FUNCTION_KW"), ("()", "call")),  # until 3.10
    "CALL_FUNCTION_EX": (*_ITERATED, "()") if "PUSH_NULL" in OP else (*_ITERATED, "()", "call"),
}
# Binary operations and intrinsics of later Pythons (INTRINSIC_UNARY_POSITIVE, NB_SUBSCR).
_NUMBERED = (
    ("BINARY_OP", 2 * len(_BINARY), _BY_NAME_OF_OPCODE["BINARY_SUBSCR"]),
    ("CALL_INTRINSIC_1", 5, ("pos",)),
    *(("LOAD_SPECIAL", number, (name,)) for number, name in enumerate(_ENTERED)),
)
_ITERATING = (
    *("list", "tuple", "set", "frozenset", "dict", "sorted", "min", "max", "sum", "all", "any"),
    *("map", "filter", "zip", "enumerate", "join", "extend", "update", "deque", "Counter"),
    *("reversed", "iter", "chain", "nsmallest", "nlargest", "bytes", "bytearray"),
)
# What the functions of these names ask for, but for those that are called like it: len, __len__.
_BY_FUNCTION: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("print", "ascii"), _SAID),
    **dict.fromkeys(("sorted", "min", "max", "sort", "nsmallest", "nlargest"), ("lt", "gt")),
    **dict.fromkeys(("index", "count", "remove"), ("eq", "index")),
    **dict.fromkeys(("bin", "hex", "oct", "range", "float", "int", "complex"), ("index",)),
    **dict.fromkeys(("getattr", "hasattr"), _READ),
    **dict.fromkeys(("open", "Path", "fspath"), ("fspath",)),
    **dict.fromkeys(("get", "setdefault", "pop", "add", "discard", "Counter"), _HASHED),
    **dict.fromkeys(("set", "frozenset", "dict"), _HASHED),
    **dict.fromkeys(("copy", "deepcopy", "dumps", "dump"), _REDUCED),
    "replace": ("init", "post_init"),
    **dict.fromkeys(("all", "any", "filter"), _TRUE),
    "sum": ("add", "radd"),
    "divmod": ("rdivmod",),
    "pow": ("rpow",),
    "setattr": ("set",),
    "delattr": ("delete",),
    "isinstance": ("instancecheck",),
    "issubclass": ("subclasscheck",),
    "contains": (*_ITERATED, *_HASHED),
    "run": ("await",),
    "gather": ("await",),
}
# Whom Python asks where a class lacks the method.
_NEXT = {
    "__str__": ("__repr__",),
    "__format__": ("__str__", "__repr__"),
    "__bool__": ("__len__",),
    "__ne__": ("__eq__",),
    "__int__": ("__index__", "__trunc__"),
    "__reversed__": ("__getitem__", "__len__"),
}


def _special(names: Iterable[str]) -> frozenset[str]:
    return frozenset(f"__{name}__" for name in names)


Instruction = tuple[int, int]


def _by_argument() -> Iterator[tuple[Instruction, frozenset[str]]]:
    """Yield the instructions that say by their argument what they do."""
    for number, (name, opname) in enumerate(_BINARY):
        # A text may be the other operand: "%s" % value.
        plain = _special((name, f"r{name}", *(_SAID[1:] if name == "mod" else ())))
        for place, meant in ((number, plain), (number + len(_BINARY), plain | {f"__i{name}__"})):
            if "BINARY_OP" in OP:
                yield (OP["BINARY_OP"], place), meant
            else:
                which = "BINARY" if meant is plain else "INPLACE"
                yield (OP[f"{which}_{opname}"], 0), meant
    for opname, number, names in _NUMBERED:
        if opname in OP:
            yield (OP[opname], number), _special(names)
    for argument in range(256):
        place = argument >> _COMPARE_SHIFT
        if place < len(dis.cmp_op):
            yield (OP["COMPARE_OP"], argument), _special(_COMPARED[dis.cmp_op[place]])


_ASKED: dict[str, frozenset[str]] = {name: frozenset(asked) for name, asked in _NEXT.items()}
for _name in (*_BY_FUNCTION, *_ITERATING, *(each.strip("_") for each in _NEXT)):
    _iterated = _ITERATED if _name in _ITERATING else ()
    _ASKED[_name] = _special((_name, *_iterated, *_BY_FUNCTION.get(_name, ())))
_HAS_NULL_WITH_GLOBAL = (3, 11) <= sys.version_info < (3, 13)
_HAS_NULL_BEHIND = sys.version_info >= (3, 13)
_BY_OPCODE = {OP[name]: _special(names) for name, names in _BY_NAME_OF_OPCODE.items() if name in OP}
_BY_ARGUMENT = dict(_by_argument())
_NOTHING: frozenset[str] = frozenset()
# What an operator asks for of its operands: no call, no attribute and no loop.
_OF_OPERATORS = _special(
    (
        *(f"{before}{name}" for name, _ in _BINARY for before in ("", "r", "i")),
        *(name for names in _COMPARED.values() for name in names),
        *("invert", "neg", "pos", "getitem", "class_getitem", "contains", "str", "repr", "format"),
    )
)


def operators(said: Iterable[Instruction]) -> set[str]:
    """Return those that operators ask for alone: ``RATE + 1``, ``-RATE``, ``Table[int]``."""
    return operations(said) & _OF_OPERATORS


def operations(said: Iterable[Instruction]) -> set[str]:
    """Return the special methods that instructions ask for.

    >>> def more(a): return a + 1
    >>> sorted(operations_of(more.__code__))
    ['__add__', '__radd__']
    """
    found: set[str] = set()
    for each in set(said):
        found |= _BY_ARGUMENT.get(each) or _BY_OPCODE.get(each[0], _NOTHING)
    return found


def operations_of(code: CodeType) -> set[str]:
    """Return the special methods that the instructions of a function ask for."""
    raw = code.co_code
    found = operations(zip(raw[::2], raw[1::2]))
    if _HAS_NULL_WITH_GLOBAL and CALLS_FOUND not in found and _calls_behind_global(code):
        found.add(CALLS_FOUND)
    if _HAS_NULL_BEHIND and CALLS_FOUND in found and not _has_null_behind_another(code):
        found.discard(CALLS_FOUND)
    return found


def _calls_behind_global(code: CodeType) -> bool:
    """Whether code calls an item or a result that it begins to seek at a global: ``R[key]()``.

    3.11 and 3.12 push a call's NULL before all that leads to what is called, and with the global.
    """
    depth = 0  # of the stack, from that global on
    for opcode, argument in instructions(code):
        if opcode == OP["LOAD_GLOBAL"] and argument & 1:
            depth = 1
        elif depth > 0:
            is_method = opcode == OP.get("LOAD_METHOD", OP["LOAD_ATTR"]) and (
                "LOAD_METHOD" in OP or argument & 1
            )
            if is_method and depth == 1:
                return True
            has_argument = opcode >= dis.HAVE_ARGUMENT
            depth += dis.stack_effect(opcode, argument if has_argument else None)
            if depth == 1 and opcode == OP["BINARY_SUBSCR"]:
                return True
    return False


def _has_null_behind_another(code: CodeType) -> bool:
    """Whether code calls something else than an attribute of what is imported: ``os.getcwd()``.

    Since 3.13 a call's NULL comes behind what is called.
    """
    said = [opcode for opcode, _ in instructions(code)]
    return any(
        then == OP["PUSH_NULL"] and opcode != OP["LOAD_ATTR"] for opcode, then in pairwise(said)
    )


def asked_by(names: AbstractSet[str]) -> set[str]:
    """Return the special methods that functions of some names ask for, and those asked instead.

    >>> sorted(asked_by({"sum", "__bool__"}))
    ['__add__', '__getitem__', '__iter__', '__len__', '__next__', '__radd__', '__sum__']
    """
    found: set[str] = set()
    for name in filter(_ASKED.__contains__, names):
        found |= _ASKED[name]
    return found
