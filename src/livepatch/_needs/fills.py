"""Who builds the data of a module through calls: ``def put(x): ITEMS.append(x)``, called then."""

from __future__ import annotations

import ast
import dis
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from livepatch._needs.differences import MAKERS
from livepatch._python.code import nested_codes
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import (
    FUNCTIONS,
    SETTERS,
    base_names,
    built_names,
    decorator_paths,
    definitions,
    outside_functions,
)
from livepatch._statements.tree import walk

ALL = "__all__"
_LISTING = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.For)
_SETTING = ("STORE_ATTR", "DELETE_ATTR")
_BETWEEN = ("CACHE", "PUSH_NULL")


class Fills:
    """Finds, for a global that is made anew, who has filled it; only where somebody asks.

    Attributes:
        statements: those of the module.
    """

    def __init__(self, statements: list[Statement]) -> None:
        self.statements = statements
        self._mentioned: list[frozenset[str]] = []
        self._fillers: dict[str, frozenset[str]] = {}
        self._given: dict[str, list[tuple[int, ast.Call]]] | None = None
        self._given_plainly: dict[str, list[tuple[int, ast.Call]]] | None = None
        self._binders: dict[str, list[Statement]] | None = None

    def functions(self, name: str) -> frozenset[str]:
        """Return the functions that build a global, themselves or through calls.

        A class does what runs when one derives from it, or is made by it.
        """
        if name not in self._fillers:
            found = {each for each, code in self._functions({name}) if name in _filled(code)}
            waiting = set(found)
            while waiting:
                callers = {
                    each
                    for each, code in self._functions(waiting)
                    if not waiting.isdisjoint(_called(code))
                }
                waiting = callers - found
                found |= waiting
            self._fillers[name] = frozenset(found)
        return self._fillers[name]

    def statements_for(self, name: str) -> Iterator[int]:
        """Yield the places of the statements that build a global through calls."""
        functions = self.functions(name)
        for index, statement in enumerate(self.statements) if functions else ():
            if not functions.isdisjoint(_makers(statement.nodes)):
                yield index

    def statements_given(self, name: str) -> Iterator[int]:
        """Yield the places of the calls of functions that fill what they are given by a name.

        ``number(CODES, 31)``, where ``def number(table, last): table[last] = last``.
        """
        if self._given is None:
            self._given = {}
            for index, call in self._calls():
                for each in (*call.args, *(keyword.value for keyword in call.keywords)):
                    if isinstance(each, ast.Name):
                        self._given.setdefault(each.id, []).append((index, call))
        for index, call in self._given.get(name, ()):
            called = set(_names_of([call.func]))
            if any(
                node.name in called and not _parameters(node, call, name).isdisjoint(_built(node))
                for node in self._defined(called)
            ):
                yield index

    def calls_of(self, name: str) -> Iterator[int]:
        """Yield the places of the calls of what has a name: ``register("a")``."""
        return (index for index, call in self._calls() if name in _names_of([call.func]))

    def _calls(self) -> Iterator[tuple[int, ast.Call]]:
        for index, statement in enumerate(self.statements):
            for part in outside_functions(statement.nodes):
                if isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
                    yield index, part.value

    def _defined(self, names: Collection[str]) -> Iterator[Any]:
        for statement in self.statements:
            if not statement.binds.isdisjoint(names):
                yield from (each for each in definitions(statement.nodes) if _is_function(each))

    def statements_on(self, name: str, namespace: Mapping[str, Any]) -> Iterator[int]:
        """Yield the places of the calls of functions that set attributes of a definition.

        ``add_methods(Note)``, where ``def add_methods(cls): cls.text = text``.

        Args:
            name: of the definition.
            namespace: of the module, for functions that it has imported.
        """
        if self._given_plainly is None:
            self._given_plainly = {}
            for index, call in self._plain_calls():
                for each in set(_names_of(call.args)):
                    self._given_plainly.setdefault(each, []).append((index, call))
        for index, call in self._given_plainly.get(name, ()):
            codes = self._called_by(call, namespace)
            if any(_shapes(code, call, name) for code in codes):
                yield index

    def _plain_calls(self) -> Iterator[tuple[int, ast.Call]]:
        """Yield the calls that are statements of the module, in no block, with their places."""
        for index, statement in enumerate(self.statements):
            for node in statement.nodes:
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                    yield index, node.value

    def _called_by(self, call: ast.Call, namespace: Mapping[str, Any]) -> Iterator[CodeType]:
        """Yield the code of the function that a call calls, as this source or another has it."""
        if self._binders is None:
            self._binders = {}
            for statement in self.statements:
                for name in statement.binds:
                    self._binders.setdefault(name, []).append(statement)
        for name in _names_of([call.func]):
            binders = self._binders.get(name, ())
            own = [code for each in binders for code in each.codes if code.co_name == name]
            there = namespace.get(name)
            yield from own or ([there.__code__] if type(there) is FunctionType else ())

    def _functions(self, names: Collection[str]) -> Iterator[tuple[str, ast.AST]]:
        """Yield the functions of statements that mention one of some names."""
        if not self._mentioned:
            self._mentioned = [frozenset(_names_in(each)) for each in self.statements]
        for statement, mentioned in zip(self.statements, self._mentioned):
            if not mentioned.isdisjoint(names):
                for node in definitions(statement.nodes):
                    yield from ((node.name, each) for each in _run_by(node))


def _names_in(statement: Statement) -> Iterator[str]:
    for outer in statement.codes:
        for code in (outer, *nested_codes(outer)):
            yield from code.co_names


def _run_by(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield a function, or the functions of a class that run as classes are made."""
    if isinstance(node, FUNCTIONS):
        yield node
    elif isinstance(node, ast.ClassDef):
        yield from (
            each for each in node.body if isinstance(each, FUNCTIONS) and each.name in MAKERS
        )


def _filled(function: ast.AST) -> set[str]:
    parts = walk(function)
    own = {each.arg for each in parts if isinstance(each, ast.arg)}
    names = (each for each in parts if isinstance(each, ast.Name))
    own.update(each.id for each in names if isinstance(each.ctx, ast.Store))
    return built_names(parts) - own


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, FUNCTIONS)


def _built(function: ast.AST) -> set[str]:
    return built_names(walk(function))


def _parameters(function: Any, call: ast.Call, name: str) -> set[str]:
    """Return the parameters of a function by which a call gives it what has a name."""
    places = (*function.args.posonlyargs, *function.args.args)
    given = [(each.arg, value) for each, value in zip(places, call.args)]
    given += ((each.arg, each.value) for each in call.keywords if each.arg is not None)
    return {each for each, value in given if isinstance(value, ast.Name) and value.id == name}


def _shapes(code: CodeType, call: ast.Call, name: str) -> bool:
    """Whether a function sets attributes of what a call gives it by a name."""
    parameters = code.co_varnames[: code.co_argcount]
    given = {
        parameter
        for parameter, each in zip(parameters, call.args)
        if isinstance(each, ast.Name) and each.id == name
    }
    return bool(given) and not given.isdisjoint(_shaped(code))


def _shaped(code: CodeType) -> Iterator[str]:
    """Yield the variables of whose objects a function's code sets or deletes attributes."""
    before: tuple[Any, ...] = ()
    for each in dis.get_instructions(code):
        if each.opname in _BETWEEN:
            continue
        # Since 3.13 one instruction may load two variables.
        said: Any = each.argval
        loaded: tuple[Any, ...] = said if isinstance(said, tuple) else (said,)
        if each.opname in _SETTING:
            yield from map(str, before[-1:])
        elif before and isinstance(before[0], str) and before[0] in SETTERS:
            yield from map(str, loaded[:1])
        before = loaded


def _called(function: ast.AST) -> set[str]:
    calls = (each.func for each in walk(function) if isinstance(each, ast.Call))
    return {each.id for each in calls if isinstance(each, ast.Name)}


def _makers(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the functions and classes that statements call for what these do besides."""
    nodes = list(nodes)
    found = base_names(nodes) | {path[0] for path in decorator_paths(nodes)}
    for part in outside_functions(nodes):
        if isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            found.update(_names_of([part.value.func]))
        elif isinstance(part, ast.ClassDef):
            found.update(_names_of(each.value for each in part.keywords))
    return found


def _names_of(nodes: Iterable[ast.AST]) -> Iterator[str]:
    return (each.id for each in nodes if isinstance(each, ast.Name))


def computes_names(statement: Statement) -> bool:
    """Whether a statement takes names for `__all__` from elsewhere: `__all__ += views.__all__`."""
    used = bool(statement.reads - {ALL}) or bool(statement.codes)
    return used and only_lists(statement)


def only_lists(statement: Statement) -> bool:
    """Whether a statement does nothing but list names: it may run again as it likes."""
    return all(isinstance(each, _LISTING) for each in statement.nodes)
