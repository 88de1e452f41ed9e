"""Stage 5: which classes' instances are made anew, and by which names. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from livepatch._build import can_build
from livepatch._decisions import Decisions
from livepatch._derive import derive
from livepatch._go_over import lend_whole
from livepatch._hotswap import HOOK, newly_renamed
from livepatch._kinds import is_class, is_enum
from livepatch._layout import same_layout, where_layout_grows
from livepatch._migration import Migration
from livepatch._own import OwnDict
from livepatch._reshaped import hook_set_on_class, is_stuck_with_new_class
from livepatch._shapes import find_attribute, shape_of


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
    for pair in decisions.matches.beyond_functions():
        if is_class(pair.old) and is_stuck_with_new_class(pair, decisions.settle(pair.new)):
            # The load made instances of a class whose old one survives.
            tops = where_layout_grows(pair.new), where_layout_grows(pair.old)
            if same_layout(pair.old, pair.new) and lend_whole(decisions, *tops):
                continue
            migration = _start(pair.text, pair.new, pair.old, direction="none")
            if migration is not None:
                decisions.migrations[id(pair.new)] = migration


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
