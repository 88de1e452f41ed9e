"""A module of a reload, with all that the stages before matching found about it."""

from __future__ import annotations

import enum
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any

from livepatch._bodies import Bodies
from livepatch._enrolled import Enrolled
from livepatch._kinds import class_attributes, is_class
from livepatch._load import Loaded
from livepatch._nested import absolute_name
from livepatch._origin import imported_code
from livepatch._outline import Outline, outline
from livepatch._own import Call, OwnDict, OwnList
from livepatch._select import Selection
from livepatch._snapshot import Snapshot
from livepatch._source import NO_CODE, Source, namespace_of

Path = tuple[str, ...]
_IMPORT_SYSTEM_NAMES = frozenset(
    {
        "__name__",
        "__doc__",
        "__package__",
        "__loader__",
        "__spec__",
        "__file__",
        "__path__",
        "__cached__",
        "__builtins__",
        "__annotations__",
        "__annotate__",
        "__conditional_annotations__",
    }
)


class Part(enum.Enum):
    """The part a module has in a reload."""

    RELOADED = "reloaded"
    NEW = "new"  # imported for the first time, by the new source of another one
    GONE = "gone"  # its file is no longer there


@dataclass(slots=True, eq=False)
class Followed:
    """What follows from new bodies of functions that are not made again.

    Attributes:
        codes: old and new code of each such function.
        functions: those that a path leads to and that take their new code.
        new_codes: the code that each of these takes.
        docstrings: functions and their wrappers, each with its new and its old docstring.
        properties: properties, each with class, name, and the new and old docstring.
        class_lines: classes, each with the name and value of what the compiler notes in them.
        caches: what to empty, with the path of each definition.
        definitions: kind of each definition of the module, and whether it has changed.
        unfit: paths of those that cannot have the new code.
        replaced: paths at which something else is now, which is kept.
    """

    codes: OwnList[tuple[CodeType, CodeType]] = field(default_factory=OwnList)
    functions: OwnList[FunctionType] = field(default_factory=OwnList)
    new_codes: OwnList[CodeType] = field(default_factory=OwnList)
    docstrings: OwnList[tuple[Any, str | None, str | None]] = field(default_factory=OwnList)
    properties: OwnList[tuple[Any, type, str, str | None, str | None]] = field(
        default_factory=OwnList
    )
    class_lines: OwnList[tuple[type, str, Any]] = field(default_factory=OwnList)
    caches: OwnList[tuple[str, Call]] = field(default_factory=OwnList)
    definitions: dict[Path, tuple[str, bool]] = field(default_factory=dict)
    unfit: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Module:
    """One module of a reload.

    Attributes:
        source: the module object and its new source.
        part: whether it is reloaded, new, or gone.
        origin: the outline of the source it was at; None if unknown.
        outline: the outline of the new source.
        live: its namespace, the one that its functions see.
        old: a copy of the namespace before the load.
        new: a copy of the namespace after it.
        bound: the names that the new source bound.
        unbound: the names that the old source bound and the new one does not.
        classes: its classes before the load, each with a copy of its attributes.
        added: new definitions without an old one, by path.
        removed: old definitions without a new one, by path.
        patched: old objects found where the old source had put a definition of its own.
        contents: containers that its statements may have changed in place, each with a copy.
        enrolled: what was struck off the lists of objects that decorate its definitions.
        apart: names that another statement binds now; what the old one made is something else.
        bodies: the functions and classes that were not made again; None where all of it ran.
        followed: what follows from their new bodies.
    """

    source: Source
    part: Part
    origin: Outline | None
    outline: Outline
    live: dict[str, Any]
    old: OwnDict[str, Any]
    new: OwnDict[str, Any]
    bound: frozenset[str] = frozenset()
    unbound: frozenset[str] = frozenset()
    classes: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    added: OwnDict[Path, Any] = field(default_factory=OwnDict)
    removed: OwnDict[Path, Any] = field(default_factory=OwnDict)
    patched: OwnDict[Path, Any] = field(default_factory=OwnDict)
    contents: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    enrolled: OwnList[Enrolled] = field(default_factory=OwnList)
    apart: frozenset[str] = frozenset()
    bodies: Bodies | None = None
    followed: Followed = field(default_factory=Followed)

    @property
    def name(self) -> str:
        """The module's name."""
        return self.source.name

    def path_text(self, path: Path) -> str:
        """Render a path as the report does."""
        text = f"{self.source.name}.{'.'.join(path)}"
        return text.replace(".[", "[") if "[" in text else text

    def owns(self, definition: Any) -> bool:
        """Whether this module's source made a function or class."""
        if type(definition) is FunctionType:
            return definition.__globals__ is self.live
        return is_class(definition) and class_attributes(definition).get("__module__") == self.name


def describe_modules(
    snapshots: list[Snapshot],
    loaded: Loaded,
    outlines: Mapping[str, Outline],
    selections: Mapping[str, Selection],
) -> list[Module]:
    """Put together what the stages before found.

    Args:
        snapshots: of the modules that were to be reloaded.
        loaded: what came of it, as far as it got.
        outlines: of the new sources, by module.
        selections: of the modules of which not everything may have run, by module.

    Returns:
        The modules in the order in which their imports finished, new ones and those that are gone
        included.
    """
    modules = {
        snapshot.source.name: _describe(snapshot, loaded, outlines[snapshot.source.name])
        for snapshot in snapshots
    }
    for name, selection in selections.items():
        modules[name].bodies, modules[name].apart = selection.bodies, selection.apart
    modules |= {name: _describe_new(name, module) for name, module in loaded.imported.items()}
    order = {name: place for place, name in enumerate(loaded.order)}
    return sorted(modules.values(), key=lambda module: order.get(module.name, len(order)))


def _describe(snapshot: Snapshot, loaded: Loaded, new_outline: Outline) -> Module:
    source = snapshot.source
    part = Part.GONE if source.name in loaded.gone else Part.RELOADED
    live, new = namespace_of(source.module), loaded.namespaces[source.name]
    module = Module(source, part, snapshot.origin, new_outline, live, snapshot.namespace, new)
    module.classes, module.contents = snapshot.classes, snapshot.contents
    module.enrolled = snapshot.enrolled
    return module


def _describe_new(name: str, module: Any) -> Module:
    code = imported_code(name) or NO_CODE
    live = namespace_of(module)
    source = Source(name, module, live.get("__spec__"), code)
    return Module(source, Part.NEW, None, outline(code), live, OwnDict(), OwnDict(live))


def find_names(module: Module, modules: Mapping[str, Module]) -> None:
    """Find out which names the new source binds, and which the old one bound and it does not.

    Args:
        module: where to note them.
        modules: all modules of the reload by name; a star import may be from one of them.
    """
    if module.part is Part.NEW:
        module.bound = frozenset(module.new)
    elif module.part is Part.GONE:
        module.unbound = frozenset(name for name, value in module.old.items() if module.owns(value))
    else:
        module.bound = frozenset(_bound_names(module, modules))
        module.unbound = frozenset(_unbound_names(module, modules))


def _bound_names(module: Module, modules: Mapping[str, Module]) -> Iterator[str]:
    said = module.outline.scopes[()].shells
    after = {name: each.new for name, each in modules.items()}
    for name, value in module.new.items():
        by_statement = name in said or name in module.outline.global_names
        # Bound by other means: globals()[...], exec, a star import of something new.
        made_anew = name not in module.old or module.old[name] is not value
        known = by_statement or made_anew or name in _IMPORT_SYSTEM_NAMES
        if known or _is_starred(module, module.outline, after, name, value):
            yield name


def _unbound_names(module: Module, modules: Mapping[str, Module]) -> Iterator[str]:
    origin = module.origin
    before = {name: each.old for name, each in modules.items()}
    for name, value in module.old.items():
        if name in module.bound and name in module.new:
            continue
        said = origin is not None and (origin.scopes[()].binds(name) or name in origin.global_names)
        starred = origin is not None and _is_starred(module, origin, before, name, value)
        # What exec or globals()[...] = made is made again only where everything runs.
        made = module.bodies is None and module.owns(value)
        if said or starred or made or name not in module.new:
            yield name


def _is_starred(
    module: Module,
    source: Outline,
    namespaces: Mapping[str, Mapping[str, Any]],
    name: str,
    value: Any,
) -> bool:
    """Whether a value comes from a module of which a source imports everything."""
    for each in source.scopes[()].imports:
        if each.name == "*":
            home = absolute_name(each.module, module.live)
            namespace = namespaces.get(home)
            if namespace is None:
                namespace = getattr(sys.modules.get(home), "__dict__", {})
            if namespace.get(name, each) is value and name in star_names(namespace):
                return True
    return False


def star_names(namespace: Mapping[str, Any]) -> Collection[str]:
    """Return the names that ``from module import *`` binds."""
    said: Any = namespace.get("__all__")
    if type(said) in (list, tuple):
        return [name for name in said if isinstance(name, str)]
    return [name for name in list(namespace) if not name.startswith("_")]
