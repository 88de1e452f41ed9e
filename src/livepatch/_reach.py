"""Which values were computed from what has changed, through calls as well, and are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from types import CodeType

from livepatch._bodies import Bodies
from livepatch._code import nested_codes
from livepatch._needs import MAKERS, Changes


class Reach:
    """What a statement uses when it runs: the names it reads, and those that its calls read."""

    def __init__(self, bodies: Bodies, changes: Changes) -> None:
        self.functions: dict[str, CodeType] = {}
        self.methods: dict[str, dict[str, CodeType]] = {}
        self.changes = changes
        self.changed = {*changes.bodies, *changes.within}
        for body in bodies.functions:
            if len(body.path) == 1:
                self.functions[body.path[0]] = body.new
            else:
                self.methods.setdefault(body.path[0], {})[body.path[-1]] = body.new
        self.known: dict[int, frozenset[str]] = {}

    def cause(self, reads: Collection[str]) -> str | None:
        """Return what has changed of all that statements with these reads use; None if nothing."""
        if not self.changes.names and not self.changed:
            return None
        names = self._reached(reads)
        changed = sorted(self.changes.names & names)
        changed += sorted(
            ".".join(path)
            for path in self.changed
            if path[0] in names and all(part in names or part in MAKERS for part in path[1:])
        )
        return changed[0] if changed else None

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
