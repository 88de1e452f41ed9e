"""Which classes' instances are made anew, beside those whose layout forbids all else."""

from __future__ import annotations

import types
from typing import Any

from livepatch._hotswap import HOOK, newly_renamed
from livepatch._match.pairs import Pair
from livepatch._match.shapes import shape_of
from livepatch._python.code import same_code
from livepatch._python.kinds import (
    CLASS,
    base_of,
    class_attributes,
    is_enum,
    mro_of,
    qualified_name,
)
from livepatch._python.layout import adds_only_slots, where_layout_grows
from livepatch._steps.class_attributes import find_attribute


def asks_for_migration(pair: Pair) -> bool:
    """Whether instances are to be made anew although they could go over as they are.

    They are where a mark renames their fields, and where the hook is new, or says something new, or
    the declared fields are others.
    """
    old, new = pair.old, pair.new
    if is_enum(new):
        return False
    hook = find_attribute(new, HOOK) or hook_set_on_class(pair)
    if hook is not None and (
        code_changed(find_attribute(old, HOOK), hook)
        or shape_of(old).declared.keys() != shape_of(new).declared.keys()
    ):
        return True
    return bool(newly_renamed(old, new))


def hook_set_on_class(pair: Pair) -> Any:
    """Return the hook that somebody gave the live class of a library, say; None if none did.

    A base of the class may have been given it as well.
    """
    origin = pair.before.origin
    for base in mro_of(pair.old) if origin is not None else ():
        hook = class_attributes(base).get(HOOK)
        if origin is None or hook is None:
            continue
        own = base is pair.old
        path = pair.path if own else tuple((qualified_name(base) or "").split("."))
        scope = origin.scopes.get(path) if own or pair.before.owns(base) else None
        if scope is None:  # a class that a call made, or of another module
            return None if not own or pair.before.owns(hook) else hook
        return None if scope.binds(HOOK) else hook
    return None


def is_stuck_with_new_class(pair: Pair, survivor: Any) -> bool:
    """Whether instances that the load made cannot be given their class's old one, which survives.

    CPython exchanges classes whose instances add a dict, weak references and slots, in that order,
    to one base. attrs gives a slot to the weak references, subclasses of int have no fixed size,
    and below a base with slots that survives as well, the two bases are two.
    """
    if pair.kind is not CLASS or survivor is not pair.old:
        return False
    old_top, top = where_layout_grows(pair.old), where_layout_grows(pair.new)
    base = base_of(top)
    if top is old_top or base is None:
        return False
    return base is not base_of(old_top) or not adds_only_slots(top, base)


def code_changed(old: Any, new: Any) -> bool:
    """Whether two functions, or what wraps them, differ in their code."""
    old, new = getattr(old, "__func__", old), getattr(new, "__func__", new)
    if type(old) is types.FunctionType and type(new) is types.FunctionType:
        return not same_code(old.__code__, new.__code__)
    return type(old) is not type(new)
