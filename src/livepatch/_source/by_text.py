"""Globals that a source binds by their names as texts: ``globals()["x"] = 1``, ``exec("x = 1")``.

No statement says so; which ones these are is read from the texts in the statements that may do it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from typing import Any

from livepatch._python.code import codes_in, nested_codes
from livepatch._python.opcodes import NAMED, OP
from livepatch._source.outline import OTHER_MEANS, Outline, outline

ASKS_FOR_MODULES = frozenset(("import_module", "__import__", "modules"))
# By these a name is asked for as a text.
ASKS_BY_TEXT = ASKS_FOR_MODULES.union(
    ("getattr", "hasattr", "vars", "attrgetter", "methodcaller", "__dict__")
)
RUNS_TEXTS = frozenset(("exec", "eval"))
_NONE: frozenset[str] = frozenset()
Statement = tuple[Any, ...]
# What a statement ends with that binds no name.
_ENDS = frozenset(
    OP[name] for name in ("POP_TOP", "STORE_SUBSCR", "STORE_ATTR", "DELETE_SUBSCR") if name in OP
)


def names_by_text(source: Outline) -> frozenset[str]:
    """Return the names that a module may bind by their texts, in its statements or by its calls."""
    if not source.has_other_means:
        return _NONE  # nearly every module
    return frozenset(name for each in _binders(source) for name in _names_in(each))


def names_in_text(text: str, context: type[ast.expr_context]) -> Iterator[str]:
    """Yield the names that a text reads, or binds, if it is a source: ``exec("x = hit()")``."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for each in ast.walk(tree):
        if isinstance(each, ast.Name) and isinstance(each.ctx, context):
            yield each.id


def modules_asked_for(source: Outline) -> Iterator[str]:
    """Yield texts by which a source may ask for modules: ``importlib.import_module(".config")``."""
    code = source.scopes[()].code
    for each in (code, *nested_codes(code)):
        if not ASKS_FOR_MODULES.isdisjoint(each.co_names):
            yield from (text for text in each.co_consts if type(text) is str)


def no_longer_bound_by(old: Outline, new: Outline) -> bool:
    """Whether a statement by which the old source may bind such names is gone, or an input of it.

    Which ones may have been computed: ``for name in NAMES: globals()[name] = make(name)``.
    """
    before = Counter(said) if (said := list(_said_by_binders(old))) else None
    return bool(before and before - Counter(_said_by_binders(new)))


def _said_by_binders(source: Outline) -> Iterator[Statement]:
    """Yield what the statements say that may bind names so, and those that bind what they use."""
    shells = source.scopes[()].shells
    waiting = list(_binders(source))
    seen: set[str] = set()
    for statement in waiting:
        yield statement
        loads = _loads(statement) - seen
        waiting += (shell.fingerprint for name in loads for shell in shells.get(name, ()))
        seen |= loads


def _binders(source: Outline) -> Iterator[Statement]:
    """Yield what statements say that use such means, or call functions that do."""
    if not source.has_other_means:
        return  # nearly every module
    scope = source.scopes[()]
    codes = codes_in(scope.code)
    calls = {each.co_name for each in codes if not OTHER_MEANS.isdisjoint(each.co_names)}
    means = OTHER_MEANS | calls
    for shells in scope.shells.values():
        for shell in shells:
            if not means.isdisjoint(shell.loads):
                found = statements_in(shell.fingerprint)
                yield from (each for each in found if not means.isdisjoint(_loads(each)))


def statements_in(fingerprint: Statement) -> Iterator[Statement]:
    """Cut what stands before a binding into its statements."""
    begin = 0
    for place, part in enumerate(fingerprint):
        if isinstance(part, tuple) and part[0] in _ENDS:
            yield fingerprint[begin : place + 1]
            begin = place + 1
    yield fingerprint[begin:]


def _loads(statement: Statement) -> set[str]:
    named = (part for part in statement if isinstance(part, tuple) and part[0] in NAMED)
    return {part[1] for part in named}


def _names_in(statement: Statement) -> Iterator[str]:
    runs_texts = "exec" in _loads(statement)
    for part in statement:
        if not isinstance(part, tuple):
            continue
        if part[0] == "text" and part[1].isidentifier():
            yield part[1]
        elif part[0] == "text" and runs_texts:
            yield from _names_said(part[1])
        elif part[0] == "constant" and part[1][:1] == "(":
            # The names of a call's arguments: ``globals().update(x=1)``.
            yield from (each for each in _texts(part[1]) if each.isidentifier())


def _names_said(text: str) -> Iterator[str]:
    try:
        code = compile(text, "<text>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    yield from outline(code).scopes[()].shells


def _texts(said: str) -> Iterator[str]:
    try:
        value = ast.literal_eval(said)
    except (ValueError, SyntaxError):
        return
    yield from (each for each in value if type(each) is str)
