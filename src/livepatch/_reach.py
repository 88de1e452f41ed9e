"""Which values were computed from what has changed, through calls as well, and are kept."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from types import CodeType
from typing import Any, NamedTuple

from livepatch._bodies import Bodies
from livepatch._by_text import RUNS_TEXTS, names_in_text
from livepatch._code import codes_in, nested_codes
from livepatch._differences import MAKERS, Changes, Path
from livepatch._outline import Outline
from livepatch._scope import ANNOTATIONS, LAMBDA
from livepatch._statements import Statement

_NAMESPACES = frozenset(("dir", "globals", "locals", "vars"))


class Cause(NamedTuple):
    """Something that has changed, of what statements use.

    Attributes:
        what: its path.
        is_direct: whether it has changed itself; else it uses what has.
    """

    what: str
    is_direct: bool = True

    def __str__(self) -> str:
        return self.what if self.is_direct else f"what is behind {self.what}"


def _led_to(paths: Iterable[Path], names: Collection[str]) -> Iterator[str]:
    """Yield, as texts, the paths that names lead to, or to what runs where that is called."""
    for path in paths:
        if path[0] in names and all(part in names or part in MAKERS for part in path[1:]):
            yield ".".join(path)


def loads_in(source: Outline) -> list[frozenset[str]]:
    """List what the statements of a source read, each, and its lambda expressions."""
    found = [
        shell.loads
        for scope in source.scopes.values()
        for name, shells in scope.shells.items()
        if name != ANNOTATIONS
        for shell in shells
        if shell.loads
    ]
    for shells in source.scopes[()].shells.values():
        for shell in shells:
            if not RUNS_TEXTS.isdisjoint(shell.loads):
                texts = (part[1] for part in shell.fingerprint if _is_text(part))
                found += (frozenset(names_in_text(each, ast.Load)) for each in texts)
    codes = codes_in(source.scopes[()].code)
    return found + [frozenset(each.co_names) for each in codes if each.co_name == LAMBDA]


def _is_text(part: Any) -> bool:
    return isinstance(part, tuple) and part[0] == "text"


class Reach:
    """What a statement uses when it runs: the names it reads, and those that its calls read."""

    def __init__(self, bodies: Bodies, changes: Changes) -> None:
        self.functions: dict[str, CodeType] = {}
        self.methods: dict[str, dict[str, CodeType]] = {}
        self.changes = changes
        self.changed = {*changes.bodies, *changes.within, *changes.calls}
        for body in bodies.functions:
            if len(body.path) == 1:
                self.functions[body.path[0]] = body.new
            else:
                self.methods.setdefault(body.path[0], {})[body.path[-1]] = body.new
        self.lambdas: dict[str, list[CodeType]] = {}
        self.definitions = self.functions.keys() | self.methods.keys()
        self.known: dict[int, frozenset[str]] = {}

    def cause(self, reads: Collection[str]) -> Cause | None:
        """Return what has changed of all that statements with these reads use; None if nothing."""
        if not self.changes.names and not self.changed and not self.changes.reaching:
            return None
        names = self._reached(reads)
        # Who asks for the namespace uses all of it: ``ALL = [v for v in vars().values() if ...]``.
        looks = not _NAMESPACES.isdisjoint(reads) or "globals" in names
        changed = sorted(self.changes.names if looks else self.changes.names & names)
        changed += sorted(_led_to(self.changed, names))
        if changed:
            return Cause(changed[0])
        behind = min(_led_to(self.changes.reaching, names), default=None)
        return Cause(behind, is_direct=False) if behind is not None else None

    def add_lambdas(self, statement: Statement) -> None:
        """Let the names that a statement binds stand for the lambda expressions in it, too."""
        lambdas = [code for code in statement.codes if code.co_name == LAMBDA]
        for name in statement.binds - self.definitions if lambdas else ():
            self.lambdas[name] = lambdas

    def cause_below(self, bases: Iterable[str]) -> Cause | None:
        """Return what has changed of all that is used where a class with these bases is made."""
        methods = (self.methods.get(base, {}).get("__init_subclass__") for base in bases)
        codes = (code for code in methods if code is not None)
        names = {name for code in codes for name in self._names_in(code)}
        return self.cause(names) if names else None

    def through(self, name: str) -> Iterator[Path]:
        """Yield what a name leads to that has not changed and uses what has: it, or methods."""
        if name in self.functions and self.cause((name,)) is not None:
            yield (name,)
        for method, code in self.methods.get(name, {}).items():
            if self.cause((name, *self._names_in(code))) is not None:
                yield name, method

    def run_by(self, reads: Iterable[str]) -> Iterator[CodeType]:
        """Yield the code of all functions that run where those of some names are called."""
        names = self._reached(reads)
        for name in sorted(names):
            for code in self._run_by(name, names):
                yield code
                yield from nested_codes(code)

    def _reached(self, reads: Iterable[str]) -> set[str]:
        names: set[str] = set()
        waiting = list(reads)
        while waiting:
            name = waiting.pop()
            if name in names:
                continue
            names.add(name)
            for code in self._run_by(name, names):
                waiting += self._names_in(code) - names
        return names

    def _run_by(self, name: str, names: Collection[str]) -> Iterator[CodeType]:
        if name in self.functions:
            yield self.functions[name]
        yield from self.lambdas.get(name, ())
        for method, code in self.methods.get(name, {}).items():
            if method in names or method in MAKERS:
                yield code
        for cls, methods in self.methods.items():
            if name in methods and cls in names:
                yield methods[name]

    def _names_in(self, code: CodeType) -> frozenset[str]:
        found = self.known.get(id(code))
        if found is None:
            names = set(code.co_names)
            for inner in nested_codes(code):
                names.update(inner.co_names)
            found = self.known[id(code)] = frozenset(names)
        return found
