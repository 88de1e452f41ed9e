"""The members of enumerations by their values: flags keep combinations, which have no name."""

from __future__ import annotations

import enum
import functools
import operator
from collections.abc import Mapping
from typing import Any

from livepatch._match.pairs import Pair
from livepatch._python.kinds import class_attributes, dict_of
from livepatch._python.members import combined_names
from livepatch._python.own import Call
from livepatch._reconcile.result import Reconciliation

INVERSE = "_inverted_"
_ARE_NAMED = hasattr(enum, "FlagBoundary")


def merged_members(
    result: Reconciliation, pair: Pair, old: dict[Any, Any], new: dict[Any, Any]
) -> Any:
    """Keep the combined members of a flag, which are made when they are first asked for."""
    combined: dict[Any, Any] = {}
    for value, member in old.items():
        if id(member) in result.decisions.matches.by_old:
            continue  # the load has made it too
        if is_refused(pair, member):
            continue
        if not _has_name(member) or is_combination(member, new):
            number = _number_now(result, pair, value, member)
            if number not in new:
                combined[number] = member
    if old.keys() - combined.keys() != new.keys():
        for member in old.values():
            _forget_inverse(result, member)
        # What a negative number stands for is told by all flags there are: ``P(~3)``.
        combined = {key: each for key, each in combined.items() if not _is_negative(key)}
    if not combined:
        return new
    for member in filter(_has_name, combined.values()):
        name = _name_of_combination(member, new)
        result.steps.set_on_instance(member, "_name_", name, member._name_)
    settled = {value: result.settle(member) for value, member in new.items()}
    return {**settled, **combined}


def _number_now(result: Reconciliation, pair: Pair, value: Any, member: Any) -> Any:
    """Give a combination the number that its parts have now; return what it goes by."""
    before, after = (class_attributes(each).get("_member_map_") for each in (pair.old, pair.new))
    if before is None or after is None:
        return value
    names = combined_names(member, before)
    if not names or not names <= after.keys():
        return value
    values: set[Any] = {(dict_of(after[name]) or {}).get("_value_") for name in names}
    if len(values) < len(names) or not all(map(_is_bit, values)):
        return value  # they are no parts of one number any more
    number: int = sum(values)
    if number == value:
        return value  # nearly every one
    if class_attributes(pair.new)["_member_type_"] is not object:
        text = "|".join(sorted(names))
        message = f"keeps its number {value}, and its parts have others now: {number}"
        result.values.note("LP313", pair, (*pair.path, text), message)
        return value
    result.steps.set_item(member.__dict__, "_value_", number)
    _forget_inverse(result, member)
    return number


def is_refused(pair: Pair, member: Any) -> bool:
    """Whether a flag's combination has a bit that the new one has not, and does not let in.

    ``Access(6)`` where the member of 4 has gone.
    """
    if not isinstance(member, enum.Flag) or type(member._value_) is not int:
        return False
    after = class_attributes(pair.new)
    boundary = getattr(after.get("_boundary_"), "name", None)  # since 3.11
    lets_in = boundary == "KEEP" if _ARE_NAMED else issubclass(pair.new, int)
    if lets_in or not issubclass(pair.new, enum.Flag) or member._value_ < 0:
        return False
    bits = (each._value_ for each in after["_member_map_"].values())
    return bool(member._value_ & ~functools.reduce(operator.or_, bits, 0))


def _is_bit(value: Any) -> bool:
    return type(value) is int and value > 0 and not value & (value - 1)


def is_combination(member: Any, members: Mapping[Any, Any]) -> bool:
    """Whether a flag's member is made of others, so that it goes on without a name of its own."""
    if not isinstance(member, enum.Flag) or type(member._value_) is not int:
        return False
    parts = _parts(member, members)
    return len(parts) > 1 and sum(part._value_ for part in parts) == member._value_


def _parts(member: Any, members: Mapping[Any, Any]) -> list[Any]:
    """List the members of one bit each that a member is made of, as the flag has them."""
    whole = (value for value in members if type(value) is int and value > 0)
    bits = [value for value in whole if not value & value - 1]
    return [members[bit] for bit in bits if bit & member._value_]


def _name_of_combination(member: Any, members: Mapping[Any, Any]) -> str | None:
    """Return the name that Flag gives a combination: none before 3.11."""
    if not _ARE_NAMED:
        return None
    return "|".join(part._name_ for part in sorted(_parts(member, members), key=_by_value))


def _is_negative(value: Any) -> bool:
    return type(value) is int and value < 0


def _by_value(member: Any) -> Any:
    return member._value_


def _has_name(member: Any) -> bool:
    return member._name_ in type(member)._member_map_


def _forget_inverse(result: Reconciliation, member: Any) -> None:
    """Forget what a flag remembers as its inverse (3.11+), which is of all flags; undo does too."""
    if issubclass(type(member), enum.Flag):
        forget = Call(dict.pop, member.__dict__, INVERSE, None)
        result.steps.add(forget, forget)
