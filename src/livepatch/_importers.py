"""Who imported what by name, and computed what from it, as the importers' own sources say."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from livepatch._nested import absolute_name
from livepatch._origin import loaded_names, loaded_outline
from livepatch._outline import ANNOTATIONS, REST, Import, Outline
from livepatch._source import namespace_of

_LIBRARY = str(Path(os.__file__).parent)
_NO_NAMES = frozenset({REST, ANNOTATIONS})


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


@dataclass(slots=True, eq=False)
class Importer:
    """A module, and what its source says about its imports.

    Attributes:
        name: the module's name.
        namespace: its globals.
        outline: what its source says.
    """

    name: str
    namespace: dict[str, Any]
    outline: Outline
    _imports: list[tuple[str, Import]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for each in self.outline.scopes[()].imports:
            self._imports.append((absolute_name(each.module, self.namespace), each))

    def names_of(self, wanted: Name) -> set[str]:
        """Return the names to which the import statements bind a global of another module."""
        found: set[str] = set()
        for module, each in self._imports:
            if module == wanted.module:
                if each.name == wanted.name:
                    found.add(each.bound)
                elif each.name == "*" and wanted.starred:
                    found.add(wanted.name)
        return found

    def computed_from(self, wanted: Name) -> Iterator[tuple[str, ...]]:
        """Yield the paths of what statements outside functions bind and use a global for."""
        names = self.names_of(wanted)
        if self.name == wanted.module:
            names.add(wanted.name)
        aliases = set(self._aliases_of(wanted.module))
        for path, scope in self.outline.scopes.items():
            imported = {each.bound for each in scope.imports}
            for bound, shells in scope.shells.items():
                loads = {name for shell in shells for name in shell.loads}
                by_attribute = wanted.name in loads and not aliases.isdisjoint(loads)
                if bound in imported or bound in _NO_NAMES:
                    continue
                if by_attribute or not names.isdisjoint(loads - {bound}):
                    yield (*path, bound)

    def _aliases_of(self, module: str) -> Iterator[str]:
        for imported, each in self._imports:
            whole = imported if each.name is None else f"{imported}.{each.name}"
            # `import shop.config` binds shop; shop.config.LIMIT reads all three names.
            if whole == module or (each.name is None and module.startswith(f"{imported}.")):
                yield each.bound


def importers_of(modules: Collection[str], excluded: Collection[str]) -> Iterator[Importer]:
    """Find the loaded modules whose import statements may name one of some modules.

    Args:
        modules: names of the modules that are imported.
        excluded: names of modules to leave out. The standard library is: it imports no others.
    """
    tails = {name.rpartition(".")[2] for name in modules} | set(modules)
    for name, module in list(sys.modules.items()):
        if name in excluded or not issubclass(type(module), ModuleType):
            continue
        namespace = namespace_of(module)
        filename = namespace.get("__file__")
        if not isinstance(filename, str) or _is_of_library(filename):
            continue
        if tails.isdisjoint(loaded_names(module)):
            continue
        outline = loaded_outline(module)
        if outline is not None:
            yield Importer(name, namespace, outline)


def _is_of_library(filename: str) -> bool:
    return filename.startswith(_LIBRARY + os.sep) and "-packages" not in filename
