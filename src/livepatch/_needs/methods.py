"""The methods of the classes of a module, those that they inherit too, by the names of both."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property
from types import CodeType

from livepatch._needs.behind import Behind
from livepatch._needs.differences import MAKERS
from livepatch._python.kinds import is_class
from livepatch._source.bodies import Bodies
from livepatch._statements.operations import CALLS_FOUND

MAKERS_OF_INSTANCES = MAKERS - {CALLS_FOUND}
"""The methods that run where a class is called; where an instance is, that is another matter."""
_Having = dict[int, tuple[CodeType, set[str]]]


class Methods:
    """What classes have as methods, by their own names or by those of their instances.

    Attributes:
        own: by the names of classes, what each says itself.
        behind: the live values, which say what derives from what.
    """

    def __init__(self, bodies: Bodies, behind: Behind) -> None:
        self.own: dict[str, dict[str, CodeType]] = {}
        for body in bodies.functions:
            if len(body.path) > 1:
                self.own.setdefault(body.path[0], {})[body.path[-1]] = body.new
        self.behind = behind
        self._inherited: dict[str, dict[str, CodeType]] = {}
        self._bodies: dict[str, _Having] = {}
        self._known: set[str] = set()

    @cached_property
    def classes(self) -> frozenset[str]:
        """The names of classes."""
        live = self.behind.namespace
        return frozenset({*self.own, *(name for name in list(live) if is_class(live[name]))})

    def among(self, classes: AbstractSet[str]) -> dict[str, _Having]:
        """Return by name the bodies of methods, those of some classes among them.

        Each with all classes that have it: hundreds below one base have the same ones.
        """
        for name in classes - self._known:
            for method, code in self.of(name).items():
                _, having = self._bodies.setdefault(method, {}).setdefault(id(code), (code, set()))
                having.add(name)
        self._known |= classes
        return self._bodies

    def of(self, name: str) -> dict[str, CodeType]:
        """Return the methods that a class of a name has, those that it inherits too."""
        if name not in self._inherited:
            found = dict(self.own.get(name, {}))
            hidden = set(found)
            for base, attributes in self.behind.order_of(name):
                theirs = self.own.get(base, {})
                found.update((each, theirs[each]) for each in theirs.keys() - hidden)
                hidden |= set(attributes)
            self._inherited[name] = found
        return self._inherited[name]

    def of_value(self, name: str) -> Iterator[tuple[str, CodeType]]:
        """Yield the methods of a class, or of the class of an object, by the name of either."""
        if name in self.classes:
            yield from self.of(name).items()
            return
        for cls in self.behind.classes_of(name):
            methods = self.of(cls).items()
            yield from (each for each in methods if each[0] not in MAKERS_OF_INSTANCES)
