"""Whether an old and a new object are one definition before and after."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, WrapperDescriptorType
from typing import Any

from livepatch._match.decorated import decorated_function, plain_path
from livepatch._match.members import are_other_members
from livepatch._match.module import Module, Path
from livepatch._match.ownership import (
    is_class_of_source,
    is_of_library,
    place_of,
    says_it_is_at,
)
from livepatch._match.pairs import Matches
from livepatch._match.registered import is_another, is_bound_in_turn
from livepatch._python.kinds import (
    CLASS,
    ENUM_MEMBER,
    FUNCTION,
    OBJECT,
    WRAPT,
    Kind,
    class_attributes,
    found_at,
    is_class,
    kind_of,
    qualified_name,
)
from livepatch._python.library import is_of_standard_library
from livepatch._python.members import BY_VALUE


@dataclass(slots=True, eq=False)
class Walk:
    """A walk from a name in an old module and a name in a new one, mostly the same, down.

    Attributes:
        matches: takes what it finds.
        before: the old module.
        module: the new module.
        renamed: the path before and the path now of a definition that has another name now.
    """

    matches: Matches
    before: Module
    module: Module
    renamed: tuple[Path, Path] = ((), ())

    def old_path(self, path: Path) -> Path:
        """Return the path before of what has a path now."""
        before, now = self.renamed
        return (*before, *path[len(now) :]) if now and path[: len(now)] == now else path

    def same_name(self, old: FunctionType, new: FunctionType) -> bool:
        """Whether two functions are called alike, but for what has another name now."""
        names = ((old.__code__.co_name,), (new.__code__.co_name,))
        return names[0] == names[1] or names == tuple(path[-1:] for path in self.renamed)

    def old_function(self, path: Path, candidate: Any) -> Any:
        """Return what decorators wrapped in the old module; None if nothing."""
        return decorated_function(self.before, self.old_path(path), candidate)

    def new_function(self, path: Path, candidate: Any) -> Any:
        """Return what decorators wrapped in the new module; None if nothing."""
        return decorated_function(self.module, path, candidate)


def at_home(walk: Walk, path: Path, old: Any, new: Any) -> tuple[Walk, Path]:
    """Return the walk and path that a definition's own name says, where another way leads to it.

    ``__init_subclass__`` may have put classes into a list of their base, a decorator keeps a class
    in a closure, and a class attribute may be a class of a module that is complete later only.
    """
    home = qualified_name(new)
    if home is None or home == ".".join(path) or qualified_name(old) != home:
        return walk, path
    before = walk.matches.by_name.get(_module_of(old), walk.before)
    module = walk.matches.by_name.get(_module_of(new), walk.module)
    names = place_of(module.new, home, new)
    if names is None or place_of(before.old, home, old) is None:
        if path[-1].startswith("[") and module is not walk.module and "<" not in home:
            # One of several of a name: what it is registered for tells which.
            return Walk(walk.matches, before, module), (*home.split("."), path[-1])
        return walk, path
    if before is walk.before and module is walk.module:
        return walk, names
    if module.outline.imports(names[:1]):
        return walk, path  # it only says that it belongs there
    return Walk(walk.matches, before, module), names


def has_left_another(walk: Walk, old: Any, new: Any) -> bool:
    """Whether a definition seems to have moved, of which its module has another one in its place.

    Then it is that which is looked for under the name: a table says what there is in general.
    """
    if walk.before is walk.module:
        return False  # nearly every one
    home = qualified_name(old)
    if home is None or place_of(walk.before.old, home, old) is None:
        return False
    now = walk.before.new
    same = any(place_of(now, home, each) is not None for each in (old, new))
    return not same and found_at(now, home) is not None


def are_others(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether a class has a definition as attribute, and now another: both have their own places.

    ``kind = Player`` has become ``kind = Bot``; what has become of ``Player`` is seen elsewhere.
    """
    if len(path) == 1 or type(new) is FunctionType:
        return False  # nearly every one
    if path[-2] == BY_VALUE:
        return are_other_members(old, new)
    if plain_path(path) is not path:
        return False
    before, now, here = qualified_name(old), qualified_name(new), ".".join(path)
    return (
        before is not None
        and now is not None
        and before != now
        and here not in (before, now)
        and place_of(walk.before.old, before, old) is not None
        and place_of(walk.module.new, now, new) is not None
    )


def _module_of(definition: Any) -> str:
    """Return the name of the module that a function or class says it belongs to."""
    if type(definition) is FunctionType:
        name: Any = definition.__module__
    else:
        name = class_attributes(definition).get("__module__") if is_class(definition) else None
    return name if type(name) is str else ""


def is_same_function(walk: Walk, old: Any, new: FunctionType) -> bool:
    """Whether both are functions of the source under one name."""
    return (
        type(old) is FunctionType
        and new.__globals__ is walk.module.live
        and old.__globals__ is walk.before.live
        and old.__code__.co_name == new.__code__.co_name
        and id(new) not in walk.matches.standing
    )


def is_nameless_instead(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether a lambda, or what a call made, is where a function was that has its own place.

    ``TABLE = {"hit": hit}`` has become ``{"hit": lambda: 1}``, and who holds `hit` holds that.
    """
    functions = type(old) is FunctionType and type(new) is FunctionType
    home = qualified_name(old) if functions and "<" in new.__qualname__ else None
    return (
        home is not None
        and home != ".".join(plain_path(path))
        and place_of(walk.before.old, home, old) is not None
    )


def is_alias_no_more(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether a path was another name of a definition that is still there, and has its own now.

    ``exquo = quo`` has become a function beside ``quo``, and that one is what was called both.
    """
    if type(old) is FunctionType and old.__name__ == path[-1]:
        return False  # nearly every definition
    if type(old) in _DESCRIPTORS:
        return _is_descriptor_of_another(walk, path, old, new)
    home, name = qualified_name(old), ".".join(path)
    if home is None or home == name or qualified_name(new) != name:
        return False
    other = found_at(walk.module.new, home)
    *above, last = home.split(".")
    scope = walk.module.outline.scopes.get(tuple(above))
    return (
        kind_of(other) is not None
        and other is not new
        and scope is not None
        and scope.binds(last)
        and place_of(walk.before.old, home, old) is not None
        and place_of(walk.module.new, name, new) is not None
        and not walk.module.outline.imports((home,))
    )


def _is_descriptor_of_another(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether a class had taken a descriptor of another one, and has its own now.

    ``centre = Body.centre`` has become a property of its own; what is set on the one that the other
    class still has would be set on both.
    """
    before, now = _DESCRIPTORS[type(old)](old), _DESCRIPTORS.get(type(new), _itself)(new)
    home = qualified_name(before)
    if home is None or home == ".".join(path) or qualified_name(now) != ".".join(path):
        return False
    owner = walk.matches.owner_of(before)
    *above, last = home.split(".")
    scope = owner.outline.scopes.get(tuple(above)) if owner is not None else None
    if owner is None or scope is None or not scope.binds(last):
        return False  # the other one is this one, by an earlier name
    return found_at(owner.old, home) is old


def _itself(definition: Any) -> Any:
    return definition


_DESCRIPTORS: dict[type, Callable[[Any], Any]] = {
    property: lambda accessors: accessors.fget or accessors.fset,
    staticmethod: lambda method: method.__func__,
    classmethod: lambda method: method.__func__,
}


def is_another_function(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether two functions bound to a name in turn are not one function before and after."""
    matches = walk.matches
    if id(old) in matches.by_old or id(new) in matches.by_new:
        return is_bound_in_turn(walk.module, path)
    return (
        not path[-1].strip("_")
        and is_another(walk.before, walk.module, path)
        and is_bound_in_turn(walk.module, path)
    )


def kind_here(walk: Walk, path: Path, new: Any) -> Kind | None:
    """Return the kind of definition that a new object is; None for data and what was imported."""
    kind = kind_of(new)
    if kind is CLASS:
        made_here = is_class_of_source(walk.module, path, new, walk.module.outline)
        return kind if made_here or walk.matches.owner_of(new) is not None else None
    if kind is ENUM_MEMBER:
        return kind if walk.matches.owner_of(type(new)) is not None else None
    if kind is None and walk.new_function(path, new) is not None:
        return OBJECT
    return kind


def is_foreign(walk: Walk, path: Path, new: Any) -> bool:
    """Whether a function or class has been there before this load, and was only imported by it."""
    if walk.matches.owner_of(new) is not None:
        return False
    if walk.module.outline.imports(path):
        return True
    name = qualified_name(new)
    if name is None:
        return False
    home = class_attributes(new).get("__module__") if is_class(new) else new.__module__
    if type(home) is not str or home in walk.matches.by_name:
        return False  # what another module's code has made for one of the reload, a new one say
    there = found_at(getattr(sys.modules.get(home), "__dict__", {}), name)
    # An enumeration is given Enum.__new__, which its own class has as a static method.
    return new is (there.__func__ if type(there) in _BOUND_OTHERWISE else there)


_BOUND_OTHERWISE = (staticmethod, classmethod)


def is_same_layer(walk: Walk, old: Any, new: Any, kind: Kind) -> bool:
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
        return walk.same_name(old, new) if own else old.__code__ is new.__code__
    return kind is not WRAPT or _wrap_alike(walk, old, new)


def _wrap_alike(walk: Walk, old: Any, new: Any) -> bool:
    """Whether two wrappers of wrapt's are by one decorator, as far as its name tells."""
    before: Any = getattr(old, "_self_wrapper", None)
    after: Any = getattr(new, "_self_wrapper", None)
    if before is after or not type(before) is type(after) is FunctionType:
        return True
    return walk.same_name(before, after)


def _paired(matches: Matches, old: Any, new: Any) -> bool:
    pair = matches.by_old.get(id(old))
    return pair is not None and pair.new is new


def is_generated(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether both are functions of no source, which a library made for a class."""
    scope = walk.module.outline.scopes.get(path[:-1])
    return (
        len(path) > 1
        and (scope is None or not scope.binds(path[-1]))
        and all(_is_made_from_text(path, each) for each in (old, new))
    )


def _is_made_from_text(path: Path, function: Any) -> bool:
    """Whether a library made a method; one that is a function of its own text cannot say where."""
    if type(function) is not FunctionType or not is_of_library(function):
        return False
    alone = function.__qualname__ == path[-1] and function.__code__.co_filename.startswith("<")
    return alone or says_it_is_at(path, function)


def is_set_by_library(value: Any) -> bool:
    """Whether a class attribute is what a metaclass or a decorator sets, and nobody's patch."""
    if type(value) is not FunctionType:
        return is_class(value) or type(value) in _MADE_IN_C
    generated = value.__code__.co_filename[:1] == "<"
    return generated or is_of_standard_library(value.__globals__.get("__name__"))


_MADE_IN_C = (MethodDescriptorType, WrapperDescriptorType, BuiltinFunctionType)
