"""What somebody put in the place of a definition at run time, or around it."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from livepatch._match.decorated import functions_around, plain_path
from livepatch._match.likeness import Walk, is_generated
from livepatch._match.module import Module, Path
from livepatch._match.ownership import is_class_of_source, is_written_for
from livepatch._python.kinds import ENUM_MEMBER, FUNCTION, Kind, is_class, kind_of
from livepatch._python.layers import layers_of


def is_definition_here(walk: Walk, path: Path, old: Any, new: Any, kind: Kind) -> bool:
    """Whether the old object came from the old source, and not from a monkeypatch."""
    before = walk.before
    if len(path) > 1 and is_put_over(walk, path, old, new):
        return False
    if type(old) is FunctionType or is_class(old):
        if before.owns(old):
            return True
        if is_class(old) and is_class_of_source(before, path, old, before.origin or before.outline):
            return True
        return walk.old_function(path, old) is not None or (
            kind is FUNCTION and type(old) is FunctionType and _is_made_alike(walk, path, old, new)
        )
    if kind is ENUM_MEMBER:
        return id(type(old)) in walk.matches.by_old
    return kind_of(old) is not None or walk.old_function(path, old) is not None


def is_put_over(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether somebody put something in the place of a function, or around it, at run time.

    The statements say the same of it, and the new source makes something else of them: where a
    plain function was to be is a wrapper, or the function that a property was made of is not in it.
    """
    origin, inner = walk.before.origin, walk.new_function(path, new)
    if origin is None or inner is None:
        return False
    former = walk.old_function(path, old)
    if former is not None and (inner is not new or (former is old and not is_class(old))):
        # Nearly every one is what its decorators have made.
        return former is not old and layer_below(walk, path, old, new) is not None
    generated = former is not None and is_generated(walk, path, former, new)
    says_the_same = generated or walk.module.outline.same_shell(origin, path)
    if not says_the_same or not _keeps_decorators(walk, path[:-1]):
        return False
    # Not by a decorator or metaclass of the reload, which may do something else now; nor is it what
    # had another name.
    if any(map(walk.matches.owner_of, functions_around(walk.before, walk.old_path(path), old))):
        return False
    if former is None:
        return not is_class(old) and kind_of(old) is not None
    said = origin.last_shell(path)
    return generated or (new is inner and said is not None and said.is_plain_function)


def _keeps_decorators(walk: Walk, path: Path) -> bool:
    """Whether the statement of a class still uses all that it used; a module has none."""
    if not path:
        return True
    before = walk.before.origin.last_shell(path) if walk.before.origin is not None else None
    now = walk.module.outline.last_shell(path)
    return before is not None and now is not None and before.loads <= now.loads


def _is_made_alike(walk: Walk, path: Path, old: FunctionType, new: FunctionType) -> bool:
    """Whether two functions were made by decorators elsewhere, one after the other for one name."""
    if old.__code__ is new.__code__ or all(
        is_written_for(each, at, path) for each, at in ((old, walk.before), (new, walk.module))
    ):
        return True
    # The decorator's module is reloaded as well.
    if walk.matches.owner_of(old) is None or walk.matches.owner_of(new) is None:
        return False
    same_maker = old.__code__.co_name == new.__code__.co_name
    return same_maker or old.__name__ == plain_path(path)[-1]


def is_put_instead(module: Module, path: Path, instead: Any) -> bool:
    """Whether something is in the place of a function that was not made again, and is not it.

    What a decorator makes of it may have it where nobody sees, if it is none of Python's own.

    Args:
        module: where it is.
        path: of the function.
        instead: what is there, and does not lead to it; None for nothing.
    """
    origin = module.origin
    scope = origin.scopes.get(path[:-1]) if origin is not None else None
    if instead is None or any(_is_written(module, path, each) for each in layers_of(instead)):
        return False
    if type(instead) is FunctionType or scope is None:
        return type(instead) is FunctionType
    shells = scope.shells.get(path[-1], ())
    if not shells or not all(shell.is_definition for shell in shells) or is_class(instead):
        return False  # another statement has bound it
    is_global = len(path) == 1 and origin is not None and path[0] in origin.global_names
    known = shells[-1].is_plain_function or shells[-1].loads <= _OF_PYTHON
    return known and not is_global


def _is_written(module: Module, path: Path, layer: Any) -> bool:
    return type(layer) is FunctionType and is_written_for(layer, module, path)


# What makes descriptors in which the function can be seen.
_OF_PYTHON = frozenset(
    ("property", "staticmethod", "classmethod", "cached_property", "functools", "abstractmethod")
)


def layer_below(walk: Walk, path: Path, old: Any, new: Any) -> Any:
    """Return what the decorators of the source made, where somebody put something around it.

    The statement says the same, nothing of what it makes now is like the outermost layer that is
    there, and within that is what is like all of what it makes now. None if that is not so.
    """
    if type(new) is not FunctionType or walk.matches.owner_of(_maker(old)) is not None:
        return None
    inside = [each for each in layers_of(old) if each is not old and type(each) is FunctionType]
    if any(_are_alike(walk, old, each) for each in layers_of(new)):
        return None
    found = next((each for each in inside if _are_alike(walk, each, new)), None)
    says_the_same = walk.module.outline.same_shell(walk.before.origin, path)
    return found if says_the_same and _keeps_decorators(walk, path[:-1]) else None


def _maker(layer: Any) -> Any:
    return layer if type(layer) is FunctionType else type(layer)


def _are_alike(walk: Walk, old: Any, new: Any) -> bool:
    """Whether two layers were made by the same code, before and after."""
    if type(old) is not type(new):
        return False
    if type(old) is not FunctionType:
        return kind_of(old) is None  # two proxies of one type
    names = [each.__code__.co_name for each in (old, new)]
    files = [each.__code__.co_filename for each in (old, new)]
    owners = [walk.matches.owner_of(each) is not None for each in (old, new)]
    return names[0] == names[1] and (files[0] == files[1] or all(owners))
