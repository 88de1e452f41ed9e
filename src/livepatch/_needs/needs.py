"""Which statements have to run because others do: what makes, extends or uses what they bind."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from livepatch._needs.certain import binds_for_certain
from livepatch._needs.chains import bound_otherwise, chains_changed
from livepatch._needs.described import headers_of
from livepatch._needs.differences import Changes
from livepatch._needs.fills import ALL, Fills, computes_names, only_lists
from livepatch._needs.harmless import is_constant
from livepatch._needs.headers import Header
from livepatch._needs.in_force import InForce, later_than
from livepatch._needs.lent import Lent
from livepatch._needs.own_names import is_at, is_called, is_statement_of_class
from livepatch._needs.set_last import SetLast
from livepatch._python.constants import may_hold_state
from livepatch._python.kinds import (
    behind_arguments,
    is_class,
    is_module,
    is_single_dispatch,
    kind_of,
    qualified_name,
)
from livepatch._source.scope import Import
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import (
    alias_path,
    built_names,
    decorator_paths,
    extended_names,
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
        imported: what is imported and made anew.
        aliases: of the statements that give a definition another name, the names that lead to it.
        deleted: what binds the names that are deleted again.
        set_last: who has the last word on what several set.
        lent: which of the statements run for others alone that need such names.
        in_force: finds who has bound what a statement reads.
        as_before: of those that run, the ones that do only for what another one reads.
        unsure: names that what has gone bound, each with who may have bound it besides.
        overloaded: of names whether they have variants for type checkers, as far as that is known.
        imported_as_before: the names that the import statements bind as they did.
        choices: of names, the first statement whose later ones have been chosen, by whether it is
            lent.
        added: of those that run, and whether they do so for others, what was added for them.
    """

    statements: list[Statement]
    namespace: dict[str, Any]
    imports: Collection[Import]
    new_imports: Collection[Import]
    last_bound: Mapping[str, int]
    gone_uses: Collection[str]
    gone_attributes: Collection[str]
    runs: list[bool] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    modules: Collection[str] = ()
    imported: Collection[str] = ()
    binders: dict[str, list[int]] = field(default_factory=dict)
    builders: dict[str, list[int]] = field(default_factory=dict)
    headers: dict[int, Header] = field(default_factory=dict)
    aliases: dict[int, tuple[str, ...]] = field(default_factory=dict)
    named_again: dict[str, list[int]] = field(default_factory=dict)
    extends: list[set[str]] = field(default_factory=list)
    dispatchers: set[str] = field(default_factory=set)
    fills: Fills = field(init=False)
    deleted: Lent = field(init=False)
    set_last: SetLast = field(init=False)
    lent: set[int] = field(default_factory=set)
    in_force: InForce = field(init=False)
    as_before: set[int] = field(default_factory=set)
    unsure: list[tuple[str, int]] = field(default_factory=list)
    overloaded: dict[str, bool] = field(default_factory=dict)
    imported_as_before: set[str] = field(init=False)
    choices: dict[tuple[str, bool], int] = field(default_factory=dict)
    added: set[tuple[int, bool, bool]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.fills = Fills(self.statements)
        self.set_last = SetLast(self.statements)
        self.deleted = Lent(self.statements, self.binders, self.namespace)
        self._describe()
        has_stars = any(each.name == "*" for each in self.new_imports)
        self.in_force = InForce(
            self.statements, self.namespace, self.binders, self.last_bound, has_stars=has_stars
        )
        same = set(self.imports).intersection(self.new_imports)
        self.imported_as_before = {each.bound for each in same}
        self.headers = dict(
            headers_of(self.statements, self.namespace, self.in_force, self._is_type)
        )

    def start(
        self,
        runs: list[bool],
        changes: Changes,
        modules: Collection[str],
        imported: Collection[str],
    ) -> None:
        """Begin with some statements that run, and with what has changed.

        Args:
            runs: which statements run; others are added.
            changes: what has changed; what these statements bind is added.
            modules: what the modules are called in which something has changed.
            imported: what is imported and made anew.
        """
        self.runs, self.changes, self.modules = runs, changes, modules
        self.imported = imported
        self.lent = set()
        self.as_before.clear()
        self.unsure.clear()
        self.added.clear()
        self.choices.clear()

    def run_list_of_names(self) -> None:
        """Run what computes `__all__`: a star import fails on a name there that has gone.

        It says nothing but which names there are, so that no state of the program is in it.
        """
        places = {*self.binders.get(ALL, ()), *self.builders.get(ALL, ())}
        if any(computes_names(self.statements[each]) for each in places):
            self._run(each for each in places if only_lists(self.statements[each]))

    def settle(self) -> None:
        """Go on until no more statements have to run."""
        self._run(self.in_force.last_now())
        self._run_last_that_may_bind()
        self._run(self.in_force.moved_readers())
        self._run(chains_changed(self.in_force, self.runs))
        self._run(bound_otherwise(self.in_force))
        for name in self.dispatchers.intersection(self.gone_uses):
            self._run(self.binders[name])
        for name in self.last_bound.keys() & self.binders.keys():
            if self._is_overloaded(name):
                self._run(self.binders[name])  # without the variants that have gone
        for name in filter(self._is_definition, self.gone_attributes):
            self._run(self.binders.get(name, ()))  # it is made again, without what has gone
        while True:
            before = sum(self.runs), len(self.lent)
            for index, runs in enumerate(list(self.runs)):
                if runs:
                    self._add_for(index)
                    self._run_as_before(self.in_force.needed(index, self.runs))
            self._run_as_before(each for _, each in self._behind(costs_nothing=True))
            self._run(self.set_last.below(self.runs))
            self._add_dependents()
            if (sum(self.runs), len(self.lent)) == before:
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
                self.named_again.setdefault(path[0], []).append(index)

    def _is_type(self, name: str) -> bool:
        """Whether a name leads to a class that goes on to be the very one, or to nothing yet."""
        places = () if name in self.imported_as_before else self.binders.get(name, ())
        is_own = all(is_statement_of_class(self.statements[each].nodes, name) for each in places)
        return name not in self.namespace or (is_own and is_class(self.namespace[name]))

    def fillers_of(self, statements: Iterable[Statement]) -> set[str]:
        """Return the functions that fill what statements bind, themselves or through calls."""
        names = {name for each in statements for name in each.binds}
        return set[str]().union(*map(self.fills.functions, filter(self._may_be_filled, names)))

    def _may_be_filled(self, name: str) -> bool:
        """Whether a name leads to a table, or another object with a state."""
        return may_hold_state(self.namespace.get(name)) and not self._is_definition(name)

    def _is_made_elsewhere(self, name: str) -> bool:
        """Whether a name is that of something which is imported and made anew: of no module."""
        return name in self.imported and not is_module(self.namespace.get(name))

    def is_behind_part(self, name: str) -> bool:
        """Whether a part of the package has taken the name of another module imported here."""
        value: Any = self.namespace.get(name)
        if not is_module(value):
            return False
        part = sys.modules.get(f"{self.namespace.get('__name__')}.{name}")
        imported = any(each.bound == name == each.module for each in self.new_imports)
        return value is part is not sys.modules.get(name) and imported

    def _is_definition(self, name: str) -> bool:
        return kind_of(self.namespace.get(name)) is not None

    def _run_last_that_may_bind(self) -> None:
        """Run what may bind a name, or not, where what bound it for certain before has gone."""
        for name in self.last_bound.keys() & self.binders.keys():
            gone = self.last_bound[name]
            later = [each for each in self.binders[name] if self.statements[each].old_place > gone]
            nodes = (self.statements[each].nodes for each in later)
            if not any(binds_for_certain(each, name) for each in nodes):
                self._run(filter(self.in_force.costs_nothing, later))
                self.unsure += ((name, each) for each in later if not self.runs[each])

    def _add_for(self, index: int) -> None:
        key = index, index in self.lent, index in self.as_before
        if key in self.added:
            return  # nothing more comes of it
        self.added.add(key)
        statement = self.statements[index]
        unchanged = self._says_the_same(index)
        for name in statement.binds:
            self._add_chain(name, index)
            self._add_choices(name, index)
            if index in self.lent:
                self._add_builders(name, index)
            elif name not in unchanged:
                self.changes.names.add(name)
            # What is made anew where it is imported from has lost what was put in it here, too.
            if not is_import(statement.nodes) or self._is_made_elsewhere(name):
                self._add_builders(name, index)
        for name in self.dispatchers.difference(statement.binds):
            if index in self.builders.get(name, ()):
                self._run(self.binders[name])  # a registry of functions is made anew as a whole
        self._add_read(index)

    def _add_read(self, index: int) -> None:
        """Run what binds the names that a statement reads, if it is to find others there."""
        statement = self.statements[index]
        header = self.headers.get(index)
        for name in {*statement.reads, *(header.names if header else ())}.intersection(
            self.modules
        ):
            # Its import has that module run first; so does what stands for it where it is the same.
            if name not in self.imported_as_before or not is_module(self.namespace.get(name)):
                self._run(self.binders.get(name, ()))
        for name in statement.reads:
            binders = self.binders.get(name, ())
            if hasattr(builtins, name) and binders and binders[0] > index:
                self._run(binders)  # it reads the builtin, which a later statement hides
            if self.is_behind_part(name):
                self._run(binders)  # `import typing`, and the package has a `typing` of its own
        for each in self.deleted.needed_by(index):
            if not self.runs[each]:
                self.runs[each] = True  # for this one alone
                self.lent.add(each)

    def _says_the_same(self, index: int) -> set[str]:
        """Return the names that a statement which runs binds to what they had by it."""
        nodes = self.statements[index].nodes
        if index in self.as_before and is_constant(nodes):
            return {*self.statements[index].binds}
        if not is_import(nodes):
            return set()
        place = self.statements[index].old_place
        if place < 0:
            return self.imported_as_before
        # What has gone had hidden some: ``from os.path import join`` above ``def join``.
        return {each for each in self.imported_as_before if self.last_bound.get(each, -1) < place}

    def _add_chain(self, name: str, index: int) -> None:
        """Run the statements that make one value together: `X = []`, `X += [1]`, `del X`."""
        binders = self.binders[name]
        place = binders.index(index)
        if name not in self.namespace and index not in self.lent:
            self._run(binders[:place], index)  # it may be what deletes the name
        first = place
        while first > 0 and name in self.extends[binders[first]]:
            first -= 1
        last = place
        while last + 1 < len(binders) and name in self.extends[binders[last + 1]]:
            last += 1
        if last > first:
            self._run(binders[first : last + 1], index)
        if self._is_overloaded(name):
            self._run(binders, index)

    def _add_choices(self, name: str, index: int) -> None:
        """Run what may have bound a name after the statement that does so anew: ``if x: X = 2``."""
        key = name, index in self.lent
        if self.binders[name][-1] <= index or self.choices.get(key, index + 1) <= index:
            return  # those behind an earlier one have been chosen
        if self.in_force.has_last(name, index) is None:
            self.choices[key] = index
            later = later_than(index, self.binders[name])
            self._run(filter(self.in_force.costs_nothing, later), index)

    def _is_overloaded(self, name: str) -> bool:
        if name not in self.overloaded:
            nodes = (self.statements[each].nodes for each in self.binders[name])
            self.overloaded[name] = any(name in overloaded_names(each) for each in nodes)
        return self.overloaded[name]

    def _add_builders(self, name: str, index: int) -> None:
        """Run what goes on to build the value that is made anew: `X.append(1)`."""
        following = [each for each in self.binders[name] if each > index]
        stop = following[0] if following else len(self.statements)
        builders = [*self.builders.get(name, ())]
        if self._may_be_filled(name):
            builders += self.fills.statements_for(name)
            builders += self.fills.statements_given(name)
        elif self._is_definition(name):
            builders += self.fills.statements_on(name, self.namespace)
        for each in self.named_again.get(name, ()):
            if self._is_alias(each, self.aliases[each]):
                for alias in self.statements[each].binds:
                    builders += self.fills.calls_of(alias)
        self._run((each for each in builders if index < each < stop), index)

    def _add_dependents(self) -> None:
        for index, header in self.headers.items():
            may_run = index in self.lent or not self.runs[index]
            if may_run and self.changes.are_used(header) and self._is_touched(index, header):
                self._run((index,))
        for index, path in self.aliases.items():
            if not self.runs[index] and path[0] in self.changes.names:
                self.runs[index] = self._is_alias(index, path)

    def _is_touched(self, index: int, header: Header) -> bool:
        """Whether a definition uses what has changed, and not what had the same name before."""
        others = self.changes.but_bound(self.in_force.untouched(index, self.runs))
        return not others or self.changes.are_used(header.without(others))

    def _is_alias(self, index: int, path: tuple[str, ...]) -> bool:
        """Whether a statement has but given another name, and nobody has bound that since.

        ``register = Parser.register``: what this decorates is decorated by what has changed. And
        ``Names = Table[str]``: what derives from this is below the class that was made anew, as the
        others are, and not below the one that goes.
        """
        binds = self.statements[index].binds
        values = [behind_arguments(self.namespace.get(name)) for name in binds]
        named = behind_arguments(self.namespace.get(path[0]))
        if self._may_be_filled(path[0]):  # `SEEN = CACHE`: else there were two
            return not path[1:] and all(each is named for each in values)
        if path[0] in self.in_force.shadowed(index):
            return all(is_called(each, ".".join(path), self.namespace) for each in values)
        if self.in_force.has_other_value(path[0], index):
            return all(qualified_name(each) == ".".join(path) for each in values)
        is_definition = kind_of(named) is not None
        return is_definition and all(is_at(path[1:], named, each) for each in values)

    def unsure_lines(self) -> Iterator[tuple[str, Statement]]:
        """Yield who may have bound a name behind one that runs, and does not run itself."""
        found = {*self.unsure, *self._behind(costs_nothing=False)}
        return ((name, self.statements[at]) for name, at in sorted(found) if not self.runs[at])

    def _behind(self, *, costs_nothing: bool) -> Iterator[tuple[str, int]]:
        found = self.in_force.behind(self.runs)
        return (each for each in found if self.in_force.costs_nothing(each[1]) is costs_nothing)

    def _run_as_before(self, indexes: Iterable[int]) -> None:
        found = [each for each in indexes if not self.runs[each]]
        self.as_before.update(found)
        self._run(found)

    def _run(self, indexes: Iterable[int], reason: int | None = None) -> None:
        """Have statements run, because of another one; what a lent one needs is lent as well."""
        for index in indexes:
            if reason not in self.lent:
                self.lent.discard(index)
            elif not self.runs[index]:
                self.lent.add(index)
            self.runs[index] = True
