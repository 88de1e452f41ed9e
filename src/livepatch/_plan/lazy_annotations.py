"""Stage 5: annotations that somebody has read are computed again where what they name has changed.

Since 3.14 they are computed when they are asked for, and remembered then (PEP 649). The function
that computes them is in many cases the very one that there was.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from livepatch._match.module import Module, Part, names_of_others
from livepatch._plan.plan import Plan
from livepatch._python.code import names_within
from livepatch._python.kinds import class_attributes, is_class
from livepatch._python.layers import layers_of
from livepatch._python.own import MISSING, Call
from livepatch._steps.steps import Steps

_LAZY = sys.version_info >= (3, 14)
_SETTERS: dict[str, Any] = {
    "type": type.__dict__.get("__annotate__"),
    "function": FunctionType.__dict__.get("__annotate__"),
}


def forget_annotations(plan: Plan) -> None:
    """Note the steps by which annotations are forgotten that name what has another value now."""
    steps = Steps()
    for module in plan.matches.modules if _LAZY else ():
        if module.part is not Part.RELOADED:
            continue
        final = plan.finals[module.name]
        changed = set(names_of_others(module.old, final)) & final.keys()
        if not changed:
            continue
        for definition in _annotated(module, list(final.values())):
            computes = _computes(definition)
            if computes is not None and not changed.isdisjoint(_names(computes)):
                # Setting the function, if only again, forgets them; so it does in an undo.
                again = Call(_setter_of(definition), definition, computes)
                steps.add(again, again)
        computes = final.get("__annotate__")
        if type(computes) is FunctionType and not changed.isdisjoint(_names(computes)):
            final.pop("__annotations__", None)
            steps.set_item(module.live, "__annotations__", MISSING)
    # First: another function may be what is to compute them.
    for row in (plan.steps, plan.definition_steps) if steps else ():
        row.prepend(steps)


def _annotated(module: Module, values: list[Any]) -> Iterator[Any]:
    """Yield the functions and classes of a module, those in its classes too."""
    seen: set[int] = set()
    waiting: list[Any] = [layer for value in values for layer in layers_of(value)]
    for each in waiting:
        attributes = class_attributes(each) if is_class(each) else {}
        if id(each) in seen or not (attributes or type(each) is FunctionType):
            continue
        seen.add(id(each))
        if not module.owns(each):
            continue
        yield each
        waiting += (layer for part in list(attributes.values()) for layer in layers_of(part))


def _computes(definition: Any) -> FunctionType | None:
    """Return the function that computes the annotations of a function or class."""
    if is_class(definition):
        found: Any = class_attributes(definition).get("__annotate_func__")
    else:
        found = definition.__annotate__
    return found if type(found) is FunctionType else None


def _setter_of(definition: Any) -> Any:
    owner = "type" if is_class(definition) else "function"
    return _SETTERS[owner].__set__


def _names(function: FunctionType) -> set[str]:
    code = function.__code__
    return names_within(code)
