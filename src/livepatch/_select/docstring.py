"""Docstrings of functions, and that of a module: where it alone has changed, nothing else runs."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from itertools import compress
from operator import is_not
from types import CodeType
from typing import Any

from livepatch._source.scope import Scope
from livepatch._source.shell import Shell

# Until 3.13 a function without a docstring has None as its first constant.
_HAS_DOCSTRING = 0x4000000
DOCSTRING = frozenset({"__doc__"})


def new_docstring(before: Scope, after: Scope) -> str | None:
    """Return the text of a module's docstring, if nothing else that its scope says has changed."""
    if before.shells is after.shells or list(_said_anew(before, after)) != list(DOCSTRING):
        return None
    return _text_of(after.shells.get("__doc__", ()))


def docstring_code(scope: Scope, text: str, flags: int) -> CodeType:
    """Return the code that sets the docstring and does nothing else.

    Args:
        scope: of the module.
        text: the docstring.
        flags: of the compiler, of which those count that the module was compiled with.
    """
    tree = ast.fix_missing_locations(ast.Module([ast.Expr(ast.Constant(text))], []))
    filename, flags = scope.code.co_filename, scope.code.co_flags & flags
    code: CodeType = compile(tree, filename, "exec", flags=flags, dont_inherit=True)
    return code


def _said_anew(before: Scope, after: Scope) -> Iterator[str]:
    """Yield the names that a scope binds and that are not known to be bound as before."""
    if list(before.shells) != list(after.shells):
        return iter((*before.shells, *after.shells))
    return compress(after.shells, map(is_not, before.shells.values(), after.shells.values()))


def _text_of(shells: tuple[Shell, ...]) -> str | None:
    """Return the text that a name is bound to by one statement, which says no more; else None."""
    said: Any = shells[0].fingerprint if len(shells) == 1 else ()
    return said[0][1] if len(said) == 2 and said[0][0] == "text" else None  # noqa: PLR2004


def docstring_of(code: CodeType) -> str | None:
    """Return the docstring that a function made from a code is given."""
    if sys.version_info >= (3, 14) and not code.co_flags & _HAS_DOCSTRING:
        return None
    first = code.co_consts[0] if code.co_consts else None
    return first if type(first) is str else None
