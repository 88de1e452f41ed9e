"""Which of several class statements of one name ran: those in the branches of an `if` or `try`.

The source does not say; the class that is there does.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import Any

from livepatch._python.code import same_code
from livepatch._python.constants import repr_of_constant
from livepatch._python.kinds import class_attributes, is_class, kind_of
from livepatch._python.opcodes import COMPILER_NAMES
from livepatch._python.own import MISSING
from livepatch._source.outline import Outline, class_bodies
from livepatch._source.scope import REST, functions_bound, read_scope

_CALLABLE_LAYERS = (staticmethod, classmethod)


def as_ran(outline: Outline, namespace: Mapping[str, Any], like: Outline | None = None) -> Outline:
    """Return an outline in which the scopes of classes are of the statements that ran.

    Args:
        outline: of a source.
        namespace: of the module that it made.
        like: of a later source. Of statements that fit alike, for what they differ in was set at
            run time, it is the one that says the same as the later one that ran. Where there is
            none the outline is unsure.
    """
    for path in sorted(outline.twins, key=len):
        bodies = outline.twins.get(path)  # none where they are in a branch that did not run
        made = _class_at(path, namespace)
        if bodies is None or made is None:
            continue
        fits = [_fit(body, made) for body in bodies]
        best = [body for body, fit in zip(bodies, fits) if fit == max(fits)]
        present = outline.scopes[path].code
        chosen = next((body for body in best if body is present), best[-1])
        same = _same_as_later(best, path, like) if len(best) > 1 else chosen
        outline = outline.with_body(path, same or chosen, unsure=same is None)
    return outline


def _same_as_later(
    bodies: list[CodeType], path: tuple[str, ...], like: Outline | None
) -> CodeType | None:
    if like is None or path in like.unsure or path not in like.scopes:
        return None
    said = like.scopes[path].shells
    return next((body for body in bodies if read_scope(body).shells == said), None)


def _class_at(path: tuple[str, ...], namespace: Mapping[str, Any]) -> type | None:
    found: Any = None
    for name in path:
        found = namespace.get(name)
        if not is_class(found):
            return None
        namespace = class_attributes(found)
    return found  # type: ignore[no-any-return]


def _fit(body: CodeType, made: type) -> tuple[bool, int]:
    """Say how well a class fits a body: does it begin there, and what agrees of what it binds."""
    # 3.13 and newer note the line in the class.
    return class_attributes(made).get("__firstlineno__") == body.co_firstlineno, _agree(body, made)


def _agree(body: CodeType, made: type) -> int:
    """Count what a class has as a body says it, less what it has otherwise or not at all."""
    attributes, inner = class_attributes(made), dict(class_bodies(body))
    agreement = 0
    for name, shells in read_scope(body).shells.items():
        if name == REST or name in COMPILER_NAMES:
            continue
        value: Any = attributes.get(name, MISSING)
        said = shells[-1].constant
        if type(value) in _CALLABLE_LAYERS:
            value = value.__func__
        functions = functions_bound(body, name) if type(value) is FunctionType else []
        if value is MISSING:
            agreement -= 1
        elif name in inner and is_class(value):
            inside: Any = value
            agreement += _agree(inner[name], inside)
        elif functions:
            agreement += 1 if same_code(functions[-1], value.__code__) else -1
        elif said is not None:
            is_it = kind_of(value) is None and repr_of_constant(value) == said
            agreement += 1 if is_it else -1
    return agreement
