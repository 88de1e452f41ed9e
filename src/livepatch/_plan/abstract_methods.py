"""Stage 5: classes that are not made again below abstract classes that have changed.

Which methods a class lacks is noted in it when it is made (``abc.ABCMeta``), from what its bases
say then. So it is to be noted anew, as `abc.update_abstractmethods` does, once the bases are what
they are to be; or a class that lacks one goes on making instances.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator
from typing import Any

from livepatch._plan.plan import Plan
from livepatch._python.class_tree import classes_below
from livepatch._python.kinds import CLASS, bases_of, class_attributes, dict_of, is_class
from livepatch._python.own import Call, OwnDict
from livepatch._steps.class_attributes import (
    find_attribute,
    has_attribute,
    set_on_class,
    setting,
)
from livepatch._steps.steps import Steps

_NAME, _MARK = "__abstractmethods__", "__isabstractmethod__"


def plan_abstract_methods(plan: Plan) -> None:
    """Add the steps by which abstract methods are noted anew in classes that are not made again."""
    settle, steps = plan.decisions.settle, Steps()
    for cls in _concerned(plan).values():
        present = class_attributes(cls)[_NAME]
        if present == _lacking(cls):  # else somebody has set it
            survivor = settle(cls)
            back = setting(survivor, _NAME, present)
            steps.add(Call(_note_anew, survivor), back)
    plan.definition_steps.extend(steps)
    plan.last.extend(steps)


def _concerned(plan: Plan) -> OwnDict[int, type]:
    """Return the abstract classes that are not made again below those that are, by their ids."""
    matches, found = plan.matches, OwnDict[int, type]()
    for pair in matches.beyond_functions():
        if pair.kind is CLASS and is_class(pair.old) and _says_otherwise(pair.old, pair.new):
            for cls in classes_below(pair.old):
                again = id(cls) in matches.by_old or id(cls) in matches.by_new
                if not again and issubclass(type(cls), abc.ABCMeta):
                    found[id(cls)] = cls
    return OwnDict((key, cls) for key, cls in found.items() if _NAME in class_attributes(cls))


def _says_otherwise(old: type, new: type) -> bool:
    """Whether classes below one may lack other methods than below another one."""
    before, after = class_attributes(old), class_attributes(new)
    return (
        before.keys() != after.keys()
        or before.get(_NAME) != after.get(_NAME)
        or len(bases_of(old)) != len(bases_of(new))
        or any(one is not other for one, other in zip(bases_of(old), bases_of(new)))
    )


def _note_anew(cls: type) -> None:
    set_on_class(cls, _NAME, _lacking(cls))


def _lacking(cls: type) -> frozenset[str]:
    inherited = (class_attributes(base).get(_NAME, ()) for base in bases_of(cls))
    values = ((name, find_attribute(cls, name)) for names in inherited for name in names)
    return frozenset((*_abstract(values), *_abstract(class_attributes(cls).items())))


def _abstract(values: Iterable[tuple[str, Any]]) -> Iterator[str]:
    return (name for name, value in list(values) if _is_abstract(value))


def _is_abstract(value: Any) -> bool:
    kind = type(value)
    if has_attribute(kind, "__getattr__"):  # which may build what it stands for (pydantic)
        return bool((dict_of(value) or {}).get(_MARK, False))
    return bool(getattr(value, _MARK, False))
