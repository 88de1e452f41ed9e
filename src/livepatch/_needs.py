"""Which statements have to run because others do: what makes, extends or uses what they bind."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MethodType
from typing import Any

from livepatch._annotated import annotation_names
from livepatch._constants import may_hold_state
from livepatch._differences import MAKING_MEMBERS, Changes, Header
from livepatch._fills import Fills
from livepatch._kinds import (
    class_attributes,
    is_class,
    is_enum,
    is_single_dispatch,
    kind_of,
    mro_of,
)
from livepatch._scope import Import
from livepatch._statements import Statement
from livepatch._syntax import (
    alias_path,
    base_names,
    built_names,
    called_decorator_names,
    called_names,
    decorator_paths,
    extended_names,
    header_names,
    invoked_names,
    is_definition,
    is_import,
    outside_functions,
    overloaded_names,
)


@dataclass(slots=True, eq=False)
class Needs:
    """Adds to the statements that run what has to run with them.

    Attributes:
        statements: all of them, in order.
        namespace: the live namespace.
        imports: what import statements bound before.
        new_imports: what they bind now.
        last_bound: where statements that are gone bound names last.
        gone_uses: names that such statements used.
        gone_attributes: names on whose objects they set attributes that none sets now.
        runs: which of them run.
        changes: what has changed.
        modules: what the modules are called in which something has changed.
        aliases: of the statements that give a definition another name, the names that lead to it.
    """

    statements: list[Statement]
    namespace: Mapping[str, Any]
    imports: Collection[Import]
    new_imports: Collection[Import]
    last_bound: Mapping[str, int]
    gone_uses: Collection[str]
    gone_attributes: Collection[str]
    runs: list[bool] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    modules: Collection[str] = ()
    binders: dict[str, list[int]] = field(default_factory=dict)
    builders: dict[str, list[int]] = field(default_factory=dict)
    headers: dict[int, Header] = field(default_factory=dict)
    aliases: dict[int, tuple[str, ...]] = field(default_factory=dict)
    extends: list[set[str]] = field(default_factory=list)
    dispatchers: set[str] = field(default_factory=set)
    fills: Fills = field(init=False)

    def __post_init__(self) -> None:
        self.fills = Fills(self.statements)
        self._describe()

    def start(self, runs: list[bool], changes: Changes, modules: Collection[str]) -> None:
        """Begin with some statements that run, and with what has changed.

        Args:
            runs: which statements run; others are added.
            changes: what has changed; what these statements bind is added.
            modules: what the modules are called in which something has changed.
        """
        self.runs, self.changes, self.modules = runs, changes, modules

    def settle(self) -> None:
        """Go on until no more statements have to run."""
        self._run_new_last_binders()
        for name in self.dispatchers.intersection(self.gone_uses):
            self._run(self.binders[name])
        for name in self.last_bound.keys() & self.binders.keys():
            if self._is_overloaded(name):
                self._run(self.binders[name])  # without the variants that have gone
        for name in filter(self._is_definition, self.gone_attributes):
            self._run(self.binders.get(name, ()))  # it is made again, without what has gone
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
            for name in built_names(outside_functions(statement.nodes)):
                self.builders.setdefault(name, []).append(index)
            roots = {path[0] for path in decorator_paths(statement.nodes) if path[1:]}
            for name in roots & self.dispatchers:
                self.builders.setdefault(name, []).append(index)
            path = alias_path(statement.nodes)
            if path is not None:
                self.aliases[index] = path
            header = self._header_of(statement)
            if header is not None:
                self.headers[index] = header

    def _header_of(self, statement: Statement) -> Header | None:
        nodes, binds = statement.nodes, statement.binds
        if is_definition(nodes, self.namespace):
            enums: list[Any] = [self.namespace.get(name) for name in binds]
            members = any(is_class(each) and is_enum(each) for each in enums)
            return Header(
                header_names(nodes),
                annotation_names(nodes),
                base_names(nodes),
                binds,
                called_decorator_names(nodes),
                {path[0] for path in decorator_paths(nodes) if not path[1:]},
                invoked_names(nodes) | (MAKING_MEMBERS if members else set()),
            )
        if not binds or not all(map(self._is_definition, binds)):
            return None
        names = called_names(nodes)
        if names is None:
            return None
        # A definition that is made by a call. The definitions that it is given go on to be the
        # very ones; of all else that it is given it may have taken something.
        data = frozenset(name for name in names[1] if not self._is_definition(name))
        return Header(names[0], data, (), binds)

    def fillers_of(self, statements: Iterable[Statement]) -> set[str]:
        """Return the functions that fill what statements bind, themselves or through calls."""
        names = {name for each in statements for name in each.binds}
        return set[str]().union(*map(self.fills.functions, filter(self._may_be_filled, names)))

    def _may_be_filled(self, name: str) -> bool:
        """Whether a name leads to a table, or another object with a state."""
        return may_hold_state(self.namespace.get(name)) and not self._is_definition(name)

    def _is_definition(self, name: str) -> bool:
        return kind_of(self.namespace.get(name)) is not None

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
        header = self.headers.get(index)
        for name in {*statement.reads, *(header.names if header else ())}.intersection(
            self.modules
        ):
            self._run(self.binders.get(name, ()))  # its import has that module run first
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
        if self._is_overloaded(name):
            self._run(binders)

    def _is_overloaded(self, name: str) -> bool:
        binders = self.binders[name]
        return any(name in overloaded_names(self.statements[each].nodes) for each in binders)

    def _add_builders(self, name: str, index: int) -> None:
        """Run what goes on to build the value that is made anew: `X.append(1)`."""
        following = [each for each in self.binders[name] if each > index]
        stop = following[0] if following else len(self.statements)
        builders = [*self.builders.get(name, ())]
        if self._may_be_filled(name):
            builders += self.fills.statements_for(name)
        elif self._is_definition(name):
            builders += self.fills.statements_on(name, self.namespace)
        self._run(each for each in builders if index < each < stop)

    def _add_dependents(self) -> None:
        for index, header in self.headers.items():
            if not self.runs[index] and self.changes.are_used(header):
                self.runs[index] = True
        for index, path in self.aliases.items():
            if not self.runs[index] and path[0] in self.changes.names:
                self.runs[index] = self._is_alias(index, path)

    def _is_alias(self, index: int, path: tuple[str, ...]) -> bool:
        """Whether a statement has given a definition another name, and nobody has bound that since.

        ``register = Parser.register``: what this decorates is decorated by what has changed.
        """
        values = map(self.namespace.get, self.statements[index].binds)
        return self._is_definition(path[0]) and all(
            _is_at(path[1:], self.namespace[path[0]], each) for each in values
        )

    def _run(self, indexes: Any) -> None:
        for index in indexes:
            self.runs[index] = True


def _is_at(names: tuple[str, ...], definition: Any, value: Any) -> bool:
    """Whether a value is what names lead to from a definition, a method bound to the class say."""
    cls: Any = None
    found = definition
    for name in names:
        if not is_class(found):
            return False
        cls = found
        orders = (class_attributes(base) for base in mro_of(cls))
        found = next((each[name] for each in orders if name in each), None)
    if type(found) is classmethod:
        return (
            type(value) is MethodType and value.__func__ is found.__func__ and value.__self__ is cls
        )
    if type(found) is staticmethod:
        return value is found.__func__
    return kind_of(found) is not None and value is found
