"""What says something else now, and which definitions would be made differently by it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from types import FunctionType
from typing import Any

from livepatch._needs.headers import MAKING_MEMBERS, Header
from livepatch._python.code import codes_in
from livepatch._python.kinds import class_attributes, found_at, is_class, is_enum, is_whole, mro_of
from livepatch._python.own import OwnDict
from livepatch._source.bodies import Bodies, Body, is_function_code, runs_the_same
from livepatch._source.outline import Outline
from livepatch._source.scope import ANNOTATING_NAMES

Path = tuple[str, ...]
FIELD = "<field>"
"""What stands for what makes the value of a field: ``field(default_factory=lambda: ...)``."""
MAKERS = frozenset(
    {
        FIELD,
        "__new__",
        "__init__",
        "__prepare__",
        "__call__",
        "__init_subclass__",
        "__post_init__",
        "__set_name__",
    }
)


@dataclass(slots=True)
class Changes:
    """What says something else now.

    Attributes:
        names: globals that are bound anew, with another meaning perhaps.
        bodies: paths of functions that are not made again and whose own code changed.
        within: paths of those of which only functions inside them changed, besides.
        returned: paths of those of the latter whose inner functions' own code changed, rather than
            that of functions inside these.
        calls: paths of instances, with what runs where such an object is called.
        later: paths of what runs where an instance of a class is called, rather than the class.
        reaching: paths of functions of other modules that use what has changed there.
        members: paths of classes among the names of which only members have changed, and of these.
    """

    names: set[str] = field(default_factory=set)
    bodies: set[Path] = field(default_factory=set)
    within: set[Path] = field(default_factory=set)
    returned: set[Path] = field(default_factory=set)
    calls: set[Path] = field(default_factory=set)
    later: set[Path] = field(default_factory=set)
    reaching: set[Path] = field(default_factory=set)
    members: set[Path] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.names) + sum(map(len, self._paths()))

    def update(self, other: Changes) -> None:
        """Add what has changed elsewhere."""
        self.names |= other.names
        for mine, theirs in zip(self._paths(), other._paths()):
            mine.update(theirs)

    def __le__(self, other: Changes) -> bool:
        """Whether nothing has changed that is not among others."""
        return self.names <= other.names and all(map(set.issubset, self._paths(), other._paths()))

    def copy(self) -> Changes:
        found = Changes()
        found.update(self)
        return found

    def heads(self) -> set[str]:
        """Return the globals that lead to what has changed."""
        return self.names.union(*({path[0] for path in paths} for paths in self._paths()))

    def among(self, names: frozenset[str]) -> Changes:
        """Return what of it some globals lead to."""
        found = Changes({*self.names & names})
        for mine, theirs in zip(found._paths(), self._paths()):
            mine.update(path for path in theirs if path[0] in names)
        return found

    def without(self, other: Changes) -> Changes:
        """Return it without some of it."""
        found = Changes(self.names - other.names)
        for mine, whole, less in zip(found._paths(), self._paths(), other._paths()):
            mine.update(whole - less)
        return found

    def but_bound(self, names: frozenset[str]) -> frozenset[str]:
        """Return those of some names of which nothing but what they are bound to has changed."""
        if not names:
            return names  # nearly always
        return names - {path[0] for paths in self._paths() for path in paths}

    def by_name(self) -> dict[str, list[tuple[int, Path]]]:
        """Return what has changed by the global that leads there: the paths, and of which kind."""
        found: dict[str, list[tuple[int, Path]]] = {name: [] for name in self.names}
        for place, path in self._placed():
            found.setdefault(path[0], []).append((place, path))
        return found

    def seen_as(
        self, name: str, bound: str, led_to: Iterable[tuple[int, Path]] | None = None
    ) -> Changes:
        """Return what of it has changed that one name leads to, where that is bound to another.

        Args:
            name: the name.
            bound: the other one.
            led_to: what `by_name` has for the name, if that is known.
        """
        found = Changes({bound} if name in self.names else set())
        theirs = found._paths()
        for place, path in self._placed() if led_to is None else led_to:
            if path[0] == name:
                theirs[place].add((bound, *path[1:]))
        return found

    def in_part(self) -> set[str]:
        """Return the classes of which only members have changed."""
        return {path[0] for path in self.members if not path[1:]} & self.names

    def _placed(self) -> Iterator[tuple[int, Path]]:
        return ((place, path) for place, paths in enumerate(self._paths()) for path in paths)

    def _paths(self) -> tuple[set[Path], ...]:
        return (
            *(self.bodies, self.within, self.returned, self.calls, self.later, self.reaching),
            self.members,
        )

    def add_inherited(self, namespace: Mapping[str, Any]) -> None:
        """Add the methods that changed under the names of who has them from a class.

        Subclasses have them, and instances: ``app.route`` is a function of the class of ``app``.

        Args:
            namespace: the live globals.
        """
        for paths in (self.bodies, self.within, self.returned, self.members):
            methods = _methods_by_class(paths, namespace)
            if methods:
                paths.update(_inherited(methods, namespace))
                if paths is not self.within and paths is not self.members:
                    self.calls.update(_callable(methods, namespace))
                later = {path for path in paths if _is_called_later(path, namespace)}
                paths.difference_update(later)
                self.later |= later

    def add_members(self, members: Collection[Path], namespace: Mapping[str, Any]) -> None:
        """Add members that changed, under the names of who has them from a class, too."""
        self.members.update(members, ((path[0],) for path in members))
        self.members.update(_inherited(_methods_by_class({*members}, namespace), namespace))

    def are_used(self, header: Header) -> bool:
        """Whether a definition would be made differently."""
        names, bases = header.names, header.bases
        if not all(map(self.names.isdisjoint, (names, bases, header.annotations))):
            return True
        near = {*names, *bases, *header.binds}
        for path in self.bodies:
            if path[0] not in near:
                continue  # nearly every one, of nearly every definition
            if _leads_there(path, names):
                return True
            if path[0] in bases and path[1:] == ("__init_subclass__",):
                return True
            if path[0] in header.binds and path[1:] and path[-1] in header.invoked:
                return True  # a class calls a function of its own, as a decorator say
        return (
            any(_leads_there(path, header.called) for path in self.returned)
            or any(path[0] in header.direct for path in self.calls)
            or any(path[0] in header.called and path[-1] == "__call__" for path in self.later)
        )


def may_concern_classes(changes: Changes, source: Outline, namespace: Mapping[str, Any]) -> bool:
    """Whether a class of a source may have called a function of its own that has changed.

    Or whether it says of its variables that they are of a type that has changed.
    """
    for path, scope in source.scopes.items():
        said = (scope.shells.get(name, ()) for name in ANNOTATING_NAMES) if path else ()
        if any(not changes.names.isdisjoint(shell.loads) for shell in chain.from_iterable(said)):
            return True
    own: dict[Path, set[str]] = {}
    for path in changes.bodies:
        if path[1:] and path[:-1] in source.scopes:
            own.setdefault(path[:-1], set()).add(path[-1])
    for home, names in own.items():
        if not MAKING_MEMBERS.isdisjoint(names):
            cls: Any = found_at(namespace, ".".join(home))
            if is_class(cls) and is_enum(cls):
                return True
        shells = [*chain.from_iterable(source.scopes[home].shells.values())]
        if not names.isdisjoint(chain.from_iterable(shell.loads for shell in shells)) and any(
            shell.may_call(name) for shell in shells for name in names & shell.loads
        ):
            return True
    return False


def _leads_there(path: Path, names: Collection[str]) -> bool:
    """Whether names lead to a function, or to what runs where the class that has it is called."""
    return path[0] in names and all(part in names or part in MAKERS for part in path[1:])


def changes_in(bodies: Bodies) -> Changes:
    """Say which functions that are not made again have changed, and how."""
    found = Changes()
    for body in bodies.functions:
        if not body.changed:
            continue
        if not runs_the_same(body.old, body.new):
            found.bodies.add(body.path)
            continue
        found.within.add(body.path)
        if not _returns_the_same(body):
            found.returned.add(body.path)
    return found


def _returns_the_same(body: Body) -> bool:
    """Whether the functions inside one do the same, but for what functions made in them do."""
    inner = [list(filter(is_function_code, codes_in(code))) for code in (body.old, body.new)]
    return len(inner[0]) == len(inner[1]) and all(map(runs_the_same, *inner))


def _methods_by_class(paths: set[Path], namespace: Mapping[str, Any]) -> OwnDict[int, set[str]]:
    found: OwnDict[int, set[str]] = OwnDict()
    for path in paths:
        owner = _class_of_method(path, namespace)
        if owner is not None:
            found.setdefault(id(owner), set()).add(path[-1])
    return found


def _class_of_method(path: Path, namespace: Mapping[str, Any]) -> type | None:
    first, *rest = path
    value: Any = namespace.get(first) if rest else None
    for part in rest[:-1]:
        value = class_attributes(value).get(part) if is_class(value) else None
    return value if is_class(value) else None


def _is_called_later(path: Path, namespace: Mapping[str, Any]) -> bool:
    """Whether a method runs where an instance is called; a metaclass's makes instances."""
    owner = _class_of_method(path, namespace) if path[-1] == "__call__" else None
    return owner is not None and not any(each is type for each in mro_of(owner))


def _instances_and_classes(namespace: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """List what may have methods of a user's: nearly all globals are functions.

    CPython makes a type that is written in C ready when it is first asked for something.
    """
    others = (each for each in list(namespace.items()) if type(each[1]) is not FunctionType)
    return [each for each in others if is_whole(each[1] if is_class(each[1]) else type(each[1]))]


def _callable(methods: Mapping[int, set[str]], namespace: Mapping[str, Any]) -> Iterator[Path]:
    for name, value in _instances_and_classes(namespace):
        kinds = () if is_class(value) else mro_of(type(value))
        owner = next((each for each in kinds if "__call__" in class_attributes(each)), None)
        if "__call__" in methods.get(id(owner), ()):
            yield name, "__call__"


def _inherited(methods: Mapping[int, set[str]], namespace: Mapping[str, Any]) -> Iterator[Path]:
    for name, value in _instances_and_classes(namespace):
        is_instance = not is_class(value)
        order = mro_of(type(value) if is_instance else value)
        if methods.keys().isdisjoint(map(id, order)):
            continue
        ahead: set[str] = set()
        for cls in order:
            for method in methods.get(id(cls), set()) - ahead:
                if not (is_instance and method in MAKERS):  # what is made has been made
                    yield name, method
            ahead |= class_attributes(cls).keys()
