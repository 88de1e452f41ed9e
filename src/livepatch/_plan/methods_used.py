"""Stage 5: what modules outside the reload have computed by a method that has changed.

``TOTAL = Order().total()``: the class is the very one, and so says nothing. Who has it, an object
of it or a class below it is told by the live values of names, and the method by its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from types import FunctionType
from typing import Any, NamedTuple

from livepatch._match.decorated import plain_path
from livepatch._match.module import Module, Path
from livepatch._match.pairs import Matches
from livepatch._needs.differences import MAKERS
from livepatch._plan.importer import Importer, Name
from livepatch._plan.plan import Plan
from livepatch._python.kinds import (
    FUNCTION,
    class_attributes,
    found_at,
    is_class,
    is_plain_data,
    kind_of,
    mro_of,
)
from livepatch._python.own import OwnDict, OwnList


class Method(NamedTuple):
    """A method that has changed.

    Attributes:
        cls: the class as the program has it before the reload.
        name: of the method.
        home: the module of the class.
        path: of the method, as a global of that module.
    """

    cls: type
    name: str
    home: Module
    path: Name


class Methods:
    """The methods that have changed of the classes of a reload, by who has them."""

    def __init__(self, plan: Plan) -> None:
        self._by_class: OwnDict[int, OwnList[Method]] = OwnDict()
        # Each class is with its methods: it is alive as long as they are known by its id.
        self._known: OwnDict[int, tuple[type, OwnList[Method]]] = OwnDict()
        for method in _changed_methods(plan):
            self._by_class.setdefault(id(method.cls), OwnList()).append(method)
        # In their own modules, by the names of these: others may lead there through the module.
        self.at_home: dict[str, dict[str, OwnList[Method]]] = {
            module.name: found
            for module in (plan.matches.modules if self._by_class else ())
            if (found := self.in_namespace(module.old))
        }

    def __bool__(self) -> bool:
        return bool(self._by_class)

    def __iter__(self) -> Iterator[Method]:
        return chain.from_iterable(self._by_class.values())

    def in_namespace(self, namespace: Mapping[str, Any]) -> dict[str, OwnList[Method]]:
        """Return the globals that are a class with such methods or an object, with these."""
        found = ((name, self.of(value)) for name, value in list(namespace.items()))
        return {name: methods for name, methods in found if methods and type(name) is str}

    def of(self, value: Any) -> OwnList[Method]:
        """List those that a class has, or an object."""
        if type(value) is FunctionType or is_plain_data(value):
            return _NONE  # nearly everything
        if not is_class(value) and kind_of(value) is not None:
            return _NONE
        cls = value if is_class(value) else type(value)
        if id(cls) not in self._known:
            order = mro_of(cls)
            methods = OwnList(each for base in order for each in self._by_class.get(id(base), ()))
            found = OwnList(each for each in methods if _home_of(each.name, order) is each.cls)
            self._known[id(cls)] = cls, found
        return self._known[id(cls)][1]


_NONE: OwnList[Method] = OwnList()


def _home_of(name: str, order: Iterable[type]) -> type | None:
    return next((each for each in order if name in class_attributes(each)), None)


def new_methods(matches: Matches) -> Iterator[Method]:
    """Yield the methods with a new body that were not made again."""
    for module in matches.modules:
        for path, (_, is_other) in module.followed.definitions.items():
            yield from _method(module, path) if is_other else ()


def _changed_methods(plan: Plan) -> Iterator[Method]:
    yield from new_methods(plan.matches)
    for pair in plan.matches.pairs:
        if pair.kind is FUNCTION and id(pair.new) in plan.changed and pair.before is pair.module:
            yield from _method(pair.module, plain_path(pair.path))


def _method(module: Module, path: Path) -> Iterator[Method]:
    cls: Any = found_at(module.old, ".".join(path[:-1])) if path[1:] else None
    if is_class(cls):
        yield Method(cls, path[-1], module, Name(module.name, ".".join(path), starred=False))


def holders_of_methods(matches: Matches) -> Iterator[Any]:
    """Yield the globals by which others may have used a method with a new body."""
    for module in matches.modules:
        changed = {
            path[0] for path, (_, is_other) in module.followed.definitions.items() if is_other
        }
        classes = OwnList(module.old[name] for name in changed if is_class(module.old.get(name)))
        ids = set(map(id, classes))
        for value in module.old.values() if ids else ():
            if not ids.isdisjoint(map(id, mro_of(value if is_class(value) else type(value)))):
                yield value


def uses_of(importer: Importer, methods: Methods) -> Iterator[tuple[Path, Method]]:
    """Yield what an importer computed by methods that have changed, each with the method."""
    for name, found in methods.in_namespace(importer.namespace).items():
        makes = is_class(importer.namespace[name])
        for path, loads in importer.users_of(name):
            asked = (each for each in found if path != (name,) and _asks(loads, each, makes))
            yield from ((path, each) for each in asked)
    for home, faces in methods.at_home.items():
        aliases = set(importer.aliases_of(home))
        for name, found in faces.items():
            for path, loads in importer.users_of(name) if aliases else ():
                if not aliases.isdisjoint(loads):
                    makes = is_class(found[0].home.old[name])
                    yield from ((path, each) for each in found if _asks(loads, each, makes))


def _asks(loads: frozenset[str], method: Method, makes: bool) -> bool:
    return method.name in loads or (makes and method.name in MAKERS)
