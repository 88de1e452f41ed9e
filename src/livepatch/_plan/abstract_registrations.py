"""Stage 5: who is registered with an abstract class afterwards.

Those whom others registered stay. What the old source registered and the new one does not goes;
what the new one registers comes, also where the class it was registered with is not the one that
stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from livepatch._heap.record import Record
from livepatch._plan.plan import Plan
from livepatch._python.kinds import is_class
from livepatch._python.own import Call, OwnDict
from livepatch._statements.abstract import (
    Registration,
    enrol,
    is_abstract,
    registered_with,
    registrations_in,
    resolved,
    strike,
)
from livepatch._steps.steps import Steps

_Each = OwnDict[tuple[int, int], Call]
"""Registrations: the ids of an abstract class and of one registered with it, and what enrols it."""


def plan_registrations(plan: Plan) -> None:
    """Note the steps that leave each abstract class with those who are to be registered."""
    settle = plan.decisions.settle
    before, after, there, made = _Each(), _Each(), _Each(), _Each()
    for module in plan.matches.modules:
        _add_said(before, registrations_in(module.origin), module.old, settle)
        _add_said(after, registrations_in(module.outline), module.new, settle)
    for pair in plan.matches.beyond_functions():
        if is_abstract(pair.old) and is_abstract(pair.new) and not pair.foreign:
            _add_registered(there, pair.old, settle)
            _add_registered(made, pair.new, settle)
    after.update(made)
    goes = OwnDict((key, call) for key, call in before.items() if key not in after)
    stays = OwnDict((key, call) for key, call in there.items() if key not in goes)
    losers = OwnDict((id(settle(pair.old)), pair.old) for pair in plan.matches.pairs if goes)
    # First: nobody is registered who is a subclass by way of another registration, with a loser
    # that is still in its base's list perhaps.
    for call in goes.values():
        for steps in (plan.last, plan.registered):
            steps.add(Call(strike, *call.args), call)
        loser = losers.get(id(call.args[0]))
        if is_abstract(loser) and loser is not call.args[0]:
            plan.last.add(Call(strike, loser, call.args[1]), Call(enrol, loser, call.args[1]))
    for key, call in {**stays, **after}.items():
        plan.last.extend(_enrolling(call, settle))
        if key not in before and key not in there:
            plan.registered.add(call, Call(strike, *call.args))


def plan_registrations_back(plan: Plan, record: Record) -> None:
    """Note the steps back to who was registered before; those who came since stay."""
    settle = plan.decisions.settle
    came = {tuple(map(id, call.args)) for call in record.registered.do if call.func is enrol}
    for do, undo in zip(reversed(record.registered.undo), reversed(record.registered.do)):
        if do.func is enrol:
            plan.last.extend(_enrolling(_settled(do, settle), settle))
        else:
            plan.last.add(_settled(do, settle), _settled(undo, settle))
    for pair in plan.matches.beyond_functions():
        if is_abstract(pair.old) and is_abstract(pair.new):
            there = _Each()
            _add_registered(there, pair.old, lambda each: each)
            for key, call in there.items():
                if key not in came:
                    plan.last.extend(_enrolling(_settled(call, settle), settle))


def _add_said(
    found: _Each,
    said: Iterable[Registration],
    namespace: Mapping[str, Any],
    settle: Callable[[Any], Any],
) -> None:
    """Add what a source says, as its namespace was or is."""
    for names, registered in said:
        cls, each = settle(resolved(names, namespace)), settle(resolved(registered, namespace))
        if is_abstract(cls) and is_class(each):
            found[id(cls), id(each)] = Call(enrol, cls, each)


def _add_registered(found: _Each, cls: type, settle: Callable[[Any], Any]) -> None:
    survivor = settle(cls)
    for each in map(settle, registered_with(cls)):
        if is_abstract(survivor) and is_class(each):
            found[id(survivor), id(each)] = Call(enrol, survivor, each)


def _enrolling(call: Call, settle: Callable[[Any], Any]) -> Steps:
    """Return the step that registers a class; none where it, or what it succeeds, is already."""
    cls, registered = call.args
    steps = Steps()
    if not any(settle(each) is registered for each in registered_with(cls)):
        steps.add(call, Call(strike, cls, registered))
    return steps


def _settled(call: Call, settle: Callable[[Any], Any]) -> Call:
    return Call(call.func, *map(settle, call.args))
