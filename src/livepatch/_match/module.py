"""A module of a reload, with all that the stages before matching found about it."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import compress, repeat
from operator import attrgetter, is_not
from types import CodeType, FunctionType
from typing import Any

from livepatch._load.load import Loaded
from livepatch._needs.marks import IMPORT_SYSTEM_NAMES, is_remnant
from livepatch._python.kinds import class_attributes, found_at, is_class, is_enum, qualified_name
from livepatch._python.own import MISSING, Call, OwnDict, OwnList
from livepatch._python.star_names import star_names
from livepatch._registers.enrolled import Enrolled
from livepatch._select.replaced import globals_behind
from livepatch._select.selection import Selection
from livepatch._snapshot.declared import only_declared
from livepatch._snapshot.nested import absolute_name, is_loaded_part
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.bodies import Bodies
from livepatch._source.by_text import names_by_text
from livepatch._source.outline import Outline, outline
from livepatch._source.remembered import imported_code, imported_source
from livepatch._source.source import NO_CODE, Source, namespace_of
from livepatch._statements.branches import as_ran

Path = tuple[str, ...]


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
        functions: those of which they may have set attributes, each with what these were.
        names: classes that they may have called otherwise, each with the names it had.
        enrolled: what was struck off the lists of objects that decorate its definitions.
        overloads: what typing.overload had registered for it.
        apart: names that another statement binds now; what the old one made is something else.
        bodies: the functions and classes that were not made again; None where all of it ran.
        followed: what follows from their new bodies.
        at: the outline of the source it was at, where ``origin`` also says what definitions were
            that had gone before.
        behind: the namespace that its old functions see, where that is another one.
        rebound: names that the new source bound without a statement that says so.
        successors: what stood for functions that cannot take their new code, by the id of each.
        name: the module's name.
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
    objects: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    slots: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    functions: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    names: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    enrolled: OwnList[Enrolled] = field(default_factory=OwnList)
    overloads: dict[str, Any] | None = None
    apart: frozenset[str] = frozenset()
    bodies: Bodies | None = None
    followed: Followed = field(default_factory=Followed)
    at: Outline | None = None
    behind: dict[str, Any] | None = None
    rebound: AbstractSet[str] = frozenset()
    successors: Mapping[int, FunctionType] = field(default_factory=OwnDict)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.source.name

    def path_text(self, path: Path) -> str:
        """Render a path as the report does."""
        text = f"{self.name}.{'.'.join(path)}"
        return text.replace(".[", "[") if "[" in text else text

    def owns(self, definition: Any) -> bool:
        """Whether this module's source made a function or class."""
        if type(definition) is FunctionType:
            seen = definition.__globals__
            if seen is self.live or seen is self.behind:
                return True
            # Made of the source's code once more, with a copy of its globals (a class decorator).
            return seen.get("__name__") == self.name and self.has_code(definition)
        return is_class(definition) and class_attributes(definition).get("__module__") == self.name

    def has_code(self, function: FunctionType) -> bool:
        """Whether a function's code is from this module's file."""
        return function.__code__.co_filename == self.source.code.co_filename


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
    new_outline = as_ran(new_outline, new)
    origin = snapshot.origin and as_ran(snapshot.origin, snapshot.namespace, new_outline)
    module = Module(source, part, origin, new_outline, live, snapshot.namespace, new)
    module.classes, module.contents = snapshot.classes, snapshot.contents
    module.objects, module.slots = snapshot.objects, snapshot.slots
    module.functions, module.names = snapshot.functions, snapshot.names
    module.enrolled, module.overloads = snapshot.enrolled, snapshot.overloads
    module.behind = globals_behind(source.module)
    module.rebound = loaded.rebound.get(source.name, frozenset())
    module.successors = loaded.successors
    return module


def _describe_new(name: str, module: Any) -> Module:
    code = imported_code(name) or NO_CODE
    live = namespace_of(module)
    compiled = imported_source(name)
    text = compiled.text if compiled is not None else b""
    source = Source(name, module, live.get("__spec__"), code, text)
    said = as_ran(outline(code), live)
    return Module(source, Part.NEW, None, said, live, OwnDict(), OwnDict(live))


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
    source, old = module.outline, module.old
    known = {*source.scopes[()].shells, *source.global_names, *IMPORT_SYSTEM_NAMES}
    known |= module.rebound | names_by_text(source)
    stars = _starred(module, source, modules, _names_left)
    before = _starred(module, source, modules, attrgetter("old")) if stars else []
    for name, value in module.new.items():
        # Bound by other means: globals()[...], exec, a star import of something new.
        made_anew = old.get(name, modules) is not value
        if name in known or made_anew or _is_among(stars, name, value):
            yield name
        elif _is_among(before, name, value) and any(name in star_names(each) for each in stars):
            yield name  # it has been made again there since, and is to be that


def _unbound_names(module: Module, modules: Mapping[str, Module]) -> Iterator[str]:
    origin = module.origin
    known = set[str]()
    if origin is not None:
        known.update(origin.scopes[()].shells, origin.global_names, names_by_text(origin))
        if module.bodies is not None:
            known -= only_declared(origin, module.outline, module.old)
    stars = _starred(module, origin, modules, attrgetter("old")) if origin is not None else []
    for name, value in module.old.items():
        if (name in module.bound and name in module.new) or is_remnant(name):
            continue
        if name in module.new and is_loaded_part(module.name, name, module.new[name]):
            continue
        # What exec or globals()[...] = made is made again only where everything runs.
        made = module.bodies is None and module.owns(value)
        said = name in known or _is_among(stars, name, value)
        if said or made or name not in module.new or _is_member_that_went(module, name, value):
            yield name


def _is_member_that_went(module: Module, name: str, value: Any) -> bool:
    """Whether a decorator has bound a member of an enumeration, and has not done so again.

    ``@enum.global_enum`` does, for all members that there are.
    """
    cls: Any = type(value)
    if module.new.get(name) is not value or not is_enum(cls):
        return False  # nearly every one
    home = str(qualified_name(cls))
    stays = home.partition(".")[0] in module.bound and found_at(module.new, home) is cls
    return (
        module.owns(cls) and class_attributes(cls)["_member_map_"].get(name) is value and not stays
    )


def _starred(
    module: Module,
    source: Outline,
    modules: Mapping[str, Module],
    namespace_of: Callable[[Module], Mapping[str, Any]],
) -> list[Mapping[str, Any]]:
    """List the namespaces of which a module's source imports everything.

    A package's own is none of them, of which it imports the parts that ``__all__`` says.
    """
    found: list[Mapping[str, Any]] = []
    for each in source.scopes[()].imports:
        home = absolute_name(each.module, module.live) if each.name == "*" else module.name
        if home != module.name:
            other = modules.get(home)
            live = getattr(sys.modules.get(home), "__dict__", {})
            found.append(live if other is None else namespace_of(other))
    return found


def _names_left(module: Module) -> Mapping[str, Any]:
    """Return a module's new namespace without what its source does not bind any more.

    Where only what changed runs, that is there until the end.
    """
    if not module.unbound:
        return module.new  # nearly every one
    return {name: value for name, value in module.new.items() if name not in module.unbound}


def star_homes_first(modules: Mapping[str, Module]) -> list[Module]:
    """Put modules behind those of which they import everything, as far as there is no circle."""
    found: dict[str, Module] = {}
    ahead = [(module, False) for module in list(modules.values())[::-1]]
    seen = set[str]()
    while ahead:
        module, is_followed = ahead.pop()
        if is_followed:
            found[module.name] = module
        elif module.name not in seen:
            seen.add(module.name)
            ahead.append((module, True))
            stars = (each.module for each in module.outline.scopes[()].imports if each.name == "*")
            homes = (modules.get(absolute_name(each, module.live)) for each in stars)
            ahead += [(home, False) for home in homes if home is not None]
    return list(found.values())


def _is_among(stars: list[Mapping[str, Any]], name: str, value: Any) -> bool:
    """Whether a value comes from one of some namespaces by a star import."""
    return any(each.get(name, stars) is value and name in star_names(each) for each in stars)


def names_of_others(namespace: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """List the names under which a namespace has something else than another one, or that not."""
    there = map(other.get, namespace, repeat(MISSING))
    return list(compress(namespace, map(is_not, namespace.values(), there)))
