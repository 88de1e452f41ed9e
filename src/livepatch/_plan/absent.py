"""Stage 5: what instances lack that were made before their ``__init__`` assigned it.

An attribute that the new ``__init__`` assigns and the old one did not, a field that a data class
has gained. A literal, an empty container, a field's default is given to the instances there are;
of others the report says who lacks them. Where nothing was gained, no instance is looked for.
"""

from __future__ import annotations

import collections
import copy
import functools
from collections.abc import Iterable, Iterator
from itertools import compress, repeat
from operator import is_, not_
from typing import Any

from livepatch._heap.heap import holders_of
from livepatch._heap.record import Filled, holding, is_led_to
from livepatch._hotswap import HOOK
from livepatch._match.shapes import Default, Shape, shape_of
from livepatch._plan.gains import Gain, gains_of
from livepatch._plan.plan import Lack, Plan
from livepatch._python.among import grouped_by_type
from livepatch._python.class_tree import classes_below
from livepatch._python.kinds import class_attributes
from livepatch._python.layout import slot_value
from livepatch._python.own import MISSING, Call, OwnDict, OwnList
from livepatch._report.report import Notice
from livepatch._steps.class_attributes import find_attribute, has_attribute, is_computed
from livepatch._steps.rows import set_on_all
from livepatch._steps.steps import Steps, delete_from_all


def fill_absent(plan: Plan) -> None:
    """Note the steps that give instances what they lack, and name what they cannot be given."""
    gains = gains_of(plan)
    if not gains:
        return
    sought = OwnDict((id(cls), cls) for gain in gains for cls in gain.classes)
    own = {id(sought), id(gains), *(id(gain.classes) for gain in gains)}
    found = holders_of(OwnList(sought.values()), own)
    for gain in gains:
        keys = map(id, gain.classes)
        groups = [found.instances[key] for key in keys if key in found.instances]
        lacking, others = _divided(plan, gain, groups)
        if gain.hidden:
            _notice_hidden(plan, gain, len(others))
        else:
            _fill(plan, gain, lacking, others)


def _notice_hidden(plan: Plan, gain: Gain, count: int) -> None:
    """Name what instances have and cannot be reached any more."""
    if count and find_attribute(gain.successor, HOOK) is None:
        what = "1 live instance has" if count == 1 else f"{count} live instances have"
        message = f"hides the attribute that {what}"
        plan.notices.append(Notice("LP325", f"{gain.path}.{gain.name}", message))


def _divided(
    plan: Plan, gain: Gain, groups: Iterable[OwnList[Any]]
) -> tuple[OwnList[Any], OwnList[Any]]:
    """List the instances without such an attribute of their own as they will be; and the others."""
    lacking: OwnList[Any] = OwnList()
    others: OwnList[Any] = OwnList()
    survivors = plan.decisions.survivors
    for group in groups if not gain.computed else ():
        # 3.12 keeps an instance of a data class as the value of an enumeration's member.
        for news in grouped_by_type(OwnList(map(survivors.get, map(id, group), group))):
            have_none = list(map(is_, own_values(news, gain.name), repeat(MISSING)))
            lacking += compress(news, have_none)
            others += compress(news, map(not_, have_none))
    return lacking, others


def own_values(instances: list[Any], name: str) -> Iterator[Any]:
    """Yield what each of some instances of one class has of its own; MISSING where it has none."""
    if not instances:
        return
    cls = type(instances[0])
    shape = shape_of(cls)
    if issubclass(cls, type):
        yield from (class_attributes(each).get(name, MISSING) for each in instances)
    elif name in shape.slots and is_computed(cls, name):  # a property over the slot of a base
        yield from map(slot_value, repeat(shape.slots[name]), instances)
    elif has_attribute(cls, name) and name not in shape.slots:
        # The class has such an attribute too; only the instances' dicts tell.
        read = shape.attributes.__get__ if shape.attributes is not None else lambda _: {}
        yield from (read(each).get(name, MISSING) for each in instances)
    else:
        # Not by their dicts: an instance that was asked for it is slower ever after (3.11, 3.12).
        yield from map(_read, instances, repeat(name))


def _read(instance: Any, name: str) -> Any:
    try:
        return object.__getattribute__(instance, name)
    except AttributeError:
        return MISSING


def _fill(plan: Plan, gain: Gain, instances: OwnList[Any], others: OwnList[Any]) -> None:
    count = len(instances)
    if not count:
        return
    path, what = f"{gain.path}.{gain.name}", _instances(count)
    shape = shape_of(gain.successor)
    if gain.needed:
        plan.lacks.append(Lack(gain.path, gain.name, instances))
    elif _can_be_given(shape, gain):
        _note_steps(plan, gain, instances, others)
        text = gain.value.text if gain.value is not None else "the field's default"
        plan.notices.append(Notice("LP317", path, f"{what} without it; given {text}"))
    elif find_attribute(gain.successor, HOOK) is None:
        reachable = has_attribute(gain.made, gain.name) and not is_computed(gain.made, gain.name)
        if not reachable or gain.name in shape.slots:
            message = f"{what} without it; only __init__ knows its value"
            plan.notices.append(Notice("LP318", path, message))


def _instances(count: int) -> str:
    return "1 live instance is" if count == 1 else f"{count} live instances are"


def _can_be_given(shape: Shape, gain: Gain) -> bool:
    """Whether the instances can be given what the source says, without code of the user's."""
    if gain.value is None and gain.default is None:
        return False
    return _has_place(shape, gain.name) and not is_computed(gain.made, gain.name)


def _has_place(shape: Shape, name: str) -> bool:
    has_dict = shape.attributes is not None and not issubclass(shape.cls, type)
    return name in shape.slots or has_dict


def _note_steps(plan: Plan, gain: Gain, instances: OwnList[Any], others: OwnList[Any]) -> None:
    name, default = gain.name, gain.default
    had: OwnDict[int, Any] = OwnDict((id(each), holding(each)) for each in others)
    if default is not None and default.factory is not None:
        # The user's code: when all else is in its place.
        undo = Call(delete_from_all, instances, name)
        plan.last.add(Call(_set_from_factory, instances, name, default), undo)
        if _can_be_asked_again(default.factory):
            plan.filled.append(Filled(gain.successor, name, MISSING, default.factory, had))
        return
    values: Iterable[Any]
    if gain.value is None or gain.value.shared:
        value = default.value if default is not None else gain.value and gain.value.make()
        values = repeat(value)
        plan.filled.append(Filled(gain.successor, name, value, None, had))
    else:
        values = OwnList(gain.value.make() for _ in instances)
        plan.filled.append(Filled(gain.successor, name, MISSING, gain.value.make, had))
    plan.steps.add(
        Call(set_on_all, instances, name, values), Call(delete_from_all, instances, name)
    )


def _can_be_asked_again(factory: Any) -> bool:
    """Whether a factory only makes a container, so that it may be compared with another one."""
    if any(factory is each for each in _CONTAINERS):
        return True
    return type(factory) is functools.partial and factory.func is copy.deepcopy


_CONTAINERS = (list, dict, set, collections.deque)


def _set_from_factory(instances: list[Any], name: str, default: Default) -> None:
    for each in instances:
        arguments = (each,) if default.takes_self else ()
        object.__setattr__(each, name, default.factory(*arguments))


def take_filled_back(filled: Iterable[Filled], survivors: OwnDict[int, Any]) -> Steps:
    """Return the steps that take from instances what they were given, where it is untouched."""
    steps = Steps()
    for each in filled:
        classes: OwnList[type] = OwnList((each.cls, *classes_below(each.cls)))
        found = holders_of(classes, {id(classes)})
        instances: OwnList[Any] = OwnList()
        values: OwnList[Any] = OwnList()
        for group in found.instances.values():
            news = OwnList(map(survivors.get, map(id, group), group))
            values_now = own_values(news, each.name)
            for former, instance, present in zip(group, news, values_now):
                if present is MISSING or is_led_to(each.had, former):
                    continue
                if each.is_untouched(present):
                    instances.append(instance)
                    values.append(present)
        steps.add(
            Call(delete_from_all, instances, each.name),
            Call(set_on_all, instances, each.name, values),
        )
    return steps
