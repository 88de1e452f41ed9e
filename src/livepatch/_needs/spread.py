"""What has changed in the modules of a reload, by the names under which others import it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from livepatch._needs.between import find_go_betweens
from livepatch._needs.differences import Changes, Path
from livepatch._needs.reach import Reach
from livepatch._python.code import deletes, names_within, nested_codes
from livepatch._python.kinds import is_module
from livepatch._snapshot.nested import absolute_name
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.bodies import Bodies
from livepatch._source.by_text import modules_asked_for
from livepatch._source.outline import Outline
from livepatch._source.scope import Import, imports_within


@dataclass(slots=True)
class Imported:
    """What a module imports that has changed.

    Attributes:
        changes: it, by what it is called there.
        starred: whether a module of which everything is imported may have other names now.
        modules: what it calls the modules in which something has changed.
        has_more: whether names are bound anew, too, that do not concern it.
    """

    changes: Changes = field(default_factory=Changes)
    starred: bool = False
    modules: set[str] = field(default_factory=set)
    has_more: bool = False

    def is_like(self, other: Imported) -> bool:
        """Whether it is the same but for which definitions have changed."""
        return (
            self.starred is other.starred
            and self.modules == other.modules
            and self.has_names() is other.has_names()
        )

    def has_names(self) -> bool:
        """Whether names are bound anew."""
        return self.has_more or bool(self.changes.names)

    def bind_anew(self, names: Iterable[str], namespace: Mapping[str, Any]) -> bool:
        """Whether an import of some names binds one anew: no module, in which something changed.

        ``import shop.cart as cart`` would bind what the package has by that name since, and so
        would one of a module in which a class of its own name has changed.
        """
        return any(
            name in self.changes.names
            and not (name in self.modules and is_module(namespace.get(name)))
            for name in names
        )


class ChangedModules:
    """What has changed in those modules of a reload that were looked at.

    Attributes:
        modules: the changes by module, with what it hands on.
        near: those of them that may concern the module itself.
        between: the modules that are not reloaded, by way of which others import from these.
        bodies: the functions that the modules keep.
        namespaces: the live globals of all that are reloaded.
    """

    def __init__(self, snapshots: list[Snapshot], outlines: Mapping[str, Outline]) -> None:
        self.modules: dict[str, Changes] = {}
        self.near: dict[str, Changes] = {}
        self.bodies: dict[str, Bodies] = {}
        self._seen: dict[str, dict[str, list[tuple[int, Path]]]] = {}
        self._homes: dict[int, frozenset[str]] = {}
        self._inside: dict[int, list[tuple[str, str | None]]] = {}
        self.namespaces = {each.source.name: each.namespace for each in snapshots}
        sources = [each.source for each in snapshots]
        described = {each.name: (each.module, outlines[each.name]) for each in sources}
        self.between = find_go_betweens(described) if len(sources) > 1 else {}
        self._between: dict[str, Changes] = {}
        self._follows = True
        self._names: dict[int, frozenset[str]] = {}
        self._behind: dict[str, tuple[Changes, Reach, frozenset[str], dict[str, list[Path]]]] = {}

    def put(self, name: str, changes: Changes, handed_on: Changes, bodies: Bodies) -> bool:
        """Note what has changed in a module, and what it keeps; say whether that is news.

        Args:
            name: of the module.
            changes: those that may concern it.
            handed_on: those of what it imports that do not.
            bodies: the functions that it keeps.
        """
        whole = changes.copy()
        whole.update(handed_on)
        is_near = self.near.get(name) == changes and self.bodies[name].are(bodies)
        if is_near and self.modules[name] == whole:
            return False
        if not is_near:
            self.near[name], self.bodies[name] = changes, bodies
        self.modules[name] = whole
        self._seen.pop(name, None)
        self._follows = not self.between
        return True

    def homes_of(self, said: Outline, namespace: dict[str, Any]) -> frozenset[str]:
        """Return the modules that a module may import from."""
        homes = self._homes.get(id(said))
        if homes is None:
            inside = (home for home, _ in self._taken_inside(said, namespace))
            homes = self._homes[id(said)] = frozenset((*_homes_in(said, namespace), *inside))
        return homes

    def imports_from(
        self, names: AbstractSet[str], said: Outline, namespace: dict[str, Any]
    ) -> bool:
        """Whether a module may import from one of some modules, itself or by way of others."""
        homes = self.homes_of(said, namespace)
        return not (homes.isdisjoint(names) and (not names or homes.isdisjoint(self.between)))

    def imported_by(self, said: Outline, namespace: dict[str, Any]) -> Imported:
        """Return what has changed under the names that a module has for it."""
        if not self._follows:
            self._between, self._follows = self._follow_betweens(), True
            for home in self._between:
                self._seen.pop(home, None)
        found = Imported()
        changes = found.changes
        for each in said.scopes[()].imports:
            home = absolute_name(each.module, namespace)
            there = self._changes_in(home)
            if each.name not in {None, "*"}:
                home_of_part = f"{home}.{each.name}"
                self._add_module(found, home_of_part, each.bound, said, namespace)
            if each.name == "*":
                found.starred = found.starred or self._is_starred(home)
                changes.update(there)
            elif each.name is not None:
                changes.update(self._seen_as(home, each.name, each.bound))
                changes.reaching.update(
                    (each.bound, *path[1:]) for path in self._through(home, (each.name,))
                )
            else:
                self._add_module(found, home, each.bound, said, namespace)
        for home, name in self._imported_inside(said, namespace):
            changes.update(
                self._changes_in(home) if name is None else self._seen_as(home, name, name)
            )
            changes.reaching.update(self._through(home, (name,) if name else self._names_in(said)))
        return found

    def _imported_inside(
        self, said: Outline, namespace: dict[str, Any]
    ) -> list[tuple[str, str | None]]:
        """Return what functions and classes import: the modules, each with what is taken of it.

        And those that are imported by a dotted name, ``import shop.config``, which binds the first.
        """
        inside = self._taken_inside(said, namespace)
        return [(home, name) for home, name in inside if self._changes_in(home)]

    def _taken_inside(
        self, said: Outline, namespace: dict[str, Any]
    ) -> list[tuple[str, str | None]]:
        inside = self._inside.get(id(said))
        if inside is None:
            inside = self._inside[id(said)] = list(dict.fromkeys(_inside(said, namespace)))
        return inside

    def _add_module(
        self, found: Imported, home: str, bound: str, said: Outline, namespace: dict[str, Any]
    ) -> None:
        """Add what has changed in a module that is imported as such."""
        there = self._changes_in(home)
        code = said.scopes[()].code
        if not there or (bound not in namespace and not deletes(code, bound)):
            return
        found.modules.add(bound)
        found.changes.update(there)
        found.changes.reaching.update(self._through(home, self._names_in(said)))

    def _names_in(self, said: Outline) -> frozenset[str]:
        """Return all names that the code of a module and the code in it says."""
        code = said.scopes[()].code
        names = self._names.get(id(code))
        if names is None:
            names = self._names[id(code)] = frozenset(names_within(code))
        return names

    def _through(self, home: str, names: Iterable[str]) -> Iterator[Path]:
        """Yield what of a module has not changed and uses what has."""
        changes = self.near.get(home)
        if not changes:
            return
        known = self._behind.get(home)
        if known is None or known[0] is not changes:
            reach = Reach(self.bodies[home], changes, self.namespaces[home])
            # A package that imports all its modules says very many names, and asks each of them.
            known = self._behind[home] = (changes, reach, reach.leading(), {})
        _, reach, leading, paths = known
        for name in leading.intersection(names):
            if name not in paths:
                paths[name] = list(reach.through(name))
            yield from paths[name]

    def _seen_as(self, home: str, name: str, bound: str) -> Changes:
        """Return what has changed that a module's name leads to, where that is bound to another."""
        there = self._changes_in(home)
        by_name = self._seen.get(home)
        if by_name is None:
            by_name = self._seen[home] = there.by_name()
        return there.seen_as(name, bound, by_name[name]) if name in by_name else _NONE

    def _changes_in(self, home: str) -> Changes:
        """Return what has changed in a module, or in one by way of which it is imported."""
        return self.modules.get(home) or self._between.get(home) or _NONE

    def _follow_betweens(self) -> dict[str, Changes]:
        """Find what has changed in the modules between, from one to the next until no more comes.

        Not from each module down all ways there are: in a package where all import from each other,
        these are too many to go.
        """
        found = {home: Changes() for home in self.between}
        grows = any(self.modules.values())
        while grows:
            grows = False
            for home, between in self.between.items():
                before = len(found[home])
                for module, each in between.imports:
                    there = self.modules.get(module) or found.get(module)
                    if there is not None and each.name == "*":
                        found[home].update(there)
                    elif there is not None and each.name is not None:
                        found[home].update(there.seen_as(each.name, each.bound))
                grows = grows or len(found[home]) > before
        return found

    def _is_starred(self, home: str) -> bool:
        """Whether a module, or one of which it has imported everything, may have other names."""
        waiting, seen = [home], set[str]()
        while waiting:
            home = waiting.pop()
            seen.add(home)
            changes = self.modules.get(home)
            if changes is not None and changes.names:
                return True
            between = self.between.get(home)
            imports = between.imports if between is not None else []
            waiting += (other for other, each in imports if each.name == "*" and other not in seen)
        return False


def _homes_in(said: Outline, namespace: dict[str, Any]) -> Iterator[str]:
    """Yield the modules that a source may import from: what is taken from a package may be one."""
    for each in said.scopes[()].imports:
        home = absolute_name(each.module, namespace)
        yield home
        if each.name not in {None, "*"}:
            yield f"{home}.{each.name}"


def _inside(said: Outline, namespace: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    for path, scope in said.scopes.items():
        yield from _taken(scope.imports if path else (), namespace)
    code = said.scopes[()].code
    for each in (code, *nested_codes(code)):
        yield from ((name, None) for name in each.co_names if "." in name)
        if each.co_flags & inspect.CO_OPTIMIZED:
            yield from _taken(imports_within(each), namespace)
    yield from ((absolute_name(text, namespace), None) for text in modules_asked_for(said))


def _taken(
    imports: Iterable[Import], namespace: dict[str, Any]
) -> Iterator[tuple[str, str | None]]:
    for each in imports:
        home = absolute_name(each.module, namespace)
        yield home, None if each.name == "*" else each.name
        if each.name not in {None, "*"}:
            yield f"{home}.{each.name}", None


_NONE = Changes()
