"""Who imported what by name, and computed what from it, as the importers' own sources say."""

from __future__ import annotations

import functools
import os
import sys
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from livepatch._python.code import codes_in, nested_codes
from livepatch._python.kinds import is_single_dispatch
from livepatch._python.opcodes import JUMPS, OP
from livepatch._python.own import OwnList
from livepatch._snapshot.nested import absolute_name
from livepatch._source.bodies import is_function_code
from livepatch._source.origin import loaded_outline, names_read, read_names
from livepatch._source.outline import Outline
from livepatch._source.scope import ANNOTATIONS, REST, RUN_AT_ONCE
from livepatch._source.source import namespace_of

_LIBRARY = str(Path(os.__file__).parent)
# The modules of the standard library that have been met, by name; and livepatch's own.
_of_library: dict[str, weakref.ref[ModuleType]] = {}
_NO_NAMES = frozenset({REST, ANNOTATIONS})
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
        self._imports = [
            (absolute_name(each.module, namespace), each) for each in outline.scopes[()].imports
        ]
        self._users: dict[str, list[tuple[tuple[str, ...], frozenset[str]]]] | None = None
        self.bound: dict[tuple[str, str], set[str]] = {}
        self.starred: set[str] = set()
        over = _bound_over_imports(outline)
        for module, each in self._imports:
            if each.name == "*":
                self.starred.add(module)
            elif each.name is not None and each.bound not in over:
                self.bound.setdefault((module, each.name), set()).add(each.bound)

    def names_of(self, wanted: Name) -> set[str]:
        """Return the names to which the import statements bind a global of another module."""
        found = set(self.bound.get((wanted.module, wanted.name), ()))
        if wanted.starred and wanted.module in self.starred:
            found.add(wanted.name)
        return found

    def names_one_of(self, modules: Collection[str], packages: Collection[str]) -> bool:
        """Whether an import statement names one of some modules, or a package that one is in."""
        return any(
            imported in modules
            or (imported in packages if each.name is None else f"{imported}.{each.name}" in modules)
            for imported, each in self._imports
        )

    def computed_from(self, wanted: Name) -> Iterator[tuple[str, ...]]:
        """Yield the paths of what statements outside functions bind and use a global for."""
        names = self.names_of(wanted)
        if self.name == wanted.module:
            names.add(wanted.name)
        users = self._users_of_names()
        found = {
            path: None
            for name in names
            for path, loads in users.get(name, ())
            if not names.isdisjoint(loads - {path[-1]})
        }
        by_attribute = users.get(wanted.name)
        if by_attribute:
            aliases = set(self._aliases_of(wanted.module))
            found |= {path: None for path, loads in by_attribute if not aliases.isdisjoint(loads)}
        yield from found

    def names_used(self) -> set[str]:
        """Return the names that statements outside functions use."""
        return set(self._users_of_names())

    def functions_with(self, wanted: Name) -> Iterator[str]:
        """Yield the functions of the module that read a global of another one, or its own."""
        names = self.names_of(wanted)
        if self.name == wanted.module:
            names.add(wanted.name)
        if names:
            for function, reads in self._functions.items():
                if not names.isdisjoint(reads):
                    yield function

    @functools.cached_property
    def _functions(self) -> dict[str, frozenset[str]]:
        return _functions_in(self.outline.scopes[()].code)

    def says(self, path: tuple[str, ...], wanted: Name) -> bool:
        """Whether the statement that binds a path says a global, and not what it calls alone."""
        scope = self.outline.scopes.get(path[:-1])
        shells = scope.shells.get(path[-1], ()) if scope is not None else ()
        names = {*self.names_of(wanted), wanted.name}
        return any(not names.isdisjoint(shell.loads) for shell in shells)

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
            self._users = {}
            functions = self._functions
            for path, scope in self.outline.scopes.items():
                imported = {each.bound for each in scope.imports}
                for bound, shells in scope.shells.items():
                    if bound not in imported and bound not in _NO_NAMES:
                        said = (name for shell in shells for name in shell.loads)
                        loads = _with_calls(frozenset(said), functions)
                        for name in loads:
                            self._users.setdefault(name, []).append(((*path, bound), loads))
        return self._users

    def _aliases_of(self, module: str) -> Iterator[str]:
        for imported, each in self._imports:
            whole = imported if each.name is None else f"{imported}.{each.name}"
            # `import shop.config` binds shop; shop.config.LIMIT reads all three names.
            if whole == module or (each.name is None and module.startswith(f"{imported}.")):
                yield each.bound


def _bound_over_imports(outline: Outline) -> frozenset[str]:
    """Return the names that an import binds, and then certainly another statement."""
    scope = outline.scopes[()]
    imported = {each.bound for each in scope.imports}
    last = ((name, scope.shells[name][-1]) for name in scope.rebound & imported)
    return frozenset(
        name for name, shell in last if not shell.is_import and _IN_BRANCHES.isdisjoint(shell.kinds)
    )


def _functions_in(code: CodeType) -> dict[str, frozenset[str]]:
    """Return what the functions of a module read, by their names."""
    found: dict[str, frozenset[str]] = {}
    for each in codes_in(code):
        if is_function_code(each) and each.co_name not in RUN_AT_ONCE:
            inside = (inner.co_names for inner in nested_codes(each))
            found[each.co_name] = frozenset(each.co_names).union(*inside)
    return found


def _with_calls(loads: frozenset[str], functions: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return what a statement reads, and what the functions of its module do that it may call."""
    if functions.keys().isdisjoint(loads):
        return loads  # nearly every one
    found, waiting = set(loads), list(loads)
    for name in waiting:
        more = functions.get(name, frozenset()) - found
        found |= more
        waiting += more
    return frozenset(found)


class ImportersByName:
    """Importers by the names that they import: there may be hundreds, and thousands of names."""

    def __init__(self, importers: Iterable[Importer]) -> None:
        self._named: dict[tuple[str, str], list[Importer]] = {}
        self._starred: dict[str, list[Importer]] = {}
        for importer in importers:
            for key in importer.bound:
                self._named.setdefault(key, []).append(importer)
            for module in importer.starred:
                self._starred.setdefault(module, []).append(importer)

    def of(self, wanted: Name) -> list[Importer]:
        """Return the importers that may bind a global of another module, each once."""
        named = self._named.get((wanted.module, wanted.name), [])
        starred = self._starred.get(wanted.module, []) if wanted.starred else []
        return [*named, *(each for each in starred if each not in named)]


def importers_of(modules: Collection[str], excluded: Collection[str]) -> Iterator[Importer]:
    """Find the modules that `read_importers` has read whose imports name one of some modules.

    Args:
        modules: names of the modules that are imported.
        excluded: names of modules to leave out. The standard library is: it imports no others.
    """
    packages = {package for name in modules for package in _packages_of(name)}
    # What imports x.y.z has the names x and z in its code; in x itself z alone, or none.
    tops: dict[str, set[str]] = {"": {name.partition(".")[0] for name in modules}}
    for name in modules:
        tops.setdefault(name.rpartition(".")[2], set()).add(name.partition(".")[0])
    known = names_read()
    for name, module in [each for each in list(sys.modules.items()) if id(each[1]) in known]:
        if not _may_name_one(known[id(module)], name.partition(".")[0], tops):
            continue
        outline = loaded_outline(module) if _may_import(name, module, excluded) else None
        if outline is not None:
            importer = Importer(name, namespace_of(module), outline)
            if importer.names_one_of(modules, packages):
                yield importer


def _may_name_one(names: frozenset[str], own: str, tops: Mapping[str, set[str]]) -> bool:
    """Whether a module's code has the names to import a module that ends so and begins so."""
    if tops.keys().isdisjoint(names):
        return False
    found = map(tops.__getitem__, tops.keys() & names)
    return any(own in above or not names.isdisjoint(above) for above in found)


_ATOMS = frozenset(map(id, (int, float, str, bytes)))


def read_importers(
    modules: Mapping[str, ModuleType], values: Iterable[object], excluded: Collection[str] = ()
) -> None:
    """Read the bytecode of those who may import from some modules, as far as it is not known yet.

    Who has imported a name holds its value, or the module, or the module's package; nobody else
    need be read. Only here are files read: later, while other threads are to be quiet, each time
    this thread waits for a file they would have it wait for as long as they are quiet.

    Args:
        modules: the modules, by name.
        values: what may be imported from them. Of a number or text an equal one will do: it may
            have come by way of another module.
        excluded: names of modules to leave out.
    """
    imported = OwnList(values)
    held, equal = set(map(id, imported)), set(_atoms_in(imported))
    for name, module in modules.items():
        held.add(id(module))
        held.update(id(sys.modules.get(package)) for package in _packages_of(name))
    known = names_read()
    for name, module in list(sys.modules.items()):
        seen = _of_library.get(name)
        if seen is not None and seen() is module:
            continue  # nearly every one
        if id(module) not in known and _may_import(name, module, excluded):
            values = list(namespace_of(module).values())
            if not held.isdisjoint(map(id, values)) or not equal.isdisjoint(_atoms_in(values)):
                read_names(module)


def _atoms_in(values: list[Any]) -> Iterator[Any]:
    # By id: a metaclass may have its own hash.
    return compress(values, map(_ATOMS.__contains__, map(id, map(type, values))))


def _may_import(name: str, module: Any, excluded: Collection[str]) -> bool:
    """Whether what stands under a name in ``sys.modules`` may import from others than itself."""
    if name in excluded or not issubclass(type(module), ModuleType):
        return False
    filename = namespace_of(module).get("__file__")
    if not isinstance(filename, str):
        return False
    if _is_of_library(filename) or name.startswith("livepatch."):
        _of_library[name] = weakref.ref(module)
        return False
    return True


def _packages_of(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


@functools.lru_cache(maxsize=10_000)
def _is_of_library(filename: str) -> bool:
    return filename.startswith(_LIBRARY + os.sep) and "-packages" not in filename
