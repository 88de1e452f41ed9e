"""Which classes' instances are made anew, beside those whose layout forbids all else."""

from __future__ import annotations

import types
from typing import Any

from livepatch._code import same_code
from livepatch._hotswap import HOOK, newly_renamed
from livepatch._kinds import CLASS, base_of, is_class, is_enum
from livepatch._layout import adds_only_slots, same_layout, where_layout_grows
from livepatch._pairs import Matches, Pair
from livepatch._shapes import find_attribute, shape_of


def asks_for_migration(old: type, new: type) -> bool:
    """Whether instances are to be made anew although they could go over as they are.

    They are where a mark renames their fields, and where the hook is new, or says something new, or
    the declared fields are others.
    """
    if is_enum(new):
        return False
    hook = find_attribute(new, HOOK)
    if hook is not None and (
        code_changed(find_attribute(old, HOOK), hook)
        or shape_of(old).declared.keys() != shape_of(new).declared.keys()
    ):
        return True
    return bool(newly_renamed(old, new))


def may_migrate(matches: Matches) -> bool:
    """Whether instances of some class may have to be made anew."""
    return any(
        pair.kind is CLASS
        and is_class(pair.old)
        and is_class(pair.new)
        and (not same_layout(pair.old, pair.new) or asks_for_migration(pair.old, pair.new))
        for pair in (*matches.pairs, *matches.aliases)
    )


def is_stuck_with_new_class(pair: Pair, survivor: Any) -> bool:
    """Whether instances that the load made cannot be given their class's old one, which survives.

    CPython exchanges classes whose instances add a dict, weak references and slots, in that order,
    to one base. attrs gives a slot to the weak references, subclasses of int have no fixed size,
    and below a base with slots that survives as well, the two bases are two.
    """
    if pair.kind is not CLASS or survivor is not pair.old or is_enum(pair.old):
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
