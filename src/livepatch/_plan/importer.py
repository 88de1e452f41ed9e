"""What one module's own source says of its imports: what it bound by them, and computed from it."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from types import CodeType, FunctionType
from typing import Any, TypeVar

from livepatch._needs.differences import MAKERS
from livepatch._plan.users import Said, said_by, users_by_name
from livepatch._python.code import nested_codes
from livepatch._python.kinds import is_class, is_plain_data, is_single_dispatch, is_whole, mro_of
from livepatch._python.opcodes import JUMPS, OP
from livepatch._python.star_names import star_names
from livepatch._snapshot.nested import absolute_name
from livepatch._source.bodies import is_function_code
from livepatch._source.by_text import ASKS_BY_TEXT, RUNS_TEXTS, modules_asked_for
from livepatch._source.outline import Outline
from livepatch._source.scope import LAMBDA, Import, imports_within
from livepatch._statements.operations import operations

ITEM = "[]"
"""What stands for an item of a table, as a part of that."""
TABLES = (dict, list, tuple)
_MOST = 1_000
_TAKING = frozenset(("__class_getitem__", "__next__"))
_TAKES = frozenset(("get", "items", "pop", "values"))
_WORD = re.compile(r"\w+")
# What stands in a statement that may be skipped: behind a condition, or for an exception.
_IN_BRANCHES = JUMPS | {
    OP[name] for name in ("PUSH_EXC_INFO", "RETURN_VALUE", "RETURN_CONST") if name in OP
}


@dataclass(frozen=True, slots=True)
class Name:
    """A global of a module.

    Attributes:
        module: the module's name.
        name: its own.
        starred: whether ``from module import *`` binds it.
    """

    module: str
    name: str
    starred: bool

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Importer:
    """A module, and what its source says about its imports.

    Attributes:
        name: the module's name.
        namespace: its globals.
        outline: what its source says.
    """

    def __init__(self, name: str, namespace: dict[str, Any], outline: Outline) -> None:
        self.name = name
        self.namespace = namespace
        self.outline = outline
        self._imports = self._absolute(outline.scopes[()].imports)
        # By those inside of classes and functions.
        self._in_classes: dict[tuple[str, str], list[tuple[str, ...]]] = {}
        self._users: dict[str, list[tuple[tuple[str, ...], frozenset[str]]]] | None = None
        self.bound: dict[tuple[str, str], set[str]] = {}
        self.starred: set[str] = set()
        self._over = _bound_over_imports(outline)
        for module, each in self._imports:
            if each.name == "*":
                self.starred.add(module)
            elif each.name is not None and each.bound not in self._over:
                self.bound.setdefault((module, each.name), set()).add(each.bound)
        for module, each in self._in_functions if outline.global_names else ():
            if each.name is not None and each.bound in outline.global_names:
                self.bound.setdefault((module, each.name), set()).add(each.bound)
        for path, scope in outline.scopes.items():
            for module, each in self._absolute(scope.imports) if path else ():
                if each.name is not None:
                    found = self._in_classes.setdefault((module, each.name), [])
                    found.append((*path, each.bound))

    @functools.cached_property
    def _in_functions(self) -> list[tuple[str, Import]]:
        """What functions import; each with the module's full name."""
        return self._absolute(_imports_of_functions(self.outline))

    @functools.cached_property
    def _asked_for(self) -> list[str]:
        """The names of modules that are asked for as texts."""
        return [absolute_name(text, self.namespace) for text in modules_asked_for(self.outline)]

    @functools.cached_property
    def said(self) -> frozenset[str]:
        """All names that the module's code says, those that it asks for as texts among them."""
        code = self.outline.scopes[()].code
        names = set(code.co_names)
        for each in (code, *nested_codes(code)):
            said = each.co_names
            names.update(said)
            if not RUNS_TEXTS.isdisjoint(said):
                names.update(word for text in _texts_in(each) for word in _WORD.findall(text))
            elif not ASKS_BY_TEXT.isdisjoint(said):
                names.update(filter(str.isidentifier, _texts_in(each)))
        return frozenset(names)

    def _absolute(self, imports: Iterable[Import]) -> list[tuple[str, Import]]:
        return [(absolute_name(each.module, self.namespace), each) for each in imports]

    def names_of(self, wanted: Name) -> set[str]:
        """Return the names to which the import statements bind a global of another module."""
        found = set(self.bound.get((wanted.module, wanted.name), ()))
        if wanted.starred and wanted.module in self.starred:
            found.add(wanted.name)
        return found

    @functools.cached_property
    def asked_names(self) -> frozenset[str]:
        """The names that are imported from other modules."""
        return frozenset(name for _, name in self.bound)

    @functools.cached_property
    def star_names(self) -> frozenset[str]:
        """The names that ``from module import *`` binds with the module."""
        return frozenset(star_names(self.namespace))

    def names_one_of(self, modules: AbstractSet[str], packages: Collection[str]) -> bool:
        """Whether an import statement names one of some modules, or a package that one is in."""
        return (
            any(_names_one(each, modules, packages) for each in self._imports)  # nearly every one
            or any(
                f"{home}.{name}" in modules or home in modules for home, name in self._in_classes
            )
            or not modules.isdisjoint(self._asked_for)
            or any(_names_one(each, modules, packages) for each in self._in_functions)
        )

    def may_use(self, wanted: Name) -> bool:
        """Whether the module says a global of another one, or its own, by any name."""
        return wanted.name in self.said or bool(self.names_of(wanted))

    def computed_from(self, wanted: Name, part: str = "") -> Iterator[tuple[str, ...]]:
        """Yield the paths of what statements outside functions bind and use a global for.

        Args:
            wanted: the global.
            part: the attribute of it that they ask for, or that makes instances; any if empty.
        """
        is_made = part == ITEM or part in MAKERS
        if not self.may_use(wanted):
            return  # nearly every one
        names = self._called_here(wanted)
        inside = self._in_classes.get((wanted.module, wanted.name), ())
        names.update(path[-1] for path in inside)
        users = self._users_of_names()
        found: dict[tuple[str, ...], None] = dict.fromkeys(inside)
        found |= {
            path: None
            for name in names
            for path, loads in users.get(name, ())
            if not names.isdisjoint(loads - {path[-1]}) and (is_made or not part or part in loads)
        }
        by_attribute = users.get(wanted.name)
        if by_attribute:
            aliases = set(self.aliases_of(wanted.module))
            by_attribute = [each for each in by_attribute if not aliases.isdisjoint(each[1])]
            found |= {
                path: None for path, loads in by_attribute if is_made or not part or part in loads
            }
        yield from found

    def users_of(self, name: str) -> list[tuple[tuple[str, ...], frozenset[str]]]:
        """List what statements outside functions bind that use a name, each with all they use."""
        return self._users_of_names().get(name, [])

    def names_used(self) -> set[str]:
        """Return the names that statements outside functions use."""
        return set(self._users_of_names())

    def functions_with(self, wanted: Name, part: str = "") -> Iterator[str]:
        """Yield the functions of the module that read a global of another one, or its own.

        Args:
            wanted: the global.
            part: the attribute of it that they read, see `computed_from`.
        """
        names = self._called_here(wanted)
        for function, reads in _with_names(names, self._readers):
            if _reads_part(reads, part):
                yield from [function] if function != LAMBDA else self._lambdas_with(names)

    def methods_with(self, wanted: Name, part: str = "") -> Iterator[tuple[str, str]]:
        """Yield the methods that read a global likewise, each with the name of its class.

        Methods of the class itself read its attributes by their names: ``self.rate()``.
        """
        names = self._called_here(wanted)
        for (cls, method), reads in _with_names(names, self._methods_reading):
            if _reads_part(reads, part):
                yield cls, method
        if part and part in self._methods_reading:
            values = (self.namespace.get(name) for name in names)
            own = {each for value in values for each in self.faces_of(value)}
            beside = (place for place, _ in self._methods_reading[part] if place[1] != part)
            yield from (place for place in beside if place[0] in own)

    def _called_here(self, wanted: Name) -> set[str]:
        """Return the names that a global of another module has here, or one of its own."""
        names = self.names_of(wanted)
        if self.name == wanted.module:
            names.add(wanted.name)
        return names

    def faces_of(self, value: Any) -> list[str]:
        """List the globals that lead to a class, or are tables of functions: ``{"get": get}``.

        A class: it, those below it, the objects of all these, and tables that have one.
        """
        return list(self._faces.get(id(value), ()))

    @functools.cached_property
    def _faces(self) -> dict[int, dict[str, None]]:
        found: dict[int, dict[str, None]] = {}
        for name, value in list(self.namespace.items()):
            if type(name) is not str or type(value) is FunctionType or is_plain_data(value):
                continue
            for each in (value, *_items_of(value)):
                cls = each if is_class(each) else type(each)
                faces = [each] if type(each) is FunctionType else mro_of(cls)
                for key in faces if is_whole(cls) else ():
                    found.setdefault(id(key), {})[name] = None
        return found

    @functools.cached_property
    def partials(self) -> frozenset[str]:
        """The globals that are made to call something."""
        globals_ = list(self.namespace.items())
        return frozenset(name for name, value in globals_ if type(value) is functools.partial)

    @functools.cached_property
    def _readers(self) -> dict[str, list[tuple[str, frozenset[str]]]]:
        """The functions by the names that they read, each with all these."""
        return _by_names(self._source.functions.items())

    @functools.cached_property
    def _methods_reading(self) -> dict[str, list[tuple[tuple[str, str], frozenset[str]]]]:
        """The methods by the names that they read, likewise."""
        return _by_names(
            ((cls, method), reads)
            for cls, methods in self._source.methods
            for method, reads in methods.items()
        )

    def _lambdas_with(self, names: set[str]) -> Iterator[str]:
        """Yield the globals that are lambda expressions which read one of some names."""
        for name, value in list(self.namespace.items()):
            is_lambda = type(value) is FunctionType and value.__code__.co_name == LAMBDA
            if is_lambda and not names.isdisjoint(value.__code__.co_names):
                yield name

    @functools.cached_property
    def _source(self) -> Said:
        return said_by(self.name, self.outline)

    def says(self, path: tuple[str, ...], wanted: Name) -> bool:
        """Whether the statement that binds a path says a global, and not what it calls alone."""
        scope = self.outline.scopes.get(path[:-1])
        shells = scope.shells.get(path[-1], ()) if scope is not None else ()
        names = {*self.names_of(wanted), wanted.name}
        return any(not names.isdisjoint(shell.loads) for shell in shells)

    def takes_item(self, path: tuple[str, ...]) -> bool:
        """Whether the statement that binds a path takes something out of a table, and calls it."""
        scope = self.outline.scopes.get(path[:-1])
        shells = scope.shells.get(path[-1], ()) if scope is not None else ()
        said = chain.from_iterable(shell.fingerprint for shell in shells)
        parts = (each[:2] for each in said if isinstance(each, tuple) and type(each[0]) is int)
        return any(not _TAKES.isdisjoint(each.loads) for each in shells) or (
            not _TAKING.isdisjoint(operations(parts))
        )

    def is_made_with(self, path: tuple[str, ...], wanted: Name, method: str = "") -> bool:
        """Whether a definition is made with a global: decorated by it, or by a method of it."""
        scope = self.outline.scopes.get(path[:-1])
        shells = scope.shells.get(path[-1], ()) if scope is not None else ()
        names = {*self.names_of(wanted), wanted.name}
        return any(
            shell.is_made_with(name, alone=True) and not self._registers(shell.loads - names)
            for shell in shells
            if not method or method in shell.loads
            for name in names
        )

    def _registers(self, loads: Iterable[str]) -> bool:
        """Whether one of some names is a dispatcher, whose decorators only keep what they get."""
        return any(is_single_dispatch(self.namespace.get(name)) for name in loads)

    def _users_of_names(self) -> dict[str, list[tuple[tuple[str, ...], frozenset[str]]]]:
        """Return, for each name that statements outside functions use, what they bind."""
        if self._users is None:
            imported = {(each.bound,) for _, each in self._imports if each.bound not in self._over}
            self._users = users_by_name(self._source, self.namespace, imported)
        return self._users

    def aliases_of(self, module: str) -> Iterator[str]:
        """Yield the names by which statements lead to a module."""
        yield module  # as a text: `sys.modules["shop.config"]`
        for imported, each in self._imports:
            whole = imported if each.name is None else f"{imported}.{each.name}"
            # `import shop.config` binds shop; shop.config.LIMIT reads all three names.
            if whole == module or (each.name is None and module.startswith(f"{imported}.")):
                yield each.bound
        for (imported, name), paths in self._in_classes.items():
            if f"{imported}.{name}" == module:
                yield from (path[-1] for path in paths)
        for imported, each in self._in_functions:
            # These names are in the functions' code, for what they call has used them.
            if imported == module:
                yield each.module.lstrip(".")
            elif each.name is not None and f"{imported}.{each.name}" == module:
                yield each.name


_Reader = TypeVar("_Reader")
_Reading = tuple[_Reader, frozenset[str]]


def _by_names(readers: Iterable[_Reading[_Reader]]) -> dict[str, list[_Reading[_Reader]]]:
    found: dict[str, list[_Reading[_Reader]]] = {}
    for each in readers:
        for name in each[1]:
            found.setdefault(name, []).append(each)
    return found


def _with_names(
    names: Iterable[str], readers: Mapping[str, list[_Reading[_Reader]]]
) -> Iterator[_Reading[_Reader]]:
    """Yield those that read one of some names, each once."""
    lists = [readers[name] for name in names if name in readers]
    return iter(lists[0] if len(lists) == 1 else dict(chain.from_iterable(lists)).items())


def _items_of(value: Any, depth: int = 2) -> Iterator[Any]:
    """Yield the items of a table, and of the tables in it, that may lead to code."""
    kind = type(value)
    if kind not in TABLES or not 0 < len(value) <= _MOST or depth == 0:
        return
    for item in list(value.values() if kind is dict else value):
        if not is_plain_data(item):
            yield item
            yield from _items_of(item, depth - 1)


def _reads_part(reads: AbstractSet[str], part: str) -> bool:
    return not part or part == ITEM or part in MAKERS or part in reads


def _texts_in(code: CodeType) -> list[str]:
    return [each for each in code.co_consts if type(each) is str]


def _names_one(
    each: tuple[str, Import], modules: AbstractSet[str], packages: Collection[str]
) -> bool:
    home, imported = each
    if home in modules:
        return True
    return home in packages if imported.name is None else f"{home}.{imported.name}" in modules


def _bound_over_imports(outline: Outline) -> frozenset[str]:
    """Return the names that an import binds, and then certainly another statement."""
    scope = outline.scopes[()]
    imported = {each.bound for each in scope.imports}
    last = ((name, scope.shells[name][-1]) for name in scope.rebound & imported)
    return frozenset(
        name for name, shell in last if not shell.is_import and _IN_BRANCHES.isdisjoint(shell.kinds)
    )


def _imports_of_functions(outline: Outline) -> Iterator[Import]:
    for each in nested_codes(outline.scopes[()].code):
        if is_function_code(each):
            yield from imports_within(each)
