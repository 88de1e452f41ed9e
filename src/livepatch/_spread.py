"""What has changed in the modules of a reload, by the names under which others import it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from livepatch._between import find_go_betweens
from livepatch._needs import Changes
from livepatch._nested import absolute_name
from livepatch._outline import Outline
from livepatch._scope import Import
from livepatch._snapshot import Snapshot


@dataclass(slots=True, eq=False)
class Imported:
    """What a module imports that has changed.

    Attributes:
        names: what it is called there.
        starred: whether a module of which everything is imported may have other names now.
    """

    names: set[str] = field(default_factory=set)
    starred: bool = False


class ChangedModules:
    """What has changed in those modules of a reload that were looked at.

    Attributes:
        modules: the changes by module.
        between: the modules that are not reloaded, by way of which others import from these.
    """

    def __init__(self, snapshots: list[Snapshot], outlines: Mapping[str, Outline]) -> None:
        self.modules: dict[str, Changes] = {}
        sources = [each.source for each in snapshots]
        described = {each.name: (each.module, outlines[each.name]) for each in sources}
        self.between = find_go_betweens(described) if len(sources) > 1 else {}

    def imported_by(self, said: Outline, namespace: dict[str, Any]) -> Imported:
        """Return what has changed under the names that a module has for it."""
        found = Imported()
        for each in said.scopes[()].imports:
            names = self._names_in(absolute_name(each.module, namespace))
            if each.name == "*":
                found.starred = found.starred or self._is_starred(each, namespace)
                found.names |= names
            elif each.name in names:
                found.names.add(each.bound)
            elif each.name is None:
                found.names |= names if each.bound in namespace else set()
        return found

    def _names_in(self, home: str, seen: frozenset[str] = frozenset()) -> set[str]:
        """Return the names of a module, or of one by way of which it is imported, that changed."""
        changes, between = self.modules.get(home), self.between.get(home)
        if changes is not None:
            return changes.names | {path[0] for path in changes.bodies}
        found: set[str] = set()
        if between is not None and home not in seen:
            for module, each in between.imports:
                names = self._names_in(module, seen | {home})
                found |= names if each.name == "*" else _bound(each, names)
        return found

    def _is_starred(self, imported: Import, namespace: dict[str, Any]) -> bool:
        changes = self.modules.get(absolute_name(imported.module, namespace))
        return changes is not None and bool(changes.names)


def _bound(imported: Import, names: set[str]) -> set[str]:
    return {imported.bound} if imported.name in names else set()
