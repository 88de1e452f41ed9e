"""What objects and classes were given as they were made: other functions now, or a store."""

from __future__ import annotations

import gc
from collections import OrderedDict, defaultdict, deque
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import Field
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from livepatch._decide.class_source import is_made_by_makers
from livepatch._decide.reshaped import code_changed
from livepatch._match.decorated import decorated_function, plain_path
from livepatch._match.deleted import deleted_has_changed
from livepatch._match.module import Module, Path
from livepatch._match.pairs import Matches, Pair
from livepatch._python.code import same_code
from livepatch._python.constants import CONSTANTS, same_value
from livepatch._python.kinds import (
    CLASS,
    class_attributes,
    dict_of,
    is_class,
    is_plain_data,
    kind_of,
    mro_of,
)
from livepatch._python.layers import CONTAINERS
from livepatch._python.own import OwnList
from livepatch._source.scope import Scope, functions_bound
from livepatch._statements.asked import texts_in
from livepatch._statements.assignments import names_in, said_of_attribute

_DEEPEST = 8
_ASIDE = 4  # what an object has, what that has, its tables, what is in them
_MANY = 1_000


def why_made_anew(matches: Matches, pair: Pair, path: Path, values: tuple[Any, Any]) -> str | None:
    """Return why a class attribute is made anew although its own statement is the same.

    Args:
        matches: the definitions.
        pair: the class.
        path: of the attribute.
        values: what it was and what it is.

    Returns:
        The reason; empty where it goes without saying; None where there is none.
    """
    _, new = values
    if _is_given_other_functions(pair, path, new):
        return "was given a function that has changed"
    if type(new) not in CONSTANTS and _is_given_to_changed(matches, pair, path):
        return "is given to a decorator that has changed"
    if is_made_by_makers(matches, pair, values):
        by_field = _is_default_of_field(pair, path[-1], values)
        return "" if by_field else "what makes its class makes something else of it"
    return None


def is_made_of_given_anew(pair: Pair, live: Any) -> bool:
    """Whether what a class was given has an object of it which is given another function.

    ``a = Sequence(lambda n: n)``, of which a metaclass has a list.
    """
    module, old, new = pair.module, class_attributes(pair.old), class_attributes(pair.new)
    scope = module.outline.scopes.get(pair.path)
    given = set[int]()
    for name, shells in scope.shells.items() if scope is not None else ():
        if name not in new or name not in old or not any(each.is_definition for each in shells):
            continue
        path, value = (*pair.path, name), new[name]
        if kind_of(value) is not None or decorated_function(module, path, value) is not None:
            continue  # nearly every one
        same = module.outline.same_shell(pair.before.origin, path)
        if same and _is_given_other_functions(pair, path, value):
            given.add(id(old[name]))
    return bool(given) and reaches(live, given)


def _is_given_other_functions(pair: Pair, path: Path, new: Any) -> bool:
    """Whether a function in the statements that bind a path has another body than before.

    What an object was given and keeps somewhere of its own is no definition that is paired. The
    functions in a table are.
    """
    origin, outline = pair.before.origin, pair.module.outline
    scope = origin.scopes.get(path[:-1]) if origin is not None else None
    shells = outline.scopes[path[:-1]].shells[path[-1]]
    if scope is None or not any(shell.is_definition for shell in shells):
        return False
    before = functions_bound(scope.code, path[-1])
    after = functions_bound(outline.scopes[path[:-1]].code, path[-1])
    if len(before) != len(after):
        return True
    changed = {id(code) for old, code in zip(before, after) if not same_code(old, code)}
    return bool(changed) and not changed <= set(map(id, _codes_within(new, _DEEPEST)))


def _codes_within(value: Any, depth: int) -> Iterator[CodeType]:
    """Yield the codes of the functions that the walk finds in a table."""
    if type(value) is FunctionType:
        yield value.__code__
    elif type(value) in CONTAINERS and depth:
        for part in value.values() if type(value) is dict else value:
            yield from _codes_within(part, depth - 1)


def _is_given_to_changed(matches: Matches, pair: Pair, path: Path) -> bool:
    """Whether a changed decorator in the class body gets a value, and may change it.

    ``@parsed_by(parser) def run(self)`` may write into the parser that the class has as well, and
    what is made of that parser goes with it: ``group = parser.add_group()``.
    """
    scope, attributes = pair.module.outline.scopes[path[:-1]], class_attributes(pair.new)
    waiting = [path[-1]]
    for name in waiting:
        if any(_has_changed(matches, pair.module, each) for each in _decorators(scope, name)):
            return True
        used = {load for shell in scope.shells.get(name, ()) for load in shell.loads}
        waiting += (
            each
            for each in used.difference(waiting)
            if each in attributes and type(attributes[each]) not in CONSTANTS
        )
    return False


def _decorators(scope: Scope, name: str) -> Iterator[str]:
    """Yield the names that decorate what a scope defines, where they are given a name."""
    for shells in scope.shells.values():
        for shell in shells:
            if name in shell.loads and shell.is_definition and shell.is_made_with(name):
                yield from filter(shell.is_made_with, shell.loads)


def _has_changed(matches: Matches, module: Module, name: str) -> bool:
    function = module.new.get(name)
    if type(function) is not FunctionType:
        return deleted_has_changed(module, name)
    used = matches.by_new.get(id(function))
    if used is not None:
        return code_changed(used.old, used.new)
    home = matches.owner_of(function)  # where only what changed runs, it is not made again
    return home is not None and home.followed.definitions.get((function.__name__,), ("", False))[1]


def _is_default_of_field(pair: Pair, name: str, values: tuple[Any, Any]) -> bool:
    """Whether a data class has a field's default for what its statement gives, before or after."""
    old, new = values
    for cls, made, said in ((pair.old, old, new), (pair.new, new, old)):
        fields = class_attributes(cls).get("__dataclass_fields__")
        entry: Any = fields.get(name) if type(fields) is dict else None
        if type(entry) is type(said) is Field and same_value(entry.default, made):
            return True
    return False


def is_assigned_by_changed(pair: Pair, name: str) -> bool:
    """Whether a statement behind a class, ``Player.limit = f()``, uses a changed function."""
    said = said_of_attribute(pair.module.outline.scopes[()].code, name)
    return any(code_of_name_changed(pair, each) for each in names_in(said))


def code_of_name_changed(pair: Pair, name: str) -> bool:
    """Whether a global was a function and is one, with another code; a deleted one may be."""
    before: Any = pair.before.old.get(name)
    after: Any = pair.module.new.get(name)
    if type(before) is not FunctionType or type(after) is not FunctionType:
        return deleted_has_changed(pair.module, name)
    return not same_code(before.__code__, after.__code__)


def method_of_name_changed(matches: Matches, pair: Pair, names: AbstractSet[str]) -> bool:
    """Whether a method of the module has another body that is called by one of some names."""
    bodies = pair.module.bodies
    if bodies is not None:
        changed = (body.path for body in bodies.functions if body.changed)
    else:
        changed = (
            plain_path(each.path)
            for each in matches.pairs
            if type(each.old) is type(each.new) is FunctionType
            and not names.isdisjoint(each.path)
            and not same_code(each.old.__code__, each.new.__code__)
        )
    return any(path[1:] and path[-1] in names for path in changed)


def is_filled_since(pair: Pair, live: Any, made: Any) -> bool:
    """Whether a class was given an empty container as it was made, which the program has filled.

    ``cls.store = {}`` in ``__init_subclass__`` or a metaclass. What is in it may be of the class's
    own instead, a table of its fields say: then it is empty where the class has none any more.

    Args:
        pair: the class, before and after the load.
        live: what it was given before.
        made: what it was given in the load.
    """
    if type(live) is not type(made) or type(live) not in _STORES or made or not live:
        return False
    before, after = class_attributes(pair.old), class_attributes(pair.new)
    had = {
        name: value
        for name, value in before.items()
        if name not in after or type(after[name]) is not type(value)
    }
    named = before.get("__annotations__")
    said = _texts_no_more(pair)
    names = {*had, *(named if type(named) is dict else ()), *said}
    own = set(map(id, had.values()))
    parts: Collection[Any] = (*live, *live.values()) if isinstance(live, dict) else live
    return not any((type(part) is str and part in names) or id(part) in own for part in parts)


def keeps_attributes(pair: Pair, live: Any) -> bool:
    """Whether an object that a class was given has a table of what the class and its bases have.

    Of their fields, say, made when somebody asked for it. What is such a table itself follows
    entry by entry.
    """
    if type(live) in _STORES:
        return False
    own = {
        id(value)
        for cls in mro_of(pair.old)[:-1]
        for value in class_attributes(cls).values()
        if value is not live and not is_plain_data(value) and kind_of(value) is None
    }
    return bool(own) and any(len(own & {*map(id, table)}) > 1 for table in _tables_in(live))


def reaches(live: Any, wanted: Collection[int]) -> bool:
    """Whether an object that a class was given, or a table in it, has one of some objects."""
    return any(not {*map(id, table)}.isdisjoint(wanted) for table in _tables_in(live))


def _tables_in(live: Any) -> Iterator[Collection[Any]]:
    """Yield the tables in an object and in what it has, and what is in them; none of a program."""
    if is_plain_data(live) or kind_of(live) is not None:
        return
    level = OwnList((live,))
    for _ in range(_ASIDE):
        following: OwnList[Any] = OwnList()
        for each in level:
            if type(each) in CONTAINERS:
                parts = OwnList(each.values() if type(each) is dict else each)
                yield parts
            else:
                fields = dict_of(each)
                parts = OwnList(part for part in gc.get_referents(each) if part is not fields)
                parts += (fields or {}).values()
            following += filter(_is_inside, parts)
        level = following
        if len(level) > _MANY:
            return  # it leads out into the program


def _is_inside(part: Any) -> bool:
    if type(part) in CONTAINERS:
        return True
    return not (is_class(part) or is_plain_data(part) or type(part) in _OUTSIDE or kind_of(part))


_OUTSIDE = (ModuleType, FrameType)


def _texts_no_more(pair: Pair) -> frozenset[str]:
    """Return the texts that a class, or one inside it, says no more: ``fields = ["name"]``."""
    before, now = (
        frozenset[str]().union(
            *(
                texts_in(scope.code.co_consts)
                for path, scope in (source.scopes if source is not None else {}).items()
                if path[: len(pair.path)] == pair.path
            )
        )
        for source in (pair.before.origin, pair.module.outline)
    )
    return before - now


_STORES = (dict, list, set, deque, defaultdict, OrderedDict)


def scopes_of(matches: Matches) -> Iterator[tuple[Any, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield the modules and new classes of a reload, each with what it bound and what it binds."""
    for module in matches.modules:
        yield module, module.old, module.new
    for pair in matches.beyond_functions():
        if pair.kind is CLASS and is_class(pair.old) and is_class(pair.new):
            yield pair.new, class_attributes(pair.old), class_attributes(pair.new)


def counts_anew(matches: Matches, used: Any) -> bool:
    """Whether something is a class or module of which all ran again, with its counters.

    What a class was given a number by, all that the load made knows by that number.
    """
    if type(used) is ModuleType:
        namespace = used.__dict__
        return any(each.live is namespace and each.bodies is None for each in matches.modules)
    pair = matches.by_new.get(id(used))
    return pair is not None and is_class(used) and pair.module.bodies is None
