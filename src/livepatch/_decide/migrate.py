"""Stage 5: which classes' instances are made anew, and by which names. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from livepatch._decide.decisions import Decisions
from livepatch._decide.derive import derive
from livepatch._decide.go_over import lend_whole
from livepatch._decide.migration import Migration
from livepatch._decide.reshaped import hook_set_on_class, is_stuck_with_new_class
from livepatch._hotswap import HOOK, newly_renamed
from livepatch._match.build import can_build
from livepatch._match.pairs import Pair
from livepatch._match.shapes import shape_of
from livepatch._python.kinds import CLASS, base_of, is_class, is_enum
from livepatch._python.layout import same_layout, sizes_of, where_layout_grows
from livepatch._python.own import OwnDict
from livepatch._steps.class_attributes import find_attribute


def start_migrations(
    decisions: Decisions,
    direction: str = "forward",
    earlier: Mapping[int, Mapping[str, Any]] | None = None,
) -> None:
    """Decide how the instances of classes whose layout changed are made anew.

    Args:
        decisions: takes the migrations, and copies of the classes elsewhere below those.
        direction: ``"forward"``, or ``"back"`` when a reload is taken back.
        earlier: by the id of an instance, what it had to leave behind in that reload.
    """
    derive(decisions)
    for pair, _ in decisions.layout_changes:
        if is_class(pair.new) and not (is_enum(pair.old) or is_enum(pair.new)):
            migration = _start(pair.text, pair.old, pair.new, direction=direction, earlier=earlier)
            if migration is not None:
                migration.hook = migration.hook or hook_set_on_class(pair)
                decisions.migrations[id(pair.old)] = migration
    free: set[int] = set()
    for pair in decisions.matches.beyond_functions():
        if pair.kind is not CLASS or not (is_class(pair.old) and is_class(pair.new)):
            continue  # on the way back, what a class had become
        survivor = decisions.settle(pair.new)
        stuck = not _keeps_what_base_has(decisions, pair, free) and is_stuck_with_new_class(
            pair, survivor
        )
        if survivor is pair.old and not (stuck or is_enum(pair.old)):
            free.add(id(pair.new))
        if stuck:
            # The load made instances of a class whose old one survives.
            tops = where_layout_grows(pair.new), where_layout_grows(pair.old)
            if same_layout(pair.old, pair.new) and lend_whole(decisions, *tops):
                continue
            migration = _start(pair.text, pair.new, pair.old, direction="none")
            if migration is not None:
                decisions.migrations[id(pair.new)] = migration


def _keeps_what_base_has(decisions: Decisions, pair: Pair, free: set[int]) -> bool:
    """Whether a class adds nothing to a base whose instances can be given the old one.

    Args:
        decisions: who survives.
        pair: the class, before and after.
        free: ids of the new classes of which the instances can be given the old one.
    """
    old_base, base = base_of(pair.old), base_of(pair.new)
    above = decisions.matches.by_new.get(id(base)) if id(base) in free else None
    if above is None or above.old is not old_base or base is None or old_base is None:
        return False
    return sizes_of(pair.old) == sizes_of(old_base) and sizes_of(pair.new) == sizes_of(base)


def _start(
    path: str,
    old: type,
    new: type,
    *,
    direction: str = "forward",
    earlier: Mapping[int, Mapping[str, Any]] | None = None,
) -> Migration | None:
    """Describe how the instances of a class are to go over; None if they cannot be made anew."""
    before, after = shape_of(old), shape_of(new)
    if not can_build(before, after):
        return None
    left = new if direction == "forward" else old
    renamed = newly_renamed(old, new)
    if direction == "back":
        renamed = {after: before for before, after in newly_renamed(new, old).items()}
    # On the way back the later code knows of the change; the earlier may not.
    hook = find_attribute(left, HOOK) or find_attribute(new, HOOK)
    if direction == "none":
        renamed, hook = {}, None
    return Migration(path, before, after, renamed, hook, direction, earlier or OwnDict())
