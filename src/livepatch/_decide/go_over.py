"""Whether the instances of a class can be given another one as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livepatch._decide.decisions import Decisions
from livepatch._decide.reshaped import asks_for_migration
from livepatch._match.pairs import Pair
from livepatch._python.kinds import (
    base_of,
    bases_of,
    class_attributes,
    is_class,
    mro_of,
    qualified_name,
)
from livepatch._python.layout import (
    adds_only_slots,
    grow_from_one,
    layout_of,
    same_layout,
    tuple_fields,
    where_layout_grows,
)
from livepatch._snapshot.borrow import can_borrow_base, can_borrow_each_other

Final = Callable[[Decisions, Any], Any]


def can_go_over(decisions: Decisions, old: type, new: type, final: Final) -> bool:
    """Whether CPython lets an instance of one class be given the other.

    This is ``compatible_for_assignment`` and ``same_slots_added`` of Objects/typeobject.c: what
    the two classes add to a common base must be the same, and be nothing but a dict, a weak
    reference list and slots, placed right behind the base's own fields. The bases are those that
    the old class will have by then, with the survivors among them.

    Args:
        decisions: takes the base that the new class borrows for that time, if it needs one.
        old: the class that the instance is of.
        new: the one that it is to be of.
        final: returns what will stand for an object.
    """
    old_top = _top_by_then(decisions, old, final) if same_layout(old, new) else None
    if old_top is None:
        return False
    new_top = final(decisions, where_layout_grows(new))
    if old_top is new_top:
        return True
    old_base, new_base = base_of(old_top), base_of(new_top)
    if old_base is None or new_base is None:
        return False
    settled = final(decisions, old_base)
    final_base = final(decisions, new_base)
    # A base of one of the two may borrow another base itself.
    has_top_above = old_top is not old or new_top is not new
    if has_top_above and grow_from_one(settled, final_base) and lend_whole(decisions, new, old):
        return True
    return _fit_above(decisions, old, (old_top, new_top), (settled, final_base), final)


def _fit_above(
    decisions: Decisions,
    old: type,
    tops: tuple[type, type],
    bases: tuple[type, type],
    final: Final,
) -> bool:
    """Whether two classes where layouts grow fit, with the bases that these have by then."""
    (old_top, new_top), (settled, final_base) = tops, bases
    old_base = base_of(old_top)
    if settled is not final_base and not (
        grow_from_one(settled, final_base)
        and _lend_base(decisions, old, [(old_top, final_base), (new_top, settled)], final)
    ):
        return False
    if (
        old_base is not None
        and settled is not old_base
        and not can_go_over(decisions, old_base, settled, final)
    ):
        return False
    only_slots = all(adds_only_slots(top, base_of(top) or object) for top in tops)
    # Over two bases with slots the classes are two for CPython, unless the old one's changes first.
    as_they_are = only_slots and old_base is base_of(new_top)
    return as_they_are or lend_whole(decisions, new_top, old_top) or only_slots


def _top_by_then(decisions: Decisions, old: type, final: Final) -> type | None:
    """Return where the layout of a class grows once the survivors have taken their places.

    A class below may itself be one that survives. None if that has no place any more for what its
    instances have: those of the class have it by the class itself, then.
    """
    top = where_layout_grows(old)
    settled = final(decisions, top)
    if top is old or not is_class(settled):
        return top
    return settled if same_layout(top, settled) else None


def _lend_base(
    decisions: Decisions, old: type, tops: list[tuple[type, type]], final: Final
) -> bool:
    """Let one of two classes have the base of the other while instances go over, if it can.

    Args:
        decisions: takes the class and the base.
        old: the class that the instances are of.
        tops: where its layout grows, and where that of the new class does, with the other's base.
        final: returns what will stand for an object.
    """
    (old_top, _), (new_top, _) = tops
    matches = decisions.matches
    pair = matches.by_new.get(id(new_top)) or matches.by_old.get(id(new_top))
    # A base that others have too is not lent another one: they may compare it with something else.
    shared = pair is None or not any(base is pair.old for base in mro_of(old))
    # Nor one whose bases are exchanged, or which comes in exchange for a base: CPython would find
    # the borrowed one among them, or compare it with that of the base that goes.
    stays = all(final(decisions, base) is base for base in bases_of(old_top))
    stays = stays and where_layout_grows(old) is old_top
    chosen = tops[0] if shared and stays else tops[1]
    if not can_borrow_base(chosen[0]):
        return False
    decisions.borrowed.append(chosen)
    return True


def lend_whole(decisions: Decisions, cls: type, other: type) -> bool:
    """Let a class derive from the one it is paired with while instances go over, if it can.

    So may one that no name leads to: what a metaclass or a function put between, for both alike.
    """
    matches = decisions.matches
    pair = matches.by_new.get(id(cls)) or matches.by_old.get(id(cls))
    if pair is None:
        nameless = id(other) not in matches.by_new and id(other) not in matches.by_old
        paired = nameless and qualified_name(cls) == qualified_name(other)
    else:
        paired = pair.old is other or pair.new is other
    if not paired or not can_borrow_each_other(cls, other):
        return False
    decisions.borrowed.append((cls, other))
    return True


def note_layout(decisions: Decisions, pair: Pair, final: Final) -> None:
    """Note a class whose instances cannot go over, with the number of the refusal."""
    if can_go_over(decisions, pair.old, pair.new, final) and not asks_for_migration(pair):
        return
    old, new = layout_of(pair.old), layout_of(pair.new)
    if "_fields" in class_attributes(pair.old) and tuple_fields(pair.old) is not None:
        decisions.layout_changes.append((pair, "LP123"))
    elif old[0] is not new[0] or old == new:
        decisions.layout_changes.append((pair, "LP122"))
    else:
        decisions.layout_changes.append((pair, "LP121"))
