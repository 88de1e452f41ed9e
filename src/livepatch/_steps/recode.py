"""Give functions other code, so that calls of them are as fast afterwards as before.

CPython specialises a call for the version of its function, and to set a function's code takes its
version away. Up to 3.12 the next call gives it a new one. Since 3.13 (Objects/funcobject.c,
_PyFunction_ClearVersion) nothing does, and calls stay some 15 % slower for ever. There a function's
version is that of the code it was made from (Python/bytecodes.c, MAKE_FUNCTION), so a function is
given the version of its new code: then it is what a new function of that code would be.
"""

from __future__ import annotations

import ctypes
import itertools
import sys
from collections.abc import Callable, Iterator
from types import CellType, CodeType, FunctionType
from typing import Any

_set_code: Callable[[FunctionType, CodeType], None] = FunctionType.__dict__["__code__"].__set__
_word = ctypes.c_uint32.from_address
# PyFunctionObject.func_version is its last field, and padding follows (funcobject.h).
_OF_FUNCTION = FunctionType.__basicsize__ - ctypes.sizeof(ctypes.c_void_p)
# PyCodeObject.co_version stands behind its header, three pointers and eleven ints (cpython/code.h).
_WORD_SIZE = ctypes.sizeof(ctypes.c_void_p)
_OF_CODE = object.__basicsize__ + 4 * _WORD_SIZE + 11 * ctypes.sizeof(ctypes.c_int)
_FUNCTIONS_HAVE_THAT_OF_THEIR_CODE = sys.version_info >= (3, 13)
_NO_VERSION = 1  # or 0, which was what 3.13 set


def codes_set(functions: list[FunctionType], codes: list[CodeType]) -> Iterator[Any]:
    """Return an iterator that gives each of some functions its code as it is gone through."""
    calls: Iterator[Any] = map(_set_code, functions, codes)
    if not _VERSIONS_ARE_READABLE:
        return calls
    words = map(_word, [id(function) + _OF_FUNCTION for function in functions])
    versions = map(_version_of_code, codes)
    return itertools.chain(calls, map(setattr, words, itertools.repeat("value"), list(versions)))


def _version_of_function(function: FunctionType) -> int:
    return _word(id(function) + _OF_FUNCTION).value


def _version_of_code(code: CodeType) -> int:
    return _word(id(code) + _OF_CODE).value


def _are_versions_readable() -> bool:
    """Whether the versions are where they are known to be: functions made for it behave so."""
    if not _FUNCTIONS_HAVE_THAT_OF_THEIR_CODE:
        return False

    def one() -> int:
        return 1

    def other() -> int:
        return 2

    probes: list[Any] = [one, other]
    first, second = probes
    versions = [_version_of_code(each.__code__) for each in probes]
    if versions[0] == versions[1] or not all(version > _NO_VERSION for version in versions):
        return False
    if [_version_of_function(each) for each in probes] != versions:
        return False
    first.__code__ = second.__code__
    return _version_of_function(first) <= _NO_VERSION < _version_of_function(second)


_VERSIONS_ARE_READABLE = _are_versions_readable()


def with_code(function: FunctionType, code: CodeType, cells: dict[str, CellType]) -> FunctionType:
    """Build a function anew around other code; its variables are the same cells."""
    successor = FunctionType(
        code,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        tuple(cells[name] for name in code.co_freevars),
    )
    for name in _COPIED:
        setattr(successor, name, getattr(function, name))
    successor.__dict__.update(function.__dict__)
    return successor


_COPIED = (
    "__kwdefaults__",
    "__doc__",
    "__qualname__",
    "__module__",
    # Since 3.14 annotations are evaluated when they are asked for (PEP 649), and may not be yet.
    "__annotate__" if sys.version_info >= (3, 14) else "__annotations__",
    *(("__type_params__",) if sys.version_info >= (3, 12) else ()),
)
