"""The opcodes of this interpreter by what they do, and how to read their arguments."""

from __future__ import annotations

import dis
import sys

OP = dis.opmap
STORES = {OP[name] for name in ("STORE_NAME", "STORE_GLOBAL") if name in OP}
DELETES = {OP[name] for name in ("DELETE_NAME", "DELETE_GLOBAL") if name in OP}
NAMED = set(dis.hasname)
CONSTANT = set(dis.hasconst)
IMPORTS = {OP["IMPORT_NAME"], OP["IMPORT_FROM"]}
JUMPS = set(dis.hasjrel) | set(dis.hasjabs)
# The low bits of these arguments are flags (CPython: Lib/dis.py, _get_const_info and its neighbours).  # noqa: E501
NAME_SHIFT: dict[int, int] = {}
if sys.version_info >= (3, 11):
    NAME_SHIFT[OP["LOAD_GLOBAL"]] = 1
if sys.version_info >= (3, 12):
    NAME_SHIFT[OP["LOAD_ATTR"]] = 1
    NAME_SHIFT[OP["LOAD_SUPER_ATTR"]] = 2
# What the compiler puts into a class namespace by itself; it says where the class is, not what.
COMPILER_NAMES = frozenset({"__firstlineno__", "__static_attributes__", "__classdictcell__"})
