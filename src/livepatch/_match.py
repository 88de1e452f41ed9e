"""Stage 4: pair the old and the new definitions by path. Nothing is changed.

Two namespaces are walked side by side, and down through the parts of what they hold. What is the
same object on both sides was not made anew, and ends the walk there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from livepatch._kinds import (
    CLASS,
    CLASS_METHOD,
    ENUM_MEMBER,
    FUNCTION,
    OBJECT,
    PROPERTY,
    STATIC_METHOD,
    Kind,
    bases_of,
    class_attributes,
    is_class,
    is_single_dispatch,
    kind_of,
    qualified_name,
)
from livepatch._layers import CONTAINERS, decorated_function, leads_on, plain_path
from livepatch._module import Module, Part, Path, find_names
from livepatch._outline import Outline
from livepatch._own import OwnDict, OwnList
from livepatch._registered import (
    is_another,
    is_bound_in_turn,
    registry_of,
    same_keys,
)

# Data nested deeper than this is not looked through for functions.
_DEEPEST = 100
_BINDING_KINDS = (STATIC_METHOD, CLASS_METHOD, PROPERTY)


@dataclass(slots=True, eq=False)
class Pair:
    """An old definition and the new one that takes its place.

    Attributes:
        path: names from the module's namespace down; a step in angle brackets is a part.
        kind: what the new definition is.
        old: the definition before the load.
        new: the definition that the load made.
        module: the module in which the new one is.
        before: the module in which the old one was: another one where it has moved.
        foreign: the new one was not made by this load; an import has taken the old one's place.
            It is referred to, and never changed.
        home: for a class elsewhere that is copied, the name of its own module.
        previous: the path before, of a definition that was renamed.
    """

    path: Path
    kind: Kind
    old: Any
    new: Any
    module: Module
    before: Module
    foreign: bool = False
    home: str = ""
    previous: Path = ()
    _text: str = ""

    @property
    def text(self) -> str:
        """The path as the report renders it."""
        if not self._text:
            home = self.home
            path, module = self.path, self.module
            self._text = f"{home}.{'.'.join(path)}" if home else module.path_text(path)
        return self._text


@dataclass(slots=True, eq=False)
class Matches:
    """What the walk found.

    Attributes:
        modules: the modules it walked.
        pairs: definitions on both sides.
        aliases: further old objects for a new one that is paired already (a decorator was
            removed: the old wrapper and the old function become one).
        by_old: the pair or alias of an old definition, by its id.
        by_new: the pair of a new definition, by its id.
        standing: ids of old definitions that were not made again; their names lead to them still.
        moved: old definitions for which several new ones could stand, with these.
        by_name: the modules by name.
        stand_ins: what stood for something else during the load, with that.
    """

    modules: tuple[Module, ...]
    pairs: OwnList[Pair] = field(default_factory=OwnList)
    aliases: OwnList[Pair] = field(default_factory=OwnList)
    by_old: dict[int, Pair] = field(default_factory=dict)
    by_new: dict[int, Pair] = field(default_factory=dict)
    standing: set[int] = field(default_factory=set)
    moved: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)
    by_name: dict[str, Module] = field(default_factory=dict)
    stand_ins: OwnList[tuple[Any, Any]] = field(default_factory=OwnList)
    _by_globals: dict[int, Module] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for module in self.modules:
            self._by_globals[id(module.live)] = module
            self.by_name[module.name] = module

    def owner_of(self, definition: Any) -> Module | None:
        """Return which of the modules made a function or class; None if none of them did."""
        if type(definition) is FunctionType:
            return self._by_globals.get(id(definition.__globals__))
        if is_class(definition):
            name = class_attributes(definition).get("__module__")
            return self.by_name.get(name) if type(name) is str else None
        return None

    def path_of(self, definition: Any) -> str:
        """Return what the report calls a definition of either side, or what it is held in."""
        pair = self.by_old.get(id(definition)) or self.by_new.get(id(definition))
        if pair is not None:
            return pair.text
        return qualified_name(definition) or f"a {type(definition).__name__}"


@dataclass(slots=True, eq=False)
class _Walk:
    """A walk from a name in an old module and a name in a new one, mostly the same, down."""

    matches: Matches
    before: Module
    module: Module

    def old_function(self, path: Path, candidate: Any) -> Any:
        return decorated_function(self.before, path, candidate)

    def new_function(self, path: Path, candidate: Any) -> Any:
        return decorated_function(self.module, path, candidate)


def match(modules: Iterable[Module]) -> Matches:
    """Pair the definitions of the old and new namespaces of some modules.

    Args:
        modules: what the stages before found. What they add, remove and patch is noted in them.

    Returns:
        Every definition on either side, each once.
    """
    matches = Matches(tuple(modules))
    by_name = {module.name: module for module in matches.modules}
    for module in matches.modules:
        find_names(module, by_name)
    walks = [_Walk(matches, module, module) for module in matches.modules]
    made = OwnList((walk, *each) for walk in walks for each in _made_anew(walk.module))
    for module in matches.modules if made else ():
        matches.standing.update(_standing(module))
    # A definition at its own place goes first: an alias or an import must not claim it.
    elsewhere: OwnList[tuple[_Walk, str, Any]] = OwnList()
    for walk, name, value in made:
        if _is_at_home(walk.module, name, value):
            _visit_global(walk, name, value)
        else:
            elsewhere.append((walk, name, value))
    # What the registries lead to has been paired by what it is registered for by then.
    elsewhere.sort(key=lambda each: is_bound_in_turn(each[0].module, (each[1],)))
    for walk, name, value in elsewhere:
        _visit_global(walk, name, value)
    for module in matches.modules:
        _pair_entered(_Walk(matches, module, module))
        for name in module.unbound:
            _note_alone(module, module.removed, (name,), module.old[name])
    _drop_found_elsewhere(matches)
    if len(matches.modules) > 1:
        _follow_moves(matches)
        _drop_found_elsewhere(matches)
    return matches


def _made_anew(module: Module) -> Iterator[tuple[str, Any]]:
    """Yield the globals that may be other objects than before, or have others registered."""
    for name, value in module.new.items():
        if name in module.bound and (
            module.old.get(name, module) is not value
            or name in module.unbound
            or is_single_dispatch(value)
        ):
            yield name, value


def pair_renamed(
    matches: Matches, module: Module, path: Path, before: tuple[Path, Any], new: Any
) -> None:
    """Pair a definition with one that has another name now.

    Args:
        matches: takes the pairs.
        module: where both are.
        path: of the new one.
        before: path of the old one, and the old one.
        new: the new one.
    """
    old_path, old = before
    _visit(_Walk(matches, module, module), path, old, new)
    pair = matches.by_new.get(id(new))
    if pair is not None and pair.old is old:
        pair.previous = old_path


def _standing(module: Module) -> Iterator[int]:
    """Yield the ids of definitions that a module had, and that it did not make again."""
    if module.bodies is None:
        return
    for name, value in module.old.items():
        if name in module.new and module.new[name] is value and kind_of(value) is not None:
            yield id(value)
            if is_class(value) and module.owns(value):
                parts = class_attributes(value).values()
                yield from (id(part) for part in parts if kind_of(part) is not None)


def _pair_entered(walk: _Walk) -> None:
    """Pair what entered the lists of an object that decorates with what was there in its place."""
    for enrolled in walk.module.enrolled:
        for path, (old, new) in enrolled.came:
            if id(old) not in walk.matches.by_old and id(new) not in walk.matches.by_new:
                kind = FUNCTION if type(new) is FunctionType else OBJECT
                _pair(walk, tuple(path.split(".")), kind, old, new)


def _is_at_home(module: Module, name: str, value: Any) -> bool:
    """Whether a name's own statement made a function or class, rather than an import."""
    if qualified_name(value) != name:
        return False
    if type(value) is FunctionType:
        return module.owns(value) and not is_bound_in_turn(module, (name,))
    source = module.outline
    return _is_class_of_source(module, (name,), value, source) and not source.imports((name,))


def _visit_global(walk: _Walk, name: str, value: Any) -> None:
    module = walk.module
    if name not in module.old or name in module.unbound or name in module.apart:
        _note_alone(module, module.added, (name,), value)
        return
    old = module.old[name]
    if old is value and is_single_dispatch(value):
        # One of a module that has not run again: it has the old registrations beside the new.
        _visit_items(walk, (name,), registry_of(value), registry_of(value))
    owner, home = walk.matches.owner_of(value), qualified_name(value)
    if owner is not module and _is_at_home(module, name, value):
        owner = module  # whatever module it says it belongs to
    if owner is None or owner is module or home is None or not _leads_to(owner.new, home, value):
        _visit(walk, (name,), old, value)
    elif _is_own_definition(module, (name,), old):
        # It has moved to another module of this reload, where the new one is described.
        _visit(_Walk(walk.matches, module, owner), tuple(home.split(".")), old, value)


def _leads_to(namespace: Mapping[str, Any], home: str, definition: Any) -> bool:
    """Whether a definition is where its name says: a wrapper has the name of what it wraps."""
    holder: Mapping[str, Any] = namespace
    value: Any = None
    for step in home.split("."):
        value = holder.get(step)
        holder = class_attributes(value) if is_class(value) else {}
    return value is definition


def _visit(walk: _Walk, path: Path, old: Any, new: Any) -> None:
    matches, both = walk.matches, (id(old), id(new))
    if old is new or both in matches.seen or len(path) > _DEEPEST:
        return
    matches.seen.add(both)
    path = _own_path(walk, path, old, new)
    if type(new) is FunctionType and _is_another(walk, path, old, new):
        _note_alone(walk.module, walk.module.added, path, new)
        _note_alone(walk.before, walk.before.removed, path, old)
        return
    if type(new) is FunctionType and _is_same_function(walk, old, new):
        # What all the questions below come to for nearly every definition.
        _pair(walk, path, FUNCTION, old, new)
        _visit_parts(walk, path, FUNCTION, old, new)
        return
    if type(new) in CONTAINERS and type(old) is type(new):
        _visit_items(walk, path, old, new)
        return
    kind = _kind_here(walk, path, new)
    if kind is None:
        _visit_what_is_no_definition(walk, path, old, new)
    elif not _is_definition_here(walk, path, old, new, kind):
        _visit_patched(walk, path, old, new)
    elif id(new) in matches.standing:
        _pair(walk, path, kind, old, new)  # `g = f` comes in the place of `def g`, and f stays
    elif _is_foreign(walk, path, new):
        _pair_foreign(walk, path, kind, old, new)
    elif _same_layer(walk, old, new, kind):
        _pair(walk, path, kind, old, new)
        _visit_parts(walk, path, kind, old, new)
    else:
        _pair_layers(walk, path, kind, old, new)


def _own_path(walk: _Walk, path: Path, old: Any, new: Any) -> Path:
    """Return the path that a definition's own name says, where one reaches it some other way first.

    ``__init_subclass__`` may have put classes into a list of their base.
    """
    if len(path) == 1:
        return path
    home = qualified_name(new)
    if home is None or home == ".".join(path) or qualified_name(old) != home:
        return path
    leads = _leads_to(walk.module.new, home, new) and _leads_to(walk.before.old, home, old)
    return tuple(home.split(".")) if leads else path


def _is_same_function(walk: _Walk, old: Any, new: FunctionType) -> bool:
    """Whether both are functions of the source under one name."""
    return (
        type(old) is FunctionType
        and new.__globals__ is walk.module.live
        and old.__globals__ is walk.before.live
        and old.__code__.co_name == new.__code__.co_name
        and id(new) not in walk.matches.standing
    )


def _is_another(walk: _Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether two functions bound to a name in turn are not one function before and after."""
    matches = walk.matches
    if id(old) in matches.by_old or id(new) in matches.by_new:
        return is_bound_in_turn(walk.module, path)
    return (
        not path[-1].strip("_")
        and is_another(walk.before, walk.module, path)
        and is_bound_in_turn(walk.module, path)
    )


def _visit_items(walk: _Walk, path: Path, old: Any, new: Any) -> None:
    """Walk the containers that hold functions: tables of lambdas, registries in a closure."""
    if type(new) is dict:
        for before, key in same_keys(walk.matches.by_name, old, new):
            if leads_on(new[key]):
                _visit(walk, (*path, f"[{_key_text(key)}]"), old[before], new[key])
    elif len(old) == len(new):
        for index, (before, after) in enumerate(zip(list(old), list(new))):
            if leads_on(after):
                _visit(walk, (*path, f"[{index}]"), before, after)


def _key_text(key: Any) -> str:
    return qualified_name(key) or repr(key)


def _kind_here(walk: _Walk, path: Path, new: Any) -> Kind | None:
    kind = kind_of(new)
    if kind is CLASS:
        made_here = _is_class_of_source(walk.module, path, new, walk.module.outline)
        return kind if made_here or walk.matches.owner_of(new) is not None else None
    if kind is ENUM_MEMBER:
        return kind if walk.matches.owner_of(type(new)) is not None else None
    if kind is None and walk.new_function(path, new) is not None:
        return OBJECT
    return kind


def _visit_what_is_no_definition(walk: _Walk, path: Path, old: Any, new: Any) -> None:
    """Note that a definition is gone; one whose place an imported class took becomes that."""
    if not _is_own_definition(walk.before, path, old):
        return
    if is_class(old) and is_class(new) and _is_foreign(walk, path, new):
        _pair(walk, path, CLASS, old, new, foreign=True)
    else:
        walk.before.removed[path] = old


def _is_class_of_source(module: Module, path: Path, cls: Any, source: Outline | None) -> bool:
    """Whether the module's source made a class, whatever module it says it belongs to.

    A class may be given another ``__module__`` (a package that hides where things are defined),
    and make_dataclass and its like get it wrong before 3.12.
    """
    if module.owns(cls):
        return True
    names = plain_path(path)
    return (
        source is not None
        and qualified_name(cls) == ".".join(names)
        and names[:-1] in source.scopes
        and source.scopes[names[:-1]].binds(names[-1])
        and not source.imports(names)
    )


def _is_own_definition(module: Module, path: Path, old: Any) -> bool:
    made_here = module.owns(old) or decorated_function(module, path, old) is not None
    return made_here or _is_made_for_class(module, path, old)


def _is_made_for_class(module: Module, path: Path, function: Any) -> bool:
    """Whether a library made a method for a class, and says that it is there (attrs)."""
    return (
        _says_it_is_at(path, function)
        and function.__module__ == module.name
        and _is_of_library(function)
    )


def _says_it_is_at(path: Path, function: Any) -> bool:
    return (
        type(function) is FunctionType
        and len(path) > 1
        and function.__qualname__ == ".".join(plain_path(path))
    )


def _is_of_library(function: FunctionType) -> bool:
    """Whether a function was made from text, or by the standard library (dataclasses)."""
    home = function.__globals__.get("__name__")
    top = home.partition(".")[0] if type(home) is str else ""
    return function.__code__.co_filename.startswith("<") or top in sys.stdlib_module_names


def _is_definition_here(walk: _Walk, path: Path, old: Any, new: Any, kind: Kind) -> bool:
    """Whether the old object came from the old source, and not from a monkeypatch."""
    before = walk.before
    if type(old) is FunctionType or is_class(old):
        if before.owns(old):
            return True
        if is_class(old) and _is_class_of_source(
            before, path, old, before.origin or before.outline
        ):
            return True
        return walk.old_function(path, old) is not None or (
            kind is FUNCTION and type(old) is FunctionType and _is_made_alike(walk, path, old, new)
        )
    if kind is ENUM_MEMBER:
        return id(type(old)) in walk.matches.by_old
    return kind_of(old) is not None or walk.old_function(path, old) is not None


def _is_made_alike(walk: _Walk, path: Path, old: FunctionType, new: FunctionType) -> bool:
    """Whether two functions were made by decorators elsewhere, one after the other for one name."""
    if old.__code__ is new.__code__:
        return True
    # The decorator's module is reloaded as well.
    if walk.matches.owner_of(old) is None or walk.matches.owner_of(new) is None:
        return False
    same_maker = old.__code__.co_name == new.__code__.co_name
    return same_maker or old.__name__ == plain_path(path)[-1]


def _is_foreign(walk: _Walk, path: Path, new: Any) -> bool:
    """Whether a function or class has been there before this load, and was only imported by it."""
    if walk.matches.owner_of(new) is not None:
        return False
    if walk.module.outline.imports(path):
        return True
    name = qualified_name(new)
    if name is None:
        return False
    home = class_attributes(new).get("__module__") if is_class(new) else new.__module__
    if type(home) is not str:
        return False
    return _leads_to(getattr(sys.modules.get(home), "__dict__", {}), name, new)


def _same_layer(walk: _Walk, old: Any, new: Any, kind: Kind) -> bool:
    """Whether both are the same layer of decoration, rather than one the wrapper of the other."""
    if type(old) is not type(new):
        # Classes of one metaclass that was itself made anew.
        if kind is CLASS:
            return is_class(old)
        return kind is kind_of(old) or (
            kind is OBJECT and _paired(walk.matches, type(old), type(new))
        )
    if kind is FUNCTION:
        own = walk.matches.owner_of(new) is not None
        if own is not (walk.matches.owner_of(old) is not None):
            return False
        return old.__code__.co_name == new.__code__.co_name if own else old.__code__ is new.__code__
    return True


def _paired(matches: Matches, old: Any, new: Any) -> bool:
    pair = matches.by_old.get(id(old))
    return pair is not None and pair.new is new


def _pair(  # noqa: PLR0913 - the fields of a pair
    walk: _Walk, path: Path, kind: Kind, old: Any, new: Any, *, foreign: bool = False
) -> None:
    matches, before, now = walk.matches, id(old), id(new)
    if before in matches.by_old:
        # One old definition under two names that are two definitions now: its own name decided.
        return
    pair = Pair(path, kind, old, new, walk.module, walk.before, foreign)
    matches.by_old[before] = pair
    if now in matches.by_new or now in matches.standing:
        matches.aliases.append(pair)
        return
    matches.by_new[now] = pair
    matches.pairs.append(pair)


def _pair_foreign(walk: _Walk, path: Path, kind: Kind, old: Any, new: Any) -> None:
    if path == plain_path(path):
        _pair(walk, path, kind, old, new, foreign=True)


def _visit_parts(walk: _Walk, path: Path, kind: Kind, old: Any, new: Any) -> None:
    if kind is OBJECT:
        inner_old, inner_new = walk.old_function(path, old), walk.new_function(path, new)
        _visit(walk, (*path, "<wrapped>"), inner_old, inner_new)
        return
    if kind is FUNCTION and not (new.__closure__ or new.__dict__):
        return  # nearly every function
    before, after = dict(kind.parts(old)), dict(kind.parts(new))
    for step, part in after.items():
        if step in before:
            _visit(walk, (*path, step), before[step], part)
        elif kind is CLASS:
            _note_alone(walk.module, walk.module.added, (*path, step), part)
    if kind is CLASS:
        for step, part in before.items():
            if step not in after:
                _note_alone(walk.before, walk.before.removed, (*path, step), part)
        _visit_bases(walk, path, old, new)


def _visit_bases(walk: _Walk, path: Path, old: type, new: type) -> None:
    """Walk the bases without a name of their own: ``class Point(namedtuple("Point", "x y"))``."""
    for index, (before, after) in enumerate(zip(bases_of(old), bases_of(new))):
        own = walk.before.owns(before) and walk.module.owns(after)
        names = (qualified_name(before), qualified_name(after))
        if own and names == (".".join(path), ".".join(path)):
            _visit(walk, (*path, f"<base {index}>"), before, after)


def _pair_layers(walk: _Walk, path: Path, kind: Kind, old: Any, new: Any) -> None:
    """Pair a definition whose decoration or kind changed: the function inside, then the outside."""
    inner_old, inner_new = walk.old_function(path, old), walk.new_function(path, new)
    # Whoever holds the function of a method holds what Class.method gives, and that is the
    # function still when the method has become static or a property.
    inside = inner_old is not None and (inner_old is not old or kind in _BINDING_KINDS)
    if inside and inner_new is not None:
        _visit(walk, (*path, "<wrapped>"), inner_old, inner_new)
    _pair(walk, path, kind, old, new)
    if kind is CLASS and is_class(old):
        _visit_parts(walk, path, kind, old, new)


def _visit_patched(walk: _Walk, path: Path, old: Any, new: Any) -> None:
    if len(path) == 1 and walk.module.owns(new):
        # The name was imported, and is a definition now.
        _note_alone(walk.module, walk.module.added, path, new)
        return
    written = walk.module.owns(new) and _is_made_for_class(walk.before, path, old)
    if written or _is_generated(walk, path, old, new):
        _pair(walk, path, FUNCTION, old, new)
        return
    walk.module.patched[path] = old
    original, inner = walk.old_function(path, old), walk.new_function(path, new)
    if original is not None and inner is not None:
        _visit(walk, (*path, "<wrapped>"), original, inner)


def _is_generated(walk: _Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether both are functions of no source, which a library made for a class."""
    scope = walk.module.outline.scopes.get(path[:-1])
    return (
        len(path) > 1
        and (scope is None or not scope.binds(path[-1]))
        and all(_says_it_is_at(path, each) and _is_of_library(each) for each in (old, new))
    )


def _note_alone(module: Module, found: OwnDict[Path, Any], path: Path, definition: Any) -> None:
    if _is_own_definition(module, path, definition):
        found[path] = definition
        if is_class(definition):
            for step, part in CLASS.parts(definition):
                if module.owns(part):
                    deeper = (*path, step)
                    found[deeper] = part


def _drop_found_elsewhere(matches: Matches) -> None:
    for module in matches.modules:
        for found, paired in ((module.added, matches.by_new), (module.removed, matches.by_old)):
            for path in [path for path, value in found.items() if id(value) in paired]:
                del found[path]


def _follow_moves(matches: Matches) -> None:
    """Pair what vanished from one module with what appeared in another under the same name.

    A name that the old module still leads to the new definition by has been followed already, as
    an import that takes a definition's place.
    """
    vanished, appeared = _by_last_name(matches, removed=True), _by_last_name(matches, removed=False)
    for key, old_places in vanished.items():
        new_places = appeared.get(key, [])
        if len(old_places) == len(new_places) == 1:
            (before, path), (module, _) = old_places[0], new_places[0]
            walk = _Walk(matches, before, module)
            _visit(walk, path, before.removed[path], module.added[path])
        elif new_places:
            candidates = tuple(module.path_text(path) for module, path in new_places)
            matches.moved += ((before.path_text(path), candidates) for before, path in old_places)


def _by_last_name(
    matches: Matches, *, removed: bool
) -> dict[tuple[str, str], list[tuple[Module, Path]]]:
    found: dict[tuple[str, str], list[tuple[Module, Path]]] = {}
    for module in matches.modules:
        for path, value in (module.removed if removed else module.added).items():
            kind = kind_of(value)
            if len(path) == 1 and kind is not None and not (removed and module.part is Part.NEW):
                found.setdefault((path[0], kind.name), []).append((module, path))
    return found
