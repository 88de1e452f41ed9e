"""The instances of one class on their way to its successor, and what a hook is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from livepatch._match.build import has_contents, keeps_contents
from livepatch._match.shapes import Shape, has_value
from livepatch._python.own import OwnDict, OwnList


@dataclass(frozen=True, slots=True)
class Change:
    """What ``__livepatch_migrate__`` is told about the change of an instance.

    Attributes:
        old_class: the class that the instance was of.
        added: names of fields that the class did not have.
        removed: names of fields that it has no longer.
        renamed: new names of fields by their old ones.
        old_values: the values that have no place any more, by name.
        direction: ``"forward"`` in a reload, ``"back"`` when it is taken back.
    """

    __module__ = "livepatch"  # a holder of the user's, not one of livepatch's own

    old_class: type
    added: frozenset[str]
    removed: frozenset[str]
    renamed: Mapping[str, str]
    old_values: Mapping[str, Any]
    direction: str


@dataclass(slots=True, eq=False)
class Migration:
    """The instances of one class, on their way to its successor.

    Attributes:
        path: what the report calls the class.
        old: what the instances keep.
        new: what their successors keep.
        renamed: new names of fields by their old ones.
        hook: called with each successor and the change; None if there is none.
        direction: ``"forward"``, ``"back"``, or ``"none"`` where only the class is another.
        earlier: by the id of an instance, what it had to leave behind in the reload taken back.
        instances: the losers.
        successors: the survivors, in the same order.
        left: by the id of a successor, the values that have no place in it.
        shared: by the id of a successor, its dict, where somebody else holds that too.
        unfilled: fields of tuples without a value, with the tuples.
    """

    path: str
    old: Shape
    new: Shape
    renamed: dict[str, str]
    hook: Any
    direction: str
    earlier: Mapping[int, Mapping[str, Any]] = field(default_factory=OwnDict)
    instances: OwnList[Any] = field(default_factory=OwnList)
    successors: OwnList[Any] = field(default_factory=OwnList)
    left: OwnDict[int, OwnDict[str, Any]] = field(default_factory=OwnDict)
    shared: OwnDict[int, dict[str, Any]] = field(default_factory=OwnDict)
    unfilled: OwnDict[str, OwnList[Any]] = field(default_factory=OwnDict)

    @property
    def added(self) -> frozenset[str]:
        """The fields that the class did not have."""
        present = {self.renamed.get(name, name) for name in self.old.declared}
        return frozenset(name for name in self.new.declared if name not in present)

    @property
    def removed(self) -> frozenset[str]:
        """The fields that the class has no longer."""
        names = (name for name in self.old.declared if name not in self.renamed)
        return frozenset(name for name in names if name not in self.new.declared)

    @property
    def is_tuple(self) -> bool:
        """Whether a successor can only be made once all that is in it is known."""
        return self.new.native is tuple

    def take(self, instances: OwnList[Any], successors: OwnList[Any]) -> None:
        """Take in losers and their survivors, of which there may be a million."""
        if self.instances:
            self.instances += instances
            self.successors += successors
        else:
            self.instances, self.successors = instances, successors

    def losing_contents(self) -> int:
        """Count the instances whose built-in base keeps something that has no place any more."""
        if keeps_contents(self.old.native, self.new.native):
            return 0
        return sum(has_contents(self.old, each) for each in self.instances)

    def lacking(self) -> list[tuple[str, OwnList[Any]]]:
        """List the fields that some successors have no value for, with these instances.

        A field with a default gets that, and a hook may see to the others.
        """
        if self.is_tuple:
            return list(self.unfilled.items())
        if self.hook is not None:
            return []
        needed = self.added & self.new.required - self.new.defaults.keys()
        found: list[tuple[str, OwnList[Any]]] = []
        for name in (name for name in self.new.declared if name in needed):
            both = zip(self.instances, self.successors)
            without = OwnList(old for old, new in both if not has_value(self.new, new, name))
            if without:
                found.append((name, without))
        return found
