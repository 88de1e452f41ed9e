"""Which statement's value of a name another one reads, where several of them bind it.

Behind ``LEVEL = 1``, ``def log(level=LEVEL): ...`` and ``LEVEL = 2`` the namespace has the last
value, and who makes the function again needs the first.

One that binds a name only where a condition holds may not have bound it: behind ``def scan``, the
``from fast import scan`` under a ``try``. Where it has, the definition before it has another name
at best (``py_scan = scan``). Whoever was given that one has the object itself, and no name leads to
it any more; so it does not go on to be the very one where its statement runs again.
"""

from __future__ import annotations

import ast
import bisect
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any

from livepatch._needs.certain import binds_for_certain
from livepatch._needs.harmless import costs_nothing
from livepatch._needs.own_names import is_called
from livepatch._python.code import codes_in, globals_read, nested_codes, same_code
from livepatch._python.constants import may_hold_state
from livepatch._python.kinds import class_attributes, is_class, qualified_name
from livepatch._snapshot.nested import absolute_name
from livepatch._source.bodies import is_function_code
from livepatch._source.scope import RUN_AT_ONCE
from livepatch._statements.statements import Statement
from livepatch._statements.stream import BINDS, READS, Token, read_stream
from livepatch._statements.syntax import (
    DEFINITIONS,
    definitions,
    imports_all,
    outside_functions,
)
from livepatch._statements.tree import names_in


class InForce:
    """Finds, for a statement, which ones have bound what it reads.

    Attributes:
        statements: those of the module, in order.
        namespace: the live one.
        all_binders: of each name that they bind or delete, where these stand, in order.
        binders: of the names that several of them bind.
        last_bound: where statements that are gone bound names last.
        stars: the places of those that import everything, each with what it is imported from.
    """

    def __init__(
        self,
        statements: Sequence[Statement],
        namespace: Mapping[str, Any],
        binders: Mapping[str, list[int]],
        last_bound: Mapping[str, int],
        *,
        has_stars: bool,
    ) -> None:
        self.statements, self.namespace = statements, namespace
        self.all_binders = binders
        self.binders = {name: places for name, places in binders.items() if places[1:]}
        self.last_bound = last_bound
        self._reads: dict[int, frozenset[str]] = {}
        self._reads_inside: dict[int, frozenset[str]] = {}
        self._certain: dict[tuple[str, int], bool] = {}
        self._ends: dict[str, int] = {}
        self._costs_nothing: dict[int, bool] = {}
        self.stars: list[tuple[int, Mapping[str, Any]]] = list(self._stars() if has_stars else ())

    def needed(self, index: int, runs: Sequence[bool]) -> set[int]:
        """Return the places of the statements that have to run for one that runs.

        Args:
            index: its place.
            runs: which of them run.
        """
        found: set[int] = set()
        for name in self._reads_of(index):
            chain = self.chain(name, index)
            if not self._is_there(name, index, chain, runs):
                found.update(chain)
        for name in self._reads_by_calls(index):
            chain = self.chain(name, index)
            if not self._is_there(name, index, chain, runs):
                found.update(filter(self.costs_nothing, chain))
        for name in self.statements[index].binds & self.binders.keys():
            if not self._is_certain(name, index):
                # Where its condition does not hold the name is what those before have made it;
                # one of them that runs asks for the others.
                waiting = itertools.takewhile(lambda each: not runs[each], self._back(name, index))
                found.update(filter(self.costs_nothing, waiting))
        return found

    def last_now(self) -> Iterator[int]:
        """Yield who binds a name last now and did not before: a later statement has gone."""
        for name, places in self.all_binders.items():
            last = self.statements[places[-1]].old_place
            before = max(self.statements[each].old_place for each in places)
            if last < max(before, self.last_bound.get(name, -1)):
                yield places[-1]

    def moved_readers(self) -> Iterator[int]:
        """Yield who reads a name that another one has bound before it now: they have moved."""
        for index, statement in enumerate(self.statements) if self.binders else ():
            for name in statement.reads & self.binders.keys() if statement.old_place >= 0 else ():
                places = {each: self.statements[each].old_place for each in self.binders[name]}
                now = max((each for each in places if each < index), default=None)
                before = {place: each for each, place in places.items() if place >= 0}
                last = max((each for each in before if each < statement.old_place), default=-1)
                if now != before.get(last) and (now is None or places[now] >= 0):
                    yield index

    def untouched(self, index: int, runs: Sequence[bool]) -> frozenset[str]:
        """Return the names that a statement reads of which only others' values are made anew."""
        if not self.binders:
            return frozenset()  # nearly every module
        statement = self.statements[index]
        names = self.binders.keys() & statement.uses.union(*map(_names_of, statement.codes))
        if not names:
            return frozenset()  # nearly every one
        chains = {name: self.chain(name, index) for name in self._reads_of(index) & names}
        return frozenset(
            name
            for name, chain in chains.items()
            if chain and not any(runs[each] for each in chain)
        )

    def has_other_value(self, name: str, index: int) -> bool:
        """Whether a statement reads another value of a name than the namespace has."""
        chain = self.chain(name, index) if name in self.binders else []
        return bool(chain) and self._last_before(name) != self.statements[chain[-1]].old_place

    def given_back(self, runs: Sequence[bool]) -> dict[int, frozenset[str]]:
        """Return where names have their old value again, for those that run behind.

        Those that run bind them before, and the statement there has the last word on them.
        """
        found: dict[int, frozenset[str]] = {}
        for name, places in self.binders.items():
            last = self._last_before(name)
            is_bound = name in self.namespace and any(runs[each] for each in places)
            for index in places if is_bound else ():
                is_last = self.statements[index].old_place == last
                if is_last and not any(runs[each] for each in self._back(name, index + 1)):
                    found[index] = found.get(index, frozenset()) | {name}
        return found

    def behind(self, runs: Sequence[bool]) -> Iterator[tuple[str, int]]:
        """Yield who may bind a name behind one that runs, and has not bound it for certain.

        ``X = 1`` and then ``if WINDOWS: X = 2``: whether that has bound it is not known.
        """
        for name in self.binders:
            chain = self.chain(name, len(self.statements))
            first = next((place for place, each in enumerate(chain) if runs[each]), len(chain))
            yield from ((name, each) for each in chain[first:] if not runs[each])

    def has_last(self, name: str, at: int) -> bool | None:
        """Return whether a name leads to what a statement binds it to; None if it is not known.

        Args:
            name: of a global.
            at: the place of the statement.
        """
        later = later_than(at, self.all_binders[name])
        if self._last_certain(name) > at:
            return False
        if name not in self.namespace:
            return True  # none of those has bound it
        value = self.namespace[name]
        found = [each for each in definitions(self.statements[at].nodes) if each.name == name]
        if found and is_called(value, name, self.namespace):
            codes = [code for each in later for code in self.statements[each].old_codes or ()]
            is_later = type(value) is FunctionType and any(value.__code__ is each for each in codes)
            return not is_later
        if self.star_behind(name, at) is not None:
            return False
        if found and not found[-1].decorator_list:
            return not later
        return None if later else True

    def star_behind(self, name: str, at: int) -> int | None:
        """Return where a definition's name is taken by an import of everything behind it.

        None where it is not. Data may be what that module has imported from this one.
        """
        value = self.namespace.get(name, self)
        if not self.stars or not self._defines(at, name) or is_called(value, name, self.namespace):
            return None  # nearly every one
        behind = [place for place, home in self.stars if place > at and home.get(name) is value]
        return max(behind, default=None)

    def shadowed(self, index: int) -> dict[str, int]:
        """Return the definitions that a statement reads and that no name leads to any more.

        Each with the place of the statement that makes it.
        """
        found: dict[str, int] = {}
        for name in self.statements[index].reads:
            binders = self.all_binders.get(name, ())
            at = max((each for each in binders if each < index), default=None)
            if at is not None and self._defines(at, name) and self.has_last(name, at) is False:
                found[name] = at
        return found

    def chain(self, name: str, index: int) -> list[int]:
        """List who binds a name before a statement, from the last one on that does for certain."""
        return [*self._back(name, index)][::-1]

    def _back(self, name: str, index: int) -> Iterator[int]:
        """Yield the chain of a name before a statement from its end on."""
        binders = self.binders.get(name, [])
        for place in reversed(range(bisect.bisect_left(binders, index))):
            yield binders[place]
            if self._is_certain(name, binders[place]):
                return

    def _last_certain(self, name: str) -> int:
        """Return the place of the last statement that binds a name for certain, or -1."""
        if name not in self._ends:
            back = reversed(self.all_binders[name])
            self._ends[name] = next((each for each in back if self._is_certain(name, each)), -1)
        return self._ends[name]

    def _last_certain_before(self, name: str) -> int:
        """Return where, of the statements that stay, one bound a name last for certain."""
        certain = (each for each in self.binders[name] if self._is_certain(name, each))
        return max((self.statements[each].old_place for each in certain), default=-1)

    def _is_certain(self, name: str, index: int) -> bool:
        key = name, index
        if key not in self._certain:
            nodes = self.statements[index].nodes
            self._certain[key] = binds_for_certain(nodes, name) and not self._is_idle(index)
        return self._certain[key]

    def _is_idle(self, index: int) -> bool:
        """Whether a statement is a loop that went round no time, as far as its variables show."""
        statement = self.statements[index]
        if statement.old_codes is None:
            return False  # it is to run for the first time
        targets = (node.target for node in statement.nodes if isinstance(node, ast.For))
        own = {name for each in targets for name in names_in(each)}
        return bool(own) and all(
            name not in self.namespace and list(self.all_binders.get(name, ())) == [index]
            for name in own
        )

    def _is_there(self, name: str, index: int, chain: list[int], runs: Sequence[bool]) -> bool:
        """Whether a name has the value that a chain gives it, as far as the statements show."""
        if not chain:
            return True
        before = [each for each in self.binders[name] if each < index and runs[each]]
        last = self._last_before(name)
        if before and before[-1] == chain[-1]:
            return True  # and what comes before it in the chain is asked for by that
        if before:
            # One that stays and had the last word gives the name its value back.
            is_last = self.statements[chain[-1]].old_place == last
            return is_last and not any(runs[each] for each in chain)
        value = self.namespace.get(name)
        later = (each for each in self.binders[name] if each > chain[-1])
        # What a value was filled with meanwhile is not to be lost.
        stays = may_hold_state(value) and not any(self._is_certain(name, each) for each in later)
        if stays or self.statements[chain[-1]].old_place == last:
            return True
        # Such a class may have nothing by which to tell it from another one of its name.
        if is_class(value) and (
            class_attributes(value).get("__module__") != self.namespace.get("__name__")
            or self._last_certain_before(name) == last
        ):
            return False
        return any(made_by(self.statements[each], name, value) for each in chain)

    def _last_before(self, name: str) -> int:
        """Return where the old source bound a name last."""
        places = [self.statements[each].old_place for each in self.binders[name]]
        return max(*places, self.last_bound.get(name, -1))

    def costs_nothing(self, index: int) -> bool:
        """Whether a statement may run again as it likes."""
        if index not in self._costs_nothing:
            self._costs_nothing[index] = costs_nothing(self.statements[index].nodes)
        return self._costs_nothing[index]

    def _stars(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        for index, statement in enumerate(self.statements):
            for name in imports_all(statement.nodes):
                home = sys.modules.get(absolute_name(name, self.namespace))
                yield index, vars(home) if home is not None else {}

    def _defines(self, at: int, name: str) -> bool:
        return any(each.name == name for each in definitions(self.statements[at].nodes))

    def _reads_of(self, index: int) -> frozenset[str]:
        if not self.binders:
            return frozenset()  # nearly every module
        if index not in self._reads:
            statement = self.statements[index]
            read = read_before_bound(statement.tokens)
            inside = set[str]().union(*map(_read_in_class, statement.codes))
            if not (len(statement.nodes) == 1 and isinstance(statement.nodes[0], DEFINITIONS)):
                inside -= statement.binds
            self._reads[index] = frozenset(self.binders.keys() & (read | inside))
        return self._reads[index]

    def _reads_by_calls(self, index: int) -> frozenset[str]:
        """Return the names that functions read which a statement calls, or decorates with."""
        if not self.binders:
            return frozenset()
        if index not in self._reads_inside:
            statement = self.statements[index]
            found = self._read_in_functions(_called(statement.nodes))
            self._reads_inside[index] = found - self._reads_of(index) - statement.binds
        return self._reads_inside[index]

    def _read_in_functions(self, waiting: set[str]) -> frozenset[str]:
        """Return what functions of the module read, by their names, and those that they mention."""
        found, seen = set[str](), set[str]()
        while waiting:
            name = waiting.pop()
            seen.add(name)
            places = self.all_binders.get(name, ())
            for code in (each for place in places for each in self.statements[place].codes):
                if code.co_name == name and is_function_code(code):
                    used = set(globals_read(code)).union(*map(globals_read, nested_codes(code)))
                    found |= self.binders.keys() & used
                    waiting |= used - seen
        return frozenset(found)


def later_than(at: int, places: Sequence[int]) -> Sequence[int]:
    """Return those of some places, in order, that come behind one."""
    return places[bisect.bisect_right(places, at) :]


def read_before_bound(tokens: Iterable[Token]) -> set[str]:
    """Return the names that instructions read before they bind them."""
    read, bound = set[str](), set[str]()
    for token in tokens:
        if token[0] in READS and token[1] not in bound:
            read.add(token[1])
        elif token[0] in BINDS:
            bound.add(token[1])
    return read


def _names_of(code: Any) -> tuple[str, ...]:
    names: tuple[str, ...] = code.co_names
    return names


def _read_in_class(code: Any) -> set[str]:
    """Return the globals that the body of a class reads as it is made."""
    if code.co_name in RUN_AT_ONCE:
        return set(code.co_names)
    if is_function_code(code):
        return set()
    found = read_before_bound(filter(None, read_stream(code).tokens))
    return found.union(*map(_read_in_class, codes_in(code)))


def _called(nodes: Iterable[ast.AST]) -> set[str]:
    nodes = list(nodes)
    calls = (each.func for each in outside_functions(nodes) if isinstance(each, ast.Call))
    decorators = (each for node in definitions(nodes) for each in node.decorator_list)
    return {each.id for each in (*calls, *decorators) if isinstance(each, ast.Name)}


def made_by(statement: Statement, name: str, value: Any) -> bool:
    """Whether a statement that stays has made a function or class, as far as its code shows."""
    own = [code for code in statement.old_codes or () if code.co_name == name]
    if type(value) is FunctionType:
        return any(same_code(value.__code__, code) for code in own)
    if not is_class(value) or qualified_name(value) != name:
        return False
    attributes = class_attributes(value)
    functions = [each for each in attributes.values() if type(each) is FunctionType]
    inside = [each for code in own if not is_function_code(code) for each in codes_in(code)]
    if functions or inside:
        return bool(functions) and all(
            any(same_code(each.__code__, code) for code in inside) for each in functions
        )
    return bool(own)
