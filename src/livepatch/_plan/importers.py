"""Which loaded modules import from some modules, as their own sources say."""

from __future__ import annotations

import functools
import os
import sys
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import compress
from pathlib import Path
from types import ModuleType
from typing import Any

from livepatch._plan.importer import Importer, Name
from livepatch._python.kinds import is_module, is_special
from livepatch._python.own import OwnList
from livepatch._source.origin import loaded_outline, names_read, read_names
from livepatch._source.source import namespace_of

_LIBRARY = str(Path(os.__file__).parent)
# The modules of the standard library that have been met, by name; and livepatch's own.
_of_library: dict[str, weakref.ref[ModuleType]] = {}


class ImportersByName:
    """Importers by the names that they import: there may be hundreds, and thousands of names."""

    def __init__(self, importers: Iterable[Importer]) -> None:
        self._importers = list(importers)
        self._places = {id(each): place for place, each in enumerate(self._importers)}
        self._asked = 0
        self._named: dict[tuple[str, str], list[Importer]] = {}
        self._starred: dict[str, list[Importer]] = {}
        for importer in self._importers:
            for key in importer.bound:
                self._named.setdefault(key, []).append(importer)
            for module in importer.starred:
                self._starred.setdefault(module, []).append(importer)

    def of(self, wanted: Name) -> list[Importer]:
        """Return the importers that may bind a global of another module, each once."""
        named = self._named.get((wanted.module, wanted.name), [])
        starred = self._starred.get(wanted.module, []) if wanted.starred else []
        return [*named, *(each for each in starred if each not in named)]

    def that_may_use(self, wanted: Name) -> list[Importer]:
        """Return the importers that may use a global: nearly none does."""
        self._asked += 1
        if self._asked < _FEW:
            return [each for each in self._importers if each.may_use(wanted)]
        places = {self._places[id(each)] for each in self.of(wanted)}
        places.update(self._saying.get(wanted.name, ()))
        return [self._importers[place] for place in sorted(places)]

    @functools.cached_property
    def _saying(self) -> dict[str, list[int]]:
        """Which of the importers have code that says a name."""
        found: dict[str, list[int]] = {}
        for place, importer in enumerate(self._importers):
            for name in importer.said:
                found.setdefault(name, []).append(place)
        return found


_FEW = 50  # to ask each of hundreds so often takes as long as to list all that they say


def importers_of(
    modules: Collection[str], excluded: Collection[str], made: dict[str, Importer] | None = None
) -> Iterator[Importer]:
    """Find the modules that `read_importers` has read whose imports name one of some modules.

    Args:
        modules: names of the modules that are imported.
        excluded: names of modules to leave out. The standard library is: it imports no others.
        made: takes the importers, and has those of earlier calls.
    """
    made = {} if made is None else made
    wanted = frozenset(modules)
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
            importer = made.get(name)
            if importer is None:
                importer = made[name] = Importer(name, namespace_of(module), outline)
            if importer.names_one_of(wanted, packages):
                yield importer


def _may_name_one(names: frozenset[str], own: str, tops: Mapping[str, set[str]]) -> bool:
    """Whether a module's code has the names to import a module that ends so and begins so."""
    if tops.keys().isdisjoint(names):
        return False
    found = map(tops.__getitem__, tops.keys() & names)
    return any(own in above or not names.isdisjoint(above) for above in found)


_ATOMS = frozenset(map(id, (int, float, str, bytes)))


def may_be_imported(modules: Mapping[str, ModuleType]) -> bool:
    """Whether another module has one of some modules, a package of one, or what is in one.

    Else none has imported anything of them; but for those whose imports are in functions.
    """
    held = _ids_of(modules)
    for module in modules.values():
        names = namespace_of(module)
        held.update(id(value) for name, value in list(names.items()) if not is_special(name))
    return any(
        not held.isdisjoint(map(id, list(namespace_of(module).values())))
        for _, module in _of_users(modules)
    )


def _ids_of(modules: Mapping[str, ModuleType]) -> set[int]:
    packages = (each for name in modules for each in _packages_of(name))
    return {*map(id, modules.values()), *map(id, map(sys.modules.get, packages))}


def _of_users(excluded: Collection[str]) -> Iterator[tuple[str, ModuleType]]:
    """Yield the modules, by name, that are no library's and that may import from others."""
    for name, module in list(sys.modules.items()):
        seen = _of_library.get(name)
        if seen is not None and seen() is module:
            continue  # nearly every one
        if _may_import(name, module, excluded):
            yield name, module


def read_importers(
    modules: Mapping[str, ModuleType],
    values: Iterable[object],
    excluded: Collection[str] = (),
    near: Collection[str] = (),
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
        near: packages of which all modules are read: by an import in a function or class they may
            have computed something else from what is imported.
    """
    imported = OwnList(values)
    held, equal = _ids_of(modules).union(map(id, imported)), set(_atoms_in(imported))
    known = names_read()
    tails = {name.rpartition(".")[2] for name in list(sys.modules)}
    for name, module in _of_users(excluded):
        if id(module) not in known:
            values = list(namespace_of(module).values())
            if (
                name.partition(".")[0] in near
                or not held.isdisjoint(map(id, values))
                or not equal.isdisjoint(_atoms_in(values))
            ):
                read_names(module, tails)


def _atoms_in(values: list[Any]) -> Iterator[Any]:
    # By id: a metaclass may have its own hash.
    return compress(values, map(_ATOMS.__contains__, map(id, map(type, values))))


def _may_import(name: str, module: Any, excluded: Collection[str]) -> bool:
    """Whether what stands under a name in ``sys.modules`` may import from others than itself."""
    if name in excluded or not is_module(module):
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
