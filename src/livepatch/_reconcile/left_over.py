"""What only the old class has: made by its source, or set at run time.

The old class as its source made it is not there any more, so that this is told by what is known:
the outline of that source, and who took part in making the class.
"""

from __future__ import annotations

import abc
import dis
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from types import (
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, Generic, NamedTuple, Protocol

from livepatch._decide.namesakes import scope_of_namesake
from livepatch._match.decorated import plain_path
from livepatch._match.likeness import is_set_by_library
from livepatch._match.module import Path
from livepatch._match.pairs import Pair
from livepatch._python.code import instructions, nested_codes
from livepatch._python.kinds import (
    class_attributes,
    is_class,
    is_empty,
    is_enum,
    kind_of,
    mro_of,
    qualified_name,
)
from livepatch._python.library import is_of_standard_library
from livepatch._registers.made import constants_in
from livepatch._source.outline import Outline

_STORE_ATTRIBUTE = dis.opmap["STORE_ATTR"]
_LOAD_NAME = dis.opmap["LOAD_NAME"]  # what a module's own code reads globals by
# What a metaclass, a base and a decorator do when a class is made, and not when its instances are.
_OF_METACLASS = ("__new__", "__init__", "__prepare__")
_OF_BASE = ("__init_subclass__",)
_OF_DECORATOR = ("__new__", "__init__", "__call__")
# What is given by C code, or by a function that such code calls, and by whom.
_MAKERS_IN_C: dict[str, Any] = {"__abstractmethods__": abc.ABCMeta, "__parameters__": Generic}
# What collections.namedtuple puts into a class besides its fields, which are C descriptors.
_OF_NAMED_TUPLES = frozenset({"_fields", "_field_defaults", "_make", "_replace", "_asdict"})
_C_DESCRIPTORS = (
    MemberDescriptorType,
    GetSetDescriptorType,
    type(NamedTuple("_Sample", [("field", int)]).__dict__["field"]),
)


def is_left_over(pair: Pair, name: str, old: Any, *, source_is_same: bool | None) -> bool:
    """Whether an attribute that the new class has not was made by the old source.

    Args:
        pair: the class.
        name: the attribute's name.
        old: its value.
        source_is_same: whether the source says the same of the class as a whole.

    Returns:
        False also in doubt: what somebody set is lost for good, what stays can be seen.
    """
    before, home = pair.before, _home(pair)
    path = (*home, name)
    origin = before.origin
    scope = scope_of_namesake(pair) or (origin.scopes.get(home) if origin is not None else None)
    if (scope is not None and scope.binds(name)) or is_noted_by_typing(pair.old, name, old):
        return True
    stored = origin is not None and name in _attributes_stored(origin.scopes[()].code)
    if stored or _says_no_more(pair, name):
        return True
    if path in before.removed or before.owns(old):
        return not _is_at_home_elsewhere(pair, name, old)
    if source_is_same:
        return _has_lost_its_maker(pair, name)
    if name.startswith("__") and name.endswith("__"):
        return not _is_function_of_others(pair, old)
    return _is_made_by_machinery(pair, name, old)


def is_noted_by_typing(cls: type, name: str, value: Any) -> bool:
    """Whether an attribute is what the first instance of a class below a protocol left there.

    It says which ``__init__`` typing has found, which may be another one when a base has changed.
    """
    above = mro_of(cls)[1:]
    return (
        name == "__init__"
        and any(base is Protocol for base in above)
        and any(class_attributes(base).get(name) is value for base in above)
    )


def is_left_on_function(pair: Pair, name: str) -> bool:
    """Whether an attribute that the new function has not is there by the old source alone.

    A decorator has set it, or copied it from what is inside, or a statement has: `view.limit = 1`.
    What a decorator's wrapper sets when it is called is mentioned by the new source too, and stays.
    """
    before, after, path = pair.before, pair.module, plain_path(pair.path)
    if before.origin is None:
        return False
    if _is_set_by_statement(pair, name) or _is_copied(pair.old.__dict__, name):
        return True
    if _says_no_more(pair, name):
        return True
    said_before = _is_said(before.origin, before.old, path, name, {})
    # Where only some statements run, who decorates may be the same and is given new code.
    codes = dict(zip(map(id, after.followed.functions), after.followed.new_codes))
    return said_before and not _is_said(after.outline, after.new, path, name, codes)


def _says_no_more(pair: Pair, name: str) -> bool:
    """Whether the statement of a definition has said a name that it says no more.

    ``@tagged(level=1)``, ``Point = type("Point", (), {"level": 1})``.
    """
    path = plain_path(pair.path)
    said = []
    for source in (pair.before.origin, pair.module.outline):
        scope = source.scopes.get(path[:-1]) if source is not None else None
        shells = scope.shells.get(path[-1], ()) if scope is not None else ()
        said.append({each for shell in shells for each in constants_in(shell.fingerprint)})
    return ("text", name) in said[0] - said[1]


def _is_copied(attributes: Mapping[str, Any], name: str) -> bool:
    """Whether ``functools.wraps`` has copied an attribute."""
    inside = getattr(attributes.get("__wrapped__"), "__dict__", {})
    return type(inside) is dict and inside.get(name, inside) is attributes[name]


def _is_said(
    source: Outline,
    namespace: Mapping[str, Any],
    path: Path,
    name: str,
    codes: Mapping[int, CodeType],
) -> bool:
    """Whether the statement of a function, or who decorates it, mentions a name.

    Args:
        source: what the statement is in.
        namespace: the module's.
        path: of the function.
        name: the name.
        codes: of functions that are to have other code, by their ids.
    """
    scope = source.scopes.get(path[:-1])
    shells = scope.shells.get(path[-1], ()) if scope is not None else ()
    if any(("text", name) in shell.fingerprint for shell in shells):
        return True
    decorators = _decorators(source, namespace, path)
    makers = ((codes.get(id(each), each), _OF_DECORATOR) for each in decorators)
    return _is_in_code_of(makers, name)


def _is_set_by_statement(pair: Pair, name: str) -> bool:
    origin = pair.before.origin
    if origin is None or len(pair.path) != 1:
        return False
    code = origin.scopes[()].code
    return any(
        before == _LOAD_NAME
        and opcode == _STORE_ATTRIBUTE
        and (code.co_names[target], code.co_names[at]) == (pair.path[0], name)
        for (before, target), (opcode, at) in pairwise(instructions(code))
    )


def _attributes_stored(code: CodeType) -> set[str]:
    return {code.co_names[at] for opcode, at in instructions(code) if opcode == _STORE_ATTRIBUTE}


def _is_at_home_elsewhere(pair: Pair, name: str, old: Any) -> bool:
    """Whether a definition of the source has been put into the class as well."""
    home = qualified_name(old)
    if pair.before.origin is None or home is None or "<" in home:
        return False
    return home != ".".join((*_home(pair), name)) and not _is_mentioned(pair, name)


def _home(pair: Pair) -> Path:
    """Return the path of the old class in its source; a table may have led to it: ``ALL[0]``."""
    origin, name = pair.before.origin, qualified_name(pair.old)
    if origin is None or pair.path in origin.scopes or name is None:
        return pair.path
    home = tuple(name.split("."))
    return home if home in origin.scopes and pair.before.owns(pair.old) else pair.path


def _is_made_by_machinery(pair: Pair, name: str, old: Any) -> bool:
    # An enum's own names have one underscore on either side, and its members are of its type.
    return (
        (name.startswith("_") and name.endswith("_"))
        or name in _OF_NAMED_TUPLES
        or type(old) in _C_DESCRIPTORS
        or (is_enum(pair.old) and type(old) is pair.old)
        or _is_mentioned(pair, name)
    )


def _is_mentioned(pair: Pair, name: str) -> bool:
    """Whether the code of who made the class names the attribute."""
    return _is_in_code_of(_makers(pair), name)


def _has_lost_its_maker(pair: Pair, name: str) -> bool:
    """Whether a base or metaclass that gives classes an attribute is above the old class alone.

    The class's own statement says the same: a base of its bases has gone.
    """
    above = [
        ([*mro_of(type(cls)), *mro_of(cls)[1:]], [*_makers_above(cls)])
        for cls in (pair.old, pair.new)
    ]
    (before, makers), (after, still) = above
    maker = _MAKERS_IN_C.get(name)
    if maker is not None:
        return _is_among(maker, before) and not _is_among(maker, after)
    return _is_in_code_of(makers, name) and not _is_in_code_of(still, name)


def _is_among(cls: type, others: Iterable[type]) -> bool:
    return any(each is cls for each in others)


def _is_in_code_of(makers: Iterable[tuple[Any, tuple[str, ...]]], name: str) -> bool:
    return any(
        name in code.co_names or any(type(said) is str and said == name for said in code.co_consts)
        for maker, methods in makers
        for outer in _codes_of(maker, methods)
        for code in (outer, *nested_codes(outer))
    )


def _is_function_of_others(pair: Pair, old: Any) -> bool:
    """Whether a function is from a file, and not from that of somebody who made the class."""
    if type(old) is not FunctionType or old.__code__.co_filename.startswith("<"):
        return False
    package = _package(old.__globals__)
    # collections has the methods of typing.NamedTuple, and functools those of total_ordering.
    if is_of_standard_library(package):
        return False
    return package not in {_package_of(maker) for maker, _ in _makers(pair)}


def is_put_by_others(pair: Pair, old: Any) -> bool:
    """Whether somebody gave a class a method that none of its decorators and the like has given.

    Of what these make, the code is a library's, or of no file, or of the package of one of them.
    """
    if type(old) is not FunctionType or is_set_by_library(old):
        return False
    makers = (maker for maker, methods in _makers(pair) if any(_codes_of(maker, methods)))
    return _package(old.__globals__) not in {_package_of(maker) for maker in makers}


def _package_of(maker: Any) -> str:
    return _package(class_attributes(maker) if is_class(maker) else maker.__globals__)


def _package(namespace: Mapping[str, Any]) -> str:
    name = namespace.get("__module__") or namespace.get("__name__")
    return name.partition(".")[0] if type(name) is str else ""


def _makers(pair: Pair) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Yield what took part in making the old class: functions, and classes with the methods."""
    yield from _makers_above(pair.old)
    if pair.before.origin is not None:
        others = {*map(id, mro_of(type(pair.old))), *map(id, mro_of(pair.old))}
        decorators = _decorators(pair.before.origin, pair.before.old, pair.path)
        yield from ((each, _OF_DECORATOR) for each in decorators if id(each) not in others)


def _makers_above(cls: type) -> Iterator[tuple[type, tuple[str, ...]]]:
    yield from ((metaclass, _OF_METACLASS) for metaclass in mro_of(type(cls)))
    yield from ((base, _OF_BASE) for base in mro_of(cls)[1:])


def _decorators(source: Outline, namespace: Mapping[str, Any], path: Path) -> Iterator[Any]:
    """Yield the functions and classes that the statement of a definition may have called."""
    scope = source.scopes.get(path[:-1])
    shells = scope.shells.get(path[-1], ()) if scope is not None else ()
    loads = {name for shell in shells for name in shell.loads}
    for name in loads:
        value = namespace.get(name)
        if type(value) is ModuleType:
            for attribute in loads:
                yield from _functions_in(value.__dict__.get(attribute))
        yield from _functions_in(value)


def _functions_in(value: Any) -> Iterator[Any]:
    """Yield the function or class that calling a value runs, and what is wrapped in it."""
    if type(value) is MethodType:
        value = value.__func__
    if is_class(value):
        yield value
    elif type(value) is FunctionType:
        yield value
        yield from (
            cell.cell_contents
            for cell in value.__closure__ or ()
            if not is_empty(cell) and type(cell.cell_contents) is FunctionType
        )
    elif kind_of(value) is None and "__module__" in class_attributes(type(value)):
        yield type(value)  # an object that is called


def _codes_of(maker: Any, methods: tuple[str, ...]) -> Iterator[CodeType]:
    if type(maker) is FunctionType or type(maker) is CodeType:
        yield maker if type(maker) is CodeType else maker.__code__
        return
    attributes = class_attributes(maker)
    for name in methods:
        function = attributes.get(name)
        function = getattr(function, "__func__", function)
        if type(function) is FunctionType:
            yield function.__code__
