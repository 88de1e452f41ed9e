"""Members of enumerations: those that a flag makes of others have no name of their own.

They go by the names of their parts: a member that comes in front of others may change all numbers.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any

BY_VALUE = "_value2member_map_"


def combinations(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the members that a flag has made of others, each with the names of its parts.

    Args:
        attributes: of an enumeration.
    """
    named = attributes["_member_map_"]
    if not any(issubclass(type(member), enum.Flag) for member in named.values()):
        return
    known = {id(member) for member in named.values()}
    for member in list(attributes.get(BY_VALUE, {}).values()):
        names = combined_names(member, named) if id(member) not in known else None
        if names:
            yield f"<{'|'.join(sorted(names))}>", member


def combined_names(member: Any, named: Mapping[str, Any]) -> set[str]:
    """Return the names of the members of one bit that a flag's member is made of.

    Args:
        member: the member.
        named: the members by their names.

    Returns:
        The names; none where the member is more than these.
    """
    value = _dict_of(member)["_value_"]
    if type(value) is not int or value <= 0:
        return set()
    found: dict[int, str] = {}
    for name, each in named.items():
        bit = _dict_of(each)["_value_"]
        if type(bit) is int and bit > 0 and not bit & (bit - 1) and bit & value:
            found.setdefault(bit, name)
    return set(found.values()) if sum(found) == value else set()


def is_other_member(
    old: Any, new: Any, before: Mapping[str, Any], after: Mapping[str, Any]
) -> bool:
    """Whether two members have one value by chance, and are known by their names or their parts.

    Args:
        old: a member before.
        new: the member of the same value now.
        before: the members before by their names.
        after: those now.
    """
    name: Any = _dict_of(new).get("_name_")
    if name in before:
        return before[name] is not old
    parts = combined_names(old, before) if issubclass(type(old), enum.Flag) else set[str]()
    return len(parts) > 1 and parts != combined_names(new, after)


def _dict_of(member: Any) -> dict[str, Any]:
    # Past the `__getattribute__` of its class.
    found: dict[str, Any] = object.__getattribute__(member, "__dict__")
    return found
