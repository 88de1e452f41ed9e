"""Stage 2: the old namespaces, and what is known of the sources they were made from."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from livepatch._python.kinds import class_attributes, is_class
from livepatch._python.own import MISSING, OwnDict, OwnList
from livepatch._registers.enrolled import Enrolled
from livepatch._source.origin import find_origin
from livepatch._source.outline import Outline
from livepatch._source.source import Source, namespace_of
from livepatch._steps.class_names import name_class
from livepatch._steps.contents import restore_slots
from livepatch._steps.dicts import reorder, restore_contents, restored_order, run_in_c, without_dead
from livepatch._steps.steps import Steps


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A module as it was before the load.

    Attributes:
        source: the module, and the source it is to be brought to.
        namespace: a copy of its globals, in order.
        origin: the outline of the source that the live module was made from; None if unknown.
        classes: the module's classes, each with a copy of its attributes.
        overloads: what typing.overload has registered for the module.
        contents: containers that its statements may change in place, each with a copy.
        objects: what objects and containers hold that statements may change besides, with copies.
        slots: likewise slots, each with its instance and what it held.
        functions: those that its statements may set attributes of, each with what these were.
        names: classes that its statements may call otherwise, each with its names.
        enrolled: what was struck off the lists of objects that decorate, before statements ran.
        taken_off: the steps by which functions of the module went from the places of others.
    """

    source: Source
    namespace: OwnDict[str, Any]
    origin: Outline | None
    classes: OwnList[OwnList[Any]]
    overloads: dict[str, Any] | None
    contents: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    objects: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    slots: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    functions: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    names: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    enrolled: OwnList[Enrolled] = field(default_factory=OwnList)
    taken_off: OwnList[Steps] = field(default_factory=OwnList)

    def put_back(self) -> None:
        """Put back what the run of the module's code did to its own old classes and overloads."""
        steps = self.steps_back()
        for call in (*steps.do, *(call for taken in self.taken_off for call in taken.undo)):
            call()
        for cls, before in self.classes:
            if list(class_attributes(cls)) != list(before):
                run_in_c(restored_order(cls, before))
        self.put_back_contents()
        namespace = namespace_of(self.source.module)
        run_in_c(reorder(namespace, list(self.namespace)))
        if self.overloads is not None:
            overload_registry[self.source.name] = self.overloads
        else:
            overload_registry.pop(self.source.name, None)

    def steps_back(self) -> Steps:
        """Return the steps that give its classes and functions the attributes they had."""
        steps = Steps()
        for cls, before in self.classes:
            present = class_attributes(cls)
            for name in {**before, **present}:
                if before.get(name, MISSING) is not present.get(name, MISSING):
                    steps.set_on_class(cls, name, before.get(name, MISSING))
        for function, before in self.functions:
            for name, value in before.items():
                steps.set_attribute(function, name, value, value)
        for cls, before in self.names:
            for name, value in before.items():
                name_class(steps, cls, name, value, value)
        return steps

    def put_back_contents(self) -> None:
        """Put back what was in containers, and what was struck off beside them."""
        for container, before in self.contents:
            restore_contents(container, before)
        for container, before in self.objects:
            restore_contents(container, without_dead(before))
        restore_slots(self.slots)
        for enrolled in self.enrolled:
            for call in reversed(enrolled.steps.undo):
                call()


overload_registry: dict[str, Any] = getattr(typing, "_overload_registry", {})


def take_snapshot(source: Source) -> Snapshot:
    """Copy the namespace of a module, and find out what source made it.

    What typing.overload has registered for it is taken away, as for a fresh import; `put_back` puts
    it there again.
    """
    namespace = OwnDict(namespace_of(source.module))
    return Snapshot(
        source,
        namespace,
        find_origin(source),
        OwnList(_own_classes(namespace, source.name)),
        # typing.overload adds to what the last run registered (3.11+); a run starts with nothing.
        overload_registry.pop(source.name, None),
    )


def _own_classes(namespace: Mapping[str, Any], name: str) -> Iterator[OwnList[Any]]:
    for value in list(namespace.values()):
        if is_class(value):
            attributes = class_attributes(value)
            if attributes.get("__module__") == name and attributes is not namespace:
                yield OwnList((value, OwnDict(attributes.copy())))  # faster than of a proxy
