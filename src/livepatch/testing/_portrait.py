"""A module as text, one line a fact: a live one should give that of a fresh import."""

from __future__ import annotations

import functools
import hashlib
import inspect
import re
import types
from collections.abc import Callable, Iterator
from typing import Any

from livepatch._needs.marks import is_remnant
from livepatch._python.kinds import class_attributes, is_class, kind_of, mro_of
from livepatch._reconcile import is_noted_by_typing
from livepatch._source.source import namespace_of
from livepatch._statements.abstract import is_abstract, registered_with
from livepatch.testing._graph import ATOMS, class_name

Facts = Iterator[tuple[str, str]]

_OF_THE_IMPORT = frozenset({"__builtins__", "__cached__", "__loader__", "__spec__"})
_OF_THE_CLASS = frozenset(
    # Since 3.14 annotations are computed when asked for; asking leaves its traces (PEP 649).
    {"__dict__", "__weakref__", "_abc_impl", "__annotations__", "__annotations_cache__"}
    | {"__annotate__", "__annotate_func__"}
    | {"__slotnames__"}  # what copyreg remembers
)
_UNORDERED = frozenset({"__static_attributes__", "__abstractmethods__"})


def portrait_of(module: types.ModuleType) -> dict[str, str]:
    """Describe the definitions and constants that a module's names lead to.

    Returns:
        Texts by path. A fact about a definition has a path of its own: ``hit:signature``.
    """
    name = namespace_of(module)["__name__"]
    found: dict[str, str] = {}
    for key, value in list(namespace_of(module).items()):
        if key not in _OF_THE_IMPORT and not is_remnant(key):
            _draw(found, key, value, name)
    return found


def _draw(found: dict[str, str], path: str, value: Any, module: str) -> None:
    found[path] = _kind_text(path, value)
    own = is_class(value) and class_attributes(value).get("__module__") == module
    if is_class(value) and not (own and class_name(value) == path):
        found[path] = f"class {_full_name(value)}"
        return
    facts = _FACTS.get(type(value), _class_facts if is_class(value) else None)
    for fact, text in facts(value) if facts is not None else ():
        found[f"{path}:{fact}"] = text
    if is_class(value):
        for key, attribute in list(class_attributes(value).items()):
            if key not in _OF_THE_CLASS and not is_noted_by_typing(value, key, attribute):
                _draw(found, f"{path}.{key}", attribute, module)
    elif type(value) is not types.FunctionType and kind_of(value) is not None:
        for step, part in _plain_parts(value):
            _draw(found, f"{path}.{step}", part, module)


def _plain_parts(wrapper: Any) -> Iterator[tuple[str, Any]]:
    for name in ("__func__", "fget", "fset", "fdel", "func", "__wrapped__"):
        part = getattr(wrapper, name, None)
        if part is not None:
            yield name, part


def _kind_text(path: str, value: Any) -> str:
    last = path.rpartition(".")[2]
    if last == "__all__" or last in _UNORDERED:
        return f"{last} {sorted(map(repr, value)) if last in _UNORDERED else value!r}"
    return constant_text(value)


def constant_text(value: Any) -> str:  # noqa: PLR0911 - one a kind
    """Describe a constant by its value, and what can hold state by its type."""
    cls = type(value)
    if cls in ATOMS:
        return repr(value)
    if cls is tuple:
        return f"({', '.join(map(constant_text, value))})"
    if cls is frozenset:
        return f"frozenset({sorted(map(constant_text, value))})"
    if cls is types.CodeType:
        return f"code {_code_text(value)}"
    if is_class(value):
        return f"class {_full_name(value)}"
    if cls is types.FunctionType:
        return f"function {value.__module__}.{value.__qualname__}"
    if cls is types.ModuleType:
        return f"module {value.__name__}"
    return f"{_full_name(cls)} object"


def _full_name(cls: type) -> str:
    return f"{class_attributes(cls).get('__module__', 'builtins')}.{class_name(cls)}"


def _function_facts(function: types.FunctionType) -> Facts:
    yield "name", f"{function.__module__}.{function.__qualname__}"
    yield "doc", repr(function.__doc__)
    yield "defaults", f"{_defaults(function.__defaults__)} {_defaults(function.__kwdefaults__)}"
    yield "signature", _signature(function)
    yield "attributes", repr(sorted(function.__dict__))
    code = function.__code__
    yield "code", _code_text(code)
    yield "line", f"{code.co_firstlineno}"
    yield "file", code.co_filename
    if function.__closure__:
        free = zip(code.co_freevars, function.__closure__)
        yield "closure", repr({name: _cell_text(cell) for name, cell in free})


def _cell_text(cell: types.CellType) -> str:
    try:
        return constant_text(cell.cell_contents)
    except ValueError:
        return "unassigned"


def _defaults(defaults: Any) -> str:
    if type(defaults) is dict:
        return repr({name: constant_text(value) for name, value in defaults.items()})
    return constant_text(defaults)


def _signature(function: Any) -> str:
    try:
        return re.sub(r" at 0x[0-9a-f]+", "", str(inspect.signature(function)))
    except Exception as error:  # noqa: BLE001 - an annotation may raise anything; here as in fresh
        return f"none: {type(error).__name__}"


def _code_text(code: types.CodeType) -> str:
    lines = [(start, end, line) for start, end, line in code.co_lines()]
    constants = tuple(map(constant_text, code.co_consts))
    told = (
        *(code.co_name, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        *(code.co_flags, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
        *(code.co_code, lines, constants),
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _class_facts(cls: type) -> Facts:
    yield "mro", " ".join(map(_full_name, mro_of(cls)))
    yield "metaclass", _full_name(type(cls))
    names = [
        name
        for name, each in class_attributes(cls).items()
        if name not in _OF_THE_CLASS and not is_noted_by_typing(cls, name, each)
    ]
    yield "attributes", " ".join(sorted(names))
    yield "annotations", _annotations(cls)
    if is_abstract(cls):
        # Those of its own module: others are not there in a fresh process.
        home = class_attributes(cls).get("__module__")
        names = [
            _full_name(each)
            for each in registered_with(cls)
            if class_attributes(each).get("__module__") == home
        ]
        yield "registered", " ".join(sorted(names))
    members = class_attributes(cls).get("_member_map_")
    if members is not None:
        yield "members", repr({name: constant_text(each._value_) for name, each in members.items()})


def _annotations(cls: type) -> str:
    try:
        annotations = inspect.get_annotations(cls)
    except Exception as error:  # noqa: BLE001 - as above
        return f"none: {type(error).__name__}"
    return repr({name: _annotation_text(value) for name, value in annotations.items()})


def _annotation_text(value: Any) -> str:
    return value if isinstance(value, str) else constant_text(value)


def _partial_facts(partial: functools.partial[Any]) -> Facts:
    yield "arguments", f"{constant_text(partial.args)} {_defaults(partial.keywords)}"


_FACTS: dict[type, Callable[[Any], Facts]] = {
    types.FunctionType: _function_facts,
    functools.partial: _partial_facts,
}
