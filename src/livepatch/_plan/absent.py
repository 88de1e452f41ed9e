"""Stage 5: what instances lack that were made before their ``__init__`` assigned it.

An attribute that the new ``__init__`` assigns and the old one did not, a field that a data class
has gained. A literal, an empty container, a field's default is given to the instances there are;
of others the report says who lacks them. Where nothing was gained, no instance is looked for.
"""

from __future__ import annotations

import collections
import copy
import functools
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import compress, repeat
from operator import is_, not_
from typing import Any

from livepatch._heap.heap import holders_of
from livepatch._heap.record import Filled, holding, is_led_to
from livepatch._hotswap import HOOK
from livepatch._match.decorated import decorated_function, plain_path
from livepatch._match.module import Module, Part
from livepatch._match.pairs import Pair
from livepatch._match.shapes import Default, Shape, model_fields, shape_of
from livepatch._plan.plan import Lack, Plan
from livepatch._python.among import grouped_by_type
from livepatch._python.kinds import (
    CLASS,
    FUNCTION,
    class_attributes,
    classes_below,
    is_class,
    is_enum,
    mro_of,
    qualified_name,
)
from livepatch._python.layout import lists_fields
from livepatch._python.own import MISSING, Call, OwnDict, OwnList
from livepatch._report.report import Notice
from livepatch._statements.assigned import Value, assigned_by_init, names_stored
from livepatch._steps.class_attributes import find_attribute, has_attribute, is_computed
from livepatch._steps.rows import set_on_all
from livepatch._steps.steps import Steps, delete_from_all

_INIT = "__init__"


@dataclass(frozen=True, slots=True)
class _Gain:
    """An attribute that the instances of a class have by its new source, and had not by the old.

    Attributes:
        path: the class's, as the report has it.
        cls: the class whose instances there are.
        successor: the class that there will be.
        made: the class as the load made it: the successor may have yet to become like it.
        name: the attribute.
        value: what it is, where the source alone says that.
        default: the default of a field; None for what is no field.
        needed: it is a field without a default, which every instance is given when it is made.
        computed: a property or the like stands for it, before and after.
    """

    path: str
    cls: type
    successor: type
    made: type
    name: str
    value: Value | None = None
    default: Default | None = None
    needed: bool = False
    computed: bool = False


def fill_absent(plan: Plan) -> None:
    """Note the steps that give instances what they lack, and name what they cannot be given."""
    pairs: OwnDict[int, OwnList[Pair]] = OwnDict()
    for pair in plan.matches.pairs:
        if pair.kind is CLASS or (pair.kind is FUNCTION and _INIT in pair.path):
            pairs.setdefault(id(pair.module), OwnList()).append(pair)
    gains = [
        gain
        for module in plan.matches.modules
        for gain in _gains(plan, module, pairs.get(id(module), OwnList()))
    ]
    if not gains:
        return
    classes: OwnDict[int, OwnList[type]] = OwnDict()
    for gain in gains:
        classes.setdefault(id(gain.cls), OwnList(_classes_initialised_by(gain.cls)))
    sought = OwnDict((id(cls), cls) for group in classes.values() for cls in group)
    found = holders_of(OwnList(sought.values()), {id(sought), *map(id, classes.values())})
    for gain in gains:
        keys = map(id, classes[id(gain.cls)])
        groups = [found.instances[key] for key in keys if key in found.instances]
        _fill(plan, gain, *_divided(plan, gain, groups))


def _gains(plan: Plan, module: Module, pairs: OwnList[Pair]) -> Iterator[_Gain]:
    if module.part is not Part.RELOADED:
        return
    seen: set[tuple[str, ...]] = set()
    for path, old, new in _changed_inits(module, pairs):
        names = names_stored(new) - (names_stored(old) if old is not None else set())
        cls = _class_at(module.old, path)
        if names and cls is not None and not is_enum(cls) and path not in seen:
            seen.add(path)
            yield from _gains_of_init(plan, module, path, names)
    for pair in pairs:
        both = pair.kind is CLASS and is_class(pair.old)
        if both and _field_names(pair.old) != _field_names(pair.new):
            _notice_made_below(plan, pair)
            yield from _gains_of_fields(plan, pair.text, pair.old, pair.new)


def _notice_made_below(plan: Plan, pair: Pair) -> None:
    """Name the classes of other modules whose fields were made of those of a base, which changed.

    Data classes, attrs classes and pydantic models list what their bases have when they are made.
    """
    for cls in classes_below(pair.old):
        if plan.matches.owner_of(cls) is None and lists_fields(cls):
            path = f"{class_attributes(cls).get('__module__')}.{qualified_name(cls)}"
            message = f"its fields were made from those of {pair.text}, which have changed"
            plan.notices.append(Notice("LP312", path, message))


def _changed_inits(
    module: Module, pairs: OwnList[Pair]
) -> Iterator[tuple[tuple[str, ...], types.CodeType | None, types.CodeType]]:
    """Yield the classes whose ``__init__`` is another one, with its old and new code."""
    if module.bodies is not None:
        for body in module.bodies.functions:
            if body.changed and body.path[-1] == _INIT and len(body.path) > 1:
                yield body.path[:-1], body.old, body.new
    for pair in pairs:
        if pair.kind is not FUNCTION:
            continue
        path = plain_path(pair.path)
        if path[-1] == _INIT and len(path) > 1 and type(pair.old) is types.FunctionType:
            yield path[:-1], pair.old.__code__, pair.new.__code__
    for path, value in module.added.items():
        if path[-1] == _INIT and len(path) > 1:
            function = decorated_function(module, path, value)
            if type(function) is types.FunctionType:
                yield path[:-1], None, function.__code__


def _class_at(namespace: Any, path: tuple[str, ...]) -> Any:
    value: Any = None
    for name in path:
        value = namespace.get(name)
        if not is_class(value):
            return None
        namespace = class_attributes(value)
    return value


def _gains_of_init(
    plan: Plan, module: Module, path: tuple[str, ...], names: set[str]
) -> Iterator[_Gain]:
    old, new = _class_at(module.old, path), _class_at(module.new, path)
    inherited = {
        name
        for base in mro_of(old)
        if type(class_attributes(base).get(_INIT)) is types.FunctionType
        for name in names_stored(class_attributes(base)[_INIT].__code__)
    }
    if new is None or not names - inherited:
        return
    text = module.path_text(path)
    for name, value in assigned_by_init(module.source.text, path, module.new).items():
        if name in names - inherited:
            computed = is_computed(old, name) and is_computed(new, name)
            successor = plan.decisions.settle(new)
            yield _Gain(text, old, successor, new, name, value, computed=computed)


def _gains_of_fields(plan: Plan, path: str, old: type, new: type) -> Iterator[_Gain]:
    if id(old) in plan.decisions.migrations:
        return  # which sees to them
    before, after = shape_of(old), shape_of(new)
    for name in after.declared:
        if name in after.required and name not in before.required:
            default = after.defaults.get(name)
            needed = default is None and _is_argument(new, name)
            yield _Gain(path, old, plan.decisions.settle(new), new, name, None, default, needed)


def _field_names(cls: type) -> list[str]:
    """Return the names of the fields of a data class, attrs class or pydantic model."""
    fields = find_attribute(cls, "__dataclass_fields__")
    said = find_attribute(cls, "__attrs_attrs__")
    names = list(fields) if type(fields) is dict else list(model_fields(cls))
    return names + ([each.name for each in said] if isinstance(said, tuple) else [])


def _is_argument(cls: type, name: str) -> bool:
    """Whether a field is given to ``__init__``, rather than set by ``__post_init__`` say."""
    fields = find_attribute(cls, "__dataclass_fields__")
    if isinstance(fields, dict) and name in fields:  # it may be one of a named tuple below
        return bool(fields[name].init)
    said = find_attribute(cls, "__attrs_attrs__") or ()
    return all(each.init for each in said if each.name == name)


def _classes_initialised_by(cls: type) -> Iterator[type]:
    """Yield a class and those below it, as far as their own ``__init__`` calls its one."""
    yield cls
    yield from (below for below in classes_below(cls) if _calls_up(below, cls))


def _calls_up(below: type, cls: type) -> bool:
    for base in mro_of(below):
        if base is cls:
            return True
        function = class_attributes(base).get(_INIT)
        if function is None:
            continue
        if type(function) is not types.FunctionType or _INIT not in function.__code__.co_names:
            return False
    return False


def _divided(
    plan: Plan, gain: _Gain, groups: Iterable[OwnList[Any]]
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


def _fill(plan: Plan, gain: _Gain, instances: OwnList[Any], others: OwnList[Any]) -> None:
    count = len(instances)
    if not count:
        return
    path, what = f"{gain.path}.{gain.name}", _instances(count)
    shape = shape_of(gain.successor)
    if gain.needed:
        plan.lacks.append(Lack(gain.path, gain.name, instances))
    elif _has_place(shape, gain.name) and (gain.value is not None or gain.default is not None):
        _note_steps(plan, gain, instances, others)
        text = gain.value.text if gain.value is not None else "the field's default"
        plan.notices.append(Notice("LP317", path, f"{what} without it; given {text}"))
    elif find_attribute(gain.successor, HOOK) is None:
        reachable = has_attribute(gain.made, gain.name)
        if not reachable or gain.name in shape.slots:
            message = f"{what} without it; only __init__ knows its value"
            plan.notices.append(Notice("LP318", path, message))


def _instances(count: int) -> str:
    return "1 live instance is" if count == 1 else f"{count} live instances are"


def _has_place(shape: Shape, name: str) -> bool:
    has_dict = shape.attributes is not None and not issubclass(shape.cls, type)
    return name in shape.slots or has_dict


def _note_steps(plan: Plan, gain: _Gain, instances: OwnList[Any], others: OwnList[Any]) -> None:
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
