"""Marks that say how definitions are to be exchanged: ``@livepatch.hotswap``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, TypeVar, overload

import wrapt

from livepatch._match.shapes import shape_of
from livepatch._python.kinds import class_attributes, is_class, mro_of
from livepatch._report.errors import OptionTypeError
from livepatch._steps.class_attributes import set_on_class

_Definition = TypeVar("_Definition", bound=Callable[..., Any])
_MARK = "__livepatch_hotswap__"
HOOK = "__livepatch_migrate__"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a class says about the migration of its instances.

    Attributes:
        renamed: new names of fields by their old ones.
        keep: names of class attributes whose live value stays.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    keep: frozenset[str] = frozenset()


_NOTHING = Mark()


class HotswapFunction(wrapt.CallableObjectProxy):  # type: ignore[type-arg]
    """A function that stays this very object over all reloads, and runs the newest code."""

    __module__ = "livepatch"  # a holder of the user's, not one of livepatch's own

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind the newest function, as a method."""
        return self.__wrapped__.__get__(instance, owner)


@overload
def hotswap(definition: _Definition, /) -> _Definition: ...
@overload
def hotswap(
    *, renamed: Mapping[str, str] = ..., keep: Iterable[str] = ...
) -> Callable[[_Definition], _Definition]: ...
def hotswap(
    definition: Any = None, /, *, renamed: Mapping[str, str] | None = None, keep: Iterable[str] = ()
) -> Any:
    """Mark a class or function for reloads.

    A class stays the class it is; the mark is an attribute of it, costs nothing and holds for its
    subclasses too. A function becomes a proxy that stays the same object over all reloads, so that
    whoever holds it, C code included, runs the newest code; a call costs one more step in C.

    Args:
        definition: the class or function.
        renamed: for a class: the new names of fields (slots, attributes) by their old ones.
        keep: for a class: names of class attributes whose live value stays, whatever the new
            source says.

    Raises:
        OptionTypeError: it is neither a class nor a function, or an option does not fit.

    >>> @hotswap(renamed={"hp": "health"})
    ... class Player:
    ...     __slots__ = ("health",)
    >>> Player.__name__
    'Player'
    """
    kept = (None,) if isinstance(keep, str) else tuple(keep)
    if not all(isinstance(name, str) for name in kept):
        raise OptionTypeError("LP110", f"keep={keep!r} does not consist of names")
    names = dict(renamed or {})
    if not all(isinstance(name, str) for pair in names.items() for name in pair):
        raise OptionTypeError("LP110", f"renamed={renamed!r} does not consist of names")
    mark = Mark(names, frozenset(map(str, kept)))
    if definition is None:
        return lambda marked: _marked(marked, mark)
    return _marked(definition, mark)


def _marked(definition: Any, mark: Mark) -> Any:
    if is_class(definition):
        set_on_class(definition, _MARK, mark)
        return definition
    if type(definition) is FunctionType:
        if mark.renamed or mark.keep:
            raise OptionTypeError("LP110", "renamed and keep are for classes")
        return HotswapFunction(definition)
    raise OptionTypeError("LP110", f"hotswap marks classes and functions, not {definition!r}")


def mark_of(cls: type) -> Mark:
    """Return what a class and its bases say, the most derived of them last."""
    marks = [each[_MARK] for each in map(class_attributes, mro_of(cls)) if _MARK in each]
    if not marks:
        return _NOTHING  # nearly every class
    found = [mark for mark in reversed(marks) if type(mark) is Mark]
    renamed: dict[str, str] = {}
    for mark in found:
        renamed |= mark.renamed
    return Mark(renamed, frozenset(name for mark in found for name in mark.keep))


def newly_renamed(old: type, new: type) -> dict[str, str]:
    """Return what a new class says was renamed, as far as that has not been done.

    The mark may come before the field is renamed: then it is done later, when the class has the
    new name.
    """
    said = mark_of(new).renamed
    if not said:
        return {}
    known = mark_of(old).renamed
    earlier, later = shape_of(old).declared, shape_of(new).declared
    return {
        before: after
        for before, after in said.items()
        if (known.get(before) != after or _has_only(earlier, before, after))
        and not _has_only(later, before, after)
    }


def _has_only(declared: Mapping[str, Any], before: str, after: str) -> bool:
    return before in declared and after not in declared
