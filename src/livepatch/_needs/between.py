"""Modules that do not run again, by way of which those that do import from one another.

And what stands in the place of one in ``sys.modules`` without being a module: an object that loads what
is asked of it, and keeps it (``passlib.hash``).
"""  # noqa: E501

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from livepatch._python.kinds import class_attributes, dict_of, is_class, is_module
from livepatch._python.own import MISSING, Call, OwnDict
from livepatch._python.star_names import star_names
from livepatch._snapshot.nested import absolute_name
from livepatch._source.origin import loaded_outline
from livepatch._source.outline import Outline
from livepatch._source.scope import Import
from livepatch._source.source import is_installed, namespace_of


@dataclass(slots=True, eq=False)
class GoBetween:
    """A module that does not run, and what it has imported from those that do.

    Attributes:
        namespace: its globals.
        imports: what its import statements bind, each with the module's full name.
        imported: the names of the modules it has imported from, directly or through others.
    """

    namespace: dict[str, Any]
    imports: list[tuple[str, Import]]
    imported: set[str]

    def hand_on(
        self, module: str, old: Mapping[str, Any], new: Mapping[str, Any], taking_back: list[Call]
    ) -> None:
        """Let who imports from here see what a module has now, in place of what it had.

        Args:
            module: the name of the one that has run.
            old: its globals before.
            new: its globals now.
            taking_back: takes the calls that take it back.
        """
        for bound, name in self._bound_from(module, old, new):
            before = self.namespace.get(bound, MISSING)
            value = new.get(name, old.get(name))
            if value is before:
                continue
            if before is MISSING:
                taking_back.append(Call(dict.pop, self.namespace, bound, None))
            elif before is old.get(name, MISSING):
                taking_back.append(Call(dict.__setitem__, self.namespace, bound, before))
            else:
                continue  # somebody else has set it
            self.namespace[bound] = value

    def _bound_from(
        self, module: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[tuple[str, str]]:
        """Yield each name bound to a global of a module, and that global's name."""
        for imported, each in self.imports:
            if imported != module or each.name is None:
                continue
            if each.name != "*":
                if each.bound in self.namespace:  # else the statement did not run
                    yield each.bound, each.name
                continue
            known = set(star_names(old))
            for name in star_names(new):
                if name in self.namespace or (name in new and name not in known):
                    yield name, name

    def homes_of(self, names: Collection[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the modules that are to be loaded before some names are imported from here.

        Only those that have them: in a fresh process the rest may not be there yet, where it is a
        part of a package that asks.

        Args:
            names: they, or none for all.

        Yields:
            The names of the modules, each with what is imported of it.
        """
        for home, each in self.imports:
            if not names or "*" in names or each.name == "*" or each.bound in names:
                wanted = tuple(names) if each.name == "*" and names else (each.name,)
                yield home, () if each.name is None else tuple(filter(None, wanted))


class StandIn(GoBetween):
    """An object in the place of a module, and what it keeps of the modules that run."""

    def homes_of(self, names: Collection[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the modules that have what is asked for: nothing else is loaded by it."""
        return ((home, ()) for home, each in dict.fromkeys(self.imports) if each.bound in names)


def find_go_betweens(modules: Mapping[str, tuple[ModuleType, Outline]]) -> dict[str, GoBetween]:
    """Find the modules by way of which some modules import from one another.

    Args:
        modules: those that are reloaded, by name, each with the outline of its new source.
    """
    found: dict[str, GoBetween] = {}
    seen = set(modules)
    tops = {name.partition(".")[0] for name in modules}
    waiting = [
        name
        for module, outline in modules.values()
        for pair in _absolute_imports(outline, namespace_of(module))
        for name in _modules_of(*pair)
    ]
    while waiting:
        name = waiting.pop()
        module: Any = sys.modules.get(name)
        if name in seen or not is_module(module):
            continue
        seen.add(name)
        namespace = namespace_of(module)
        said = loaded_outline(module) if _may_import(name, namespace, tops) else None
        if said is not None:
            imports = _absolute_imports(said, namespace)
            imported = {each for pair in imports for each in _modules_of(*pair)}
            found[name] = GoBetween(namespace, imports, imported)
            waiting += imported
    _follow(found)
    found |= _stand_ins(modules, tops)
    return {
        name: each for name, each in found.items() if not modules.keys().isdisjoint(each.imported)
    }


def _stand_ins(
    modules: Mapping[str, tuple[ModuleType, Outline]], tops: set[str]
) -> dict[str, GoBetween]:
    """Find the objects in the place of modules of the same packages."""
    others: dict[str, dict[str, Any]] = {}
    for name, there in list(sys.modules.items()):
        if name.partition(".")[0] in tops and not is_module(there):
            others[name] = dict_of(there) or {}
    homes: OwnDict[int, tuple[str, str]] = OwnDict()
    for home, (module, _) in modules.items() if any(others.values()) else ():
        for name, value in list(namespace_of(module).items()):
            if _home_of(value) == home:
                homes[id(value)] = home, name
    found: dict[str, GoBetween] = {}
    for name, kept in others.items():
        imports = [
            (home, Import(home, named, bound))
            for bound, value in kept.items()
            if id(value) in homes
            for home, named in (homes[id(value)],)
        ]
        found[name] = StandIn(kept, imports, {home for home, _ in imports})
    return found


def _home_of(value: Any) -> Any:
    if is_class(value):
        return class_attributes(value).get("__module__")
    return value.__module__ if type(value) is FunctionType else None


def between_itself(module: ModuleType, outline: Outline) -> GoBetween:
    """Return what a module that is reloaded, and of which nothing runs, hands on by its imports."""
    namespace = namespace_of(module)
    return GoBetween(namespace, _absolute_imports(outline, namespace), set())


def _absolute_imports(outline: Outline, namespace: dict[str, Any]) -> list[tuple[str, Import]]:
    imports = outline.scopes[()].imports
    return [(absolute_name(each.module, namespace), each) for each in imports]


def _modules_of(module: str, each: Import) -> Iterator[str]:
    yield module
    if each.name is not None and f"{module}.{each.name}" in sys.modules:
        yield f"{module}.{each.name}"


def _may_import(name: str, namespace: dict[str, Any], tops: set[str]) -> bool:
    """Whether a module may import one of those packages: others that are installed do not."""
    filename = namespace.get("__file__")
    if name.partition(".")[0] in tops:
        return True
    return isinstance(filename, str) and not is_installed(filename)


def _follow(found: dict[str, GoBetween]) -> None:
    """Add to what each has imported what the others have that it has imported from."""
    grown = True
    while grown:
        grown = False
        for each in found.values():
            more = {
                name for other in each.imported if other in found for name in found[other].imported
            }
            grown = grown or not more <= each.imported
            each.imported |= more
