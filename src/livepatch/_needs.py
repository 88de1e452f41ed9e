"""Which statements have to run because others do: what makes, extends or uses what they bind."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from livepatch._bodies import Bodies
from livepatch._kinds import is_single_dispatch
from livepatch._outline import same_scope
from livepatch._scope import Import
from livepatch._statements import Statement
from livepatch._syntax import (
    annotation_names,
    base_names,
    built_names,
    decorating_names,
    extended_names,
    header_names,
    is_definition,
    is_import,
    overloaded_names,
)

Path = tuple[str, ...]
MAKERS = frozenset(
    {"__new__", "__init__", "__prepare__", "__call__", "__init_subclass__", "__post_init__"}
)


@dataclass(frozen=True, slots=True)
class Header:
    """What making a definition uses: names and attributes.

    Attributes:
        names: of its decorators, keywords, defaults and class-level statements.
        annotations: of the variables that classes annotate.
        bases: of its bases.
        binds: the globals that it binds itself.
    """

    names: Collection[str]
    annotations: Collection[str]
    bases: Collection[str]
    binds: Collection[str]


@dataclass(slots=True, eq=False)
class Changes:
    """What says something else now.

    Attributes:
        names: globals that are bound anew, with another meaning perhaps.
        bodies: paths of functions that are not made again and whose own code changed.
        within: paths of those of which only functions inside them changed, besides.
    """

    names: set[str] = field(default_factory=set)
    bodies: set[Path] = field(default_factory=set)
    within: set[Path] = field(default_factory=set)

    def are_used(self, header: Header) -> bool:
        """Whether a definition would be made differently."""
        names, bases = header.names, header.bases
        if not all(map(self.names.isdisjoint, (names, bases, header.annotations))):
            return True
        for path in self.bodies:
            if path[0] in names and all(part in names or part in MAKERS for part in path[1:]):
                return True
            if path[0] in bases and path[1:] == ("__init_subclass__",):
                return True
            if path[0] in header.binds and path[1:] and all(part in names for part in path[1:]):
                return True  # a class uses a function of its own as a decorator
        return False


def changes_in(bodies: Bodies) -> Changes:
    """Say which functions that are not made again have changed, and how."""
    found = Changes()
    for body in bodies.functions:
        if body.changed:
            (found.within if same_scope(body.old, body.new) else found.bodies).add(body.path)
    return found


@dataclass(slots=True, eq=False)
class Needs:
    """Adds to the statements that run what has to run with them.

    Attributes:
        statements: all of them, in order.
        runs: which of them run.
        changes: what has changed.
        namespace: the live namespace.
        imports: what import statements bound before.
        new_imports: what they bind now.
        last_bound: where statements that are gone bound names last.
        gone_uses: names that such statements used.
    """

    statements: list[Statement]
    runs: list[bool]
    changes: Changes
    namespace: Mapping[str, Any]
    imports: Collection[Import]
    new_imports: Collection[Import]
    last_bound: Mapping[str, int]
    gone_uses: Collection[str]
    binders: dict[str, list[int]] = field(default_factory=dict)
    builders: dict[str, list[int]] = field(default_factory=dict)
    headers: dict[int, Header] = field(default_factory=dict)
    extends: list[set[str]] = field(default_factory=list)
    dispatchers: set[str] = field(default_factory=set)

    def settle(self) -> None:
        """Go on until no more statements have to run."""
        self._describe()
        self._run_new_last_binders()
        for name in self.dispatchers.intersection(self.gone_uses):
            self._run(self.binders[name])
        while True:
            before = sum(self.runs)
            for index, runs in enumerate(list(self.runs)):
                if runs:
                    self._add_for(index)
            self._add_dependents()
            if sum(self.runs) == before:
                return

    def _describe(self) -> None:
        bound = {name for statement in self.statements for name in statement.binds}
        self.dispatchers.update(
            name for name in bound if is_single_dispatch(self.namespace.get(name))
        )
        for index, statement in enumerate(self.statements):
            self.extends.append(extended_names(statement.nodes))
            for name in statement.binds:
                self.binders.setdefault(name, []).append(index)
            for name in built_names(statement.nodes):
                self.builders.setdefault(name, []).append(index)
            for name in decorating_names(statement.nodes) & self.dispatchers:
                self.builders.setdefault(name, []).append(index)
            if is_definition(statement.nodes):
                nodes = statement.nodes
                self.headers[index] = Header(
                    header_names(nodes), annotation_names(nodes), base_names(nodes), statement.binds
                )

    def _run_new_last_binders(self) -> None:
        """Run what binds a name last now and did not before: a later statement has gone."""
        for name, binders in self.binders.items():
            last = self.statements[binders[-1]].old_place
            before = max(self.statements[each].old_place for each in binders)
            if last < max(before, self.last_bound.get(name, -1)):
                self._run(binders[-1:])

    def _add_for(self, index: int) -> None:
        statement = self.statements[index]
        same = set(self.imports).intersection(self.new_imports)
        unchanged = {each.bound for each in same} if is_import(statement.nodes) else set()
        for name in statement.binds:
            self._add_chain(name, index)
            if name not in unchanged:
                self.changes.names.add(name)
                if not is_import(statement.nodes):
                    self._add_builders(name, index)
        for name in self.dispatchers.difference(statement.binds):
            if index in self.builders.get(name, ()):
                self._run(self.binders[name])  # a registry of functions is made anew as a whole
        for name in statement.reads:
            binders = self.binders.get(name, ())
            if hasattr(builtins, name) and binders and binders[0] > index:
                self._run(binders)  # it reads the builtin, which a later statement hides
            # A name that a later statement deletes is made again for this one.
            if name not in self.namespace and not hasattr(builtins, name):
                self._run(self.binders.get(name, ()))

    def _add_chain(self, name: str, index: int) -> None:
        """Run the statements that make one value together: `X = []`, `X += [1]`, `del X`."""
        binders = self.binders[name]
        place = binders.index(index)
        if name not in self.namespace:
            self._run(binders[:place])  # it may be what deletes the name
        first = place
        while first > 0 and name in self.extends[binders[first]]:
            first -= 1
        last = place
        while last + 1 < len(binders) and name in self.extends[binders[last + 1]]:
            last += 1
        if last > first:
            self._run(binders[first : last + 1])
        if any(name in overloaded_names(self.statements[each].nodes) for each in binders):
            self._run(binders)

    def _add_builders(self, name: str, index: int) -> None:
        """Run what goes on to build the value that is made anew: `X.append(1)`."""
        following = [each for each in self.binders[name] if each > index]
        stop = following[0] if following else len(self.statements)
        self._run(each for each in self.builders.get(name, ()) if index < each < stop)

    def _add_dependents(self) -> None:
        for index, header in self.headers.items():
            if not self.runs[index] and self.changes.are_used(header):
                self.runs[index] = True

    def _run(self, indexes: Any) -> None:
        for index in indexes:
            self.runs[index] = True
