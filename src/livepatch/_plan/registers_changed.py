"""Which containers have something else now than before the statements ran, and what."""

from __future__ import annotations

import ast
import collections
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from livepatch._plan.plan import Plan
from livepatch._python.constants import same_value
from livepatch._python.own import MISSING, OwnDict, OwnList
from livepatch._steps.contents import is_atom
from livepatch._steps.dicts import known_by

_SEQUENCES = (list, collections.deque)
# What these give says nothing of the order of what they are given.
_UNORDERED = frozenset({"len", "sorted", "set", "frozenset", "sum", "any", "all", "min", "max"})
_BY_VALUES = frozenset({"values", "items", "get", "pop"})


class Register(NamedTuple):
    """A container in which there is something else than before.

    Attributes:
        container: it.
        was: the survivors of what it had, by what tells a key, or by the place in a sequence.
        now: likewise of what it has.
        keys_changed: whether there are other keys or, but in a dict, other items.
        order_changed: whether these are in another order.
    """

    container: Any
    was: OwnDict[Any, Any]
    now: OwnDict[Any, Any]
    keys_changed: bool
    order_changed: bool

    def had(self, item: Any) -> bool:
        """Whether something was in it that is no mere number or text."""
        return not is_atom(item) and any(item is each for each in self.was.values())

    def stands(self, item: Any, nodes: Collection[ast.AST]) -> bool:
        """Whether an item it had is where it was, counted from where the source counts."""
        places = [key for key, each in self.was.items() if same_value(item, each)]
        if not places:
            return False
        shift = 0
        if issubclass(type(self.container), _SEQUENCES) and _from_the_end(nodes):
            shift = len(self.now) - len(self.was)
        return all(
            same_value(item, self.now.get(key + shift if shift else key, MISSING)) for key in places
        )

    def matters(self, said: Collection[str] | None, nodes: Collection[ast.AST]) -> bool:
        """Whether what has changed may matter to who says some names; None if calls use it."""
        if self.keys_changed:
            return True
        if self.order_changed:
            return said is None or _UNORDERED.isdisjoint(said)
        return said is None or not _BY_VALUES.isdisjoint(said) or _takes_items(nodes)


def changed_registers(plan: Plan) -> OwnDict[int, Register]:
    """Return the containers in which there is something else now, by id.

    What was made again is the same, and so is a text that is another object.
    """
    found: OwnDict[int, Register] = OwnDict()
    for module in plan.matches.modules:
        for container, before in module.contents:
            register = _compare(plan, container, before)
            if register is not None:
                found[id(container)] = register
    return found


def _compare(plan: Plan, container: Any, before: Any) -> Register | None:
    kind = type(container)
    if not issubclass(kind, (dict, set, *_SEQUENCES)):
        return None
    is_dict = issubclass(kind, dict)
    was, now = (_by_place(plan, kind, each) for each in (before, _inside(container)))
    keys = was.keys() != now.keys()
    order = not keys and is_dict and list(was) != list(now)
    others = not keys and not all(same_value(was[key], now[key]) for key in was)
    if not (keys or order or others):
        return None
    if is_dict:
        return Register(container, was, now, keys, order)
    order = not keys and set(map(known_by, was.values())) == set(map(known_by, now.values()))
    return Register(container, was, now, not order, order)


def _inside(container: Any) -> Any:
    """Return what a container has, past what its class has put over it."""
    kind = type(container)
    if issubclass(kind, dict):
        return OwnDict(dict.items(container))
    base = next(each for each in (list, set, collections.deque) if issubclass(kind, each))
    return OwnList(base.__iter__(container))


def _by_place(plan: Plan, kind: type, items: Any) -> OwnDict[Any, Any]:
    settle = plan.decisions.settle
    if issubclass(kind, dict):
        return OwnDict((known_by(settle(key)), settle(value)) for key, value in items.items())
    settled: Iterable[Any] = OwnList(map(settle, items))
    if issubclass(kind, set):
        return OwnDict((known_by(each), each) for each in settled)
    return OwnDict(enumerate(settled))


def _from_the_end(nodes: Iterable[ast.AST]) -> bool:
    """Whether a source counts from the end, or ends there: ``STEPS[-1]``, ``for last in STEPS``."""
    return any(isinstance(part, (ast.USub, ast.For)) for node in nodes for part in ast.walk(node))


def _takes_items(nodes: Iterable[ast.AST]) -> bool:
    return any(isinstance(part, ast.Subscript) for node in nodes for part in ast.walk(node))
