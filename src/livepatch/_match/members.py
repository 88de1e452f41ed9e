"""Members of enumerations: which two are one before and after, and which only look it."""

from __future__ import annotations

from typing import Any

from livepatch._match.pairs import Matches, Pair
from livepatch._python.kinds import ENUM_MEMBER, class_attributes, is_class, is_enum, kind_of
from livepatch._python.members import is_other_member


def is_member_first(matches: Matches, new: Any) -> bool:
    """Whether a definition is a member of a class that was no enumeration before."""
    if kind_of(new) is not ENUM_MEMBER:
        return False
    pair = matches.by_new.get(id(type(new)))
    return pair is not None and not (is_class(pair.old) and is_enum(pair.old))


def is_member_of_one(pair: Pair, name: str, old: Any) -> bool:
    """Whether a class attribute is a member of an enumeration before or after, and not in both."""
    before = is_enum(pair.old)
    if before is is_enum(pair.new):
        return False  # nearly every class
    return type(old) is pair.old if before else name in class_attributes(pair.new)["_member_map_"]


def are_other_members(old: Any, new: Any) -> bool:
    """Whether two members of an enumeration have one value by chance: ``auto()`` counts anew."""
    if kind_of(old) is not ENUM_MEMBER or kind_of(new) is not ENUM_MEMBER:
        return False
    before, after = (class_attributes(type(each))["_member_map_"] for each in (old, new))
    return is_other_member(old, new, before, after)
