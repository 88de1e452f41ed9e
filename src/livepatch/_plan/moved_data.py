"""Stage 5: data that has moved to another module with the functions that use it stays what it is.

``_conns = {}`` and ``def get(key)`` were in one module and are in another: what is open stays open,
as it does where only what changed runs and the statement has not.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from livepatch._match.module import Module
from livepatch._plan.plan import Plan
from livepatch._python.code import globals_read, nested_codes
from livepatch._python.constants import may_hold_state, same_value
from livepatch._python.kinds import class_attributes, is_class, is_special, kind_of
from livepatch._source.outline import Outline


def keep_moved_data(plan: Plan) -> None:
    """Let data keep its live value where its statement has moved, and nothing else has changed."""
    moved: dict[tuple[str, str], set[str]] = {}
    places: dict[tuple[str, str], set[str]] = {}
    modules = {module.name: module for module in plan.matches.modules}
    for pair in plan.matches.pairs:
        before, now = pair.before, pair.module
        if before is not now and before.bodies is not None and len(pair.path) == 1:
            names = moved.setdefault((before.name, now.name), set())
            names.update(_names_read(pair.new))
            for name in names:
                places.setdefault((before.name, name), set()).add(now.name)
    for (home, place), names in moved.items():
        before, now = modules[home], modules[place]
        for name in names:
            alone = len(places[home, name]) == 1
            if alone and before.origin is not None and _has_moved(before, before.origin, now, name):
                _keep(plan, before, now, name)


def _names_read(definition: Any) -> Iterator[str]:
    """Yield the globals that a function reads, or the functions of a class."""
    if is_class(definition):
        for each in class_attributes(definition).values():
            if type(each) is FunctionType:
                yield from _names_read(each)
    elif type(definition) is FunctionType:
        for code in (definition.__code__, *nested_codes(definition.__code__)):
            yield from globals_read(code)


def _has_moved(before: Module, origin: Outline, now: Module, name: str) -> bool:
    if is_special(name) or name not in before.old or name not in now.new or name in now.old:
        return False
    said = origin.scopes[()].shells.get(name)
    if said is None or said != now.outline.scopes[()].shells.get(name):
        return False
    if any(_is_another(before, now, used) for shell in said for used in shell.loads):
        return False
    if type(now.new[name]) in (dict, list, set) and now.new[name]:
        return False  # the load has filled it: it is a list of what it has registered
    gone = name in before.unbound or before.outline.imports((name,))
    return gone and kind_of(before.old[name]) is kind_of(now.new[name]) is None


def _is_another(before: Module, now: Module, name: str) -> bool:
    """Whether a name means something else in one module than it did in the other."""
    if name not in before.old and name not in now.new:
        return False  # it is of the builtins
    one, other = before.old.get(name), now.new.get(name)
    return is_special(name) or not (one is other or same_value(one, other))


def _keep(plan: Plan, before: Module, now: Module, name: str) -> None:
    old, new = before.old[name], now.new[name]
    if may_hold_state(new):
        plan.decisions.add_loser(new, old)
    elif before.new.get(name) is new:
        before.new[name] = old  # imported from there
    now.new[name] = old
