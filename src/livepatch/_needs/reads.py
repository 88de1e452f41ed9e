"""What the statements of a source read, those inside lambda expressions and texts as well."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from livepatch._needs.module_hooks import hooks_among
from livepatch._python.code import codes_in
from livepatch._source.by_text import ASKS_BY_TEXT, RUNS_TEXTS, names_in_text
from livepatch._source.outline import Outline
from livepatch._source.scope import ANNOTATIONS, LAMBDA, Scope
from livepatch._statements.operations import operations, operations_of


class Read(NamedTuple):
    """What a statement reads.

    Attributes:
        names: it; or what one of its lambda expressions reads.
        own: the class in whose body it may call a function of that body.
        asked: returns the special methods that its operations ask for.
    """

    names: frozenset[str]
    own: tuple[str, ...]
    asked: Callable[[], set[str]]


def reads_in(source: Outline) -> Iterator[Read]:
    """Yield what each statement of a source reads."""
    for path, scope in source.scopes.items():
        for name, shells in scope.shells.items():
            for place, shell in enumerate(shells if name != ANNOTATIONS else ()):
                if shell.loads:
                    calls_own = path and any(map(shell.may_call, shell.loads & scope.shells.keys()))
                    own = path[:1] if calls_own else ()
                    loads = _with_own(shell.loads, scope) if path else shell.loads
                    if place and name in shell.loads:  # it extends what those before have made
                        loads = loads.union(*(each.loads for each in shells[:place]))
                    loads |= frozenset(hooks_among(loads))
                    yield Read(loads, own, partial(_asked_in, shell.fingerprint))
    yield from _reads_inside(source)


def _reads_inside(source: Outline) -> Iterator[Read]:
    """Yield what is read by texts that a module's statements run, and by lambda expressions.

    And what they ask for by texts, ``getattr(config, "LIMIT")``, and what classes import.
    """
    said = list(chain.from_iterable(source.scopes[()].shells.values()))
    for path, scope in source.scopes.items():
        names = frozenset(each.name for each in scope.imports if path and each.name is not None)
        if names:
            yield Read(names, (), set)
    for shell in said:
        if not ASKS_BY_TEXT.isdisjoint(shell.loads):
            texts = (part[1] for part in shell.fingerprint if _is_text(part))
            names = frozenset(text for text in texts if text.isidentifier())
            yield Read(shell.loads | names, (), partial(_asked_in, shell.fingerprint))
        if not RUNS_TEXTS.isdisjoint(shell.loads):
            for part in filter(_is_text, shell.fingerprint):
                yield Read(frozenset(names_in_text(part[1], ast.Load)), (), set)
    for code in codes_in(source.scopes[()].code):
        if code.co_name == LAMBDA:
            # It may be given what else its statement reads.
            beside = (each.loads for each in said if _SAYS_LAMBDA in each.fingerprint)
            names = frozenset(code.co_names).union(*beside)
            yield Read(names, (), partial(operations_of, code))


_SAYS_LAMBDA = ("code", LAMBDA)


def all_read(source: Outline) -> tuple[set[str], set[str]]:
    """Return all names that statements of a source read, and the classes that read of their own.

    These may be some more than `reads_in` tells, which takes longer.
    """
    names = set[str]().union(*(each.names for each in _reads_inside(source)))
    own: set[str] = set()
    for path, scope in source.scopes.items():
        names |= scope.loads
        if path and not scope.loads.isdisjoint(scope.shells):
            own.add(path[0])
    return {*names, *hooks_among(names)}, own


def _with_own(loads: frozenset[str], scope: Scope) -> frozenset[str]:
    """Return what a statement of a class reads, and what made the attributes that it reads."""
    found, waiting = set(loads), set(loads)
    while waiting:
        shells = chain.from_iterable(scope.shells.get(name, ()) for name in waiting)
        waiting = set[str]().union(*(shell.loads for shell in shells)) - found
        found |= waiting
    return frozenset(found)


def _asked_in(fingerprint: Iterable[Any]) -> set[str]:
    """Return what the operations of a statement ask for, and those of comprehensions in it."""
    parts = [part for part in fingerprint if isinstance(part, tuple)]
    found = operations(part[:2] for part in parts if type(part[0]) is int)
    return found.union(*(_asked_in(part[1:]) for part in parts if part[0] == "type parameters"))


def _is_text(part: Any) -> bool:
    return isinstance(part, tuple) and part[0] == "text"
