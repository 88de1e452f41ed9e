"""Functions: code, defaults, annotations, attributes, closures, dispatch registries."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from typing import Any

from livepatch._decide.class_source import class_source_is_same
from livepatch._match.decorated import decorated_function, plain_path
from livepatch._match.pairs import Pair
from livepatch._match.registered import registry_of
from livepatch._python.code import same_code, writes_free_variable
from livepatch._python.constants import same_value
from livepatch._python.kinds import (
    is_empty,
    is_single_dispatch,
    kind_of,
    mro_of,
    qualified_name,
)
from livepatch._python.layers import layers_of
from livepatch._python.own import MISSING, Call
from livepatch._reconcile.left_over import is_left_on_function
from livepatch._reconcile.result import Reconciliation, same_items
from livepatch._reconcile.wrappers import is_part_of_wrapper
from livepatch._statements.assigned import names_stored
from livepatch._statements.assignments import names_in, said_of_attribute

# What functools.singledispatch keeps in its closures.
_OF_DISPATCHERS = ("registry", "dispatch_cache")
_CALLED = ("__doc__", "__name__", "__qualname__", "__module__")
_BOUND = (types.MethodType, types.BuiltinMethodType)
_LAZY_ANNOTATIONS = sys.version_info >= (3, 14)


def reconcile_function(result: Reconciliation, pair: Pair) -> None:
    old, new = pair.old, pair.new
    key, changed = id(new), result.changed
    survivor = result.decisions.survivors.get(key, new)
    if type(old) is not types.FunctionType:
        changed.add(key)
        return
    calls = result.steps.do
    before = len(calls)
    code, new_code = old.__code__, new.__code__  # each look is audited, and costs
    # Equal codes may differ: in the lines inside them (3.10), in qualified names (3.11 and newer).
    if code is not new_code:
        successor = _successor_of_code(result, pair, code, new_code)
        if successor is not None:
            result.codes.append((code, successor))
        if survivor is old:
            result.recoded.append(old)
        if not same_code(code, new_code):
            changed.add(key)
    path = pair.path if pair.is_plain else plain_path(pair.path)
    source_is_same = result.values.says_the_same(pair, path)
    if source_is_same is None and _is_of_changed_class(result, pair):
        source_is_same = False  # a library made it for the class: it keeps what the class says
    # What a call made has its annotations from another statement than its name's: `f = make()`.
    is_inner = new_code.co_flags & inspect.CO_NESTED
    if source_is_same is not True or is_inner or not _is_only_code(pair):
        _reconcile_beyond_code(result, pair, survivor, source_is_same)
    elif survivor is old and old.__doc__ != new.__doc__:
        result.steps.set_attribute(old, "__doc__", new.__doc__, old.__doc__)
    if key not in changed and any(_says_something_new(result, call) for call in calls[before:]):
        changed.add(key)


def _is_of_changed_class(result: Reconciliation, pair: Pair) -> bool:
    """Whether a class says something else now, and no statement in it makes the function."""
    path = plain_path(pair.path)
    scope = pair.module.outline.scopes.get(path[:-1])
    if scope is None or scope.binds(path[-1]):
        return False
    whole = result.decisions.whole_of(pair)
    return whole is not None and class_source_is_same(result.decisions.matches, whole) is False


def _successor_of_code(
    result: Reconciliation, pair: Pair, code: types.CodeType, new_code: types.CodeType
) -> types.CodeType | None:
    """Return the code for whatever else has a function's code; None if that is for this one alone.

    A wrapper's code is that of all that the decorator has made, or will make. What a new one is
    around has the code that follows.
    """
    if code.co_flags & inspect.CO_NESTED:
        return new_code if result.is_of_one_maker(code, new_code) else None
    if not new_code.co_flags & inspect.CO_NESTED:
        return new_code  # nearly every one
    inner = decorated_function(pair.module, pair.path, pair.new)
    return inner.__code__ if type(inner) is types.FunctionType else None


def _says_something_new(result: Reconciliation, call: Call) -> bool:
    """Whether a step does more than put the survivor of what is there in its place."""
    if call.func is dict.__setitem__:
        target, name, wanted = call.args
        return result.settle(target.get(name)) is not wanted
    if call.func is dict.update:
        target, wanted = call.args
        settled = {result.settle(key): result.settle(value) for key, value in target.items()}
        return not same_items(settled, wanted)
    if type(call.args[0]) is types.CellType:
        cell, wanted = call.args
        return result.settle(cell.cell_contents) is not wanted
    if call.func is not setattr:
        return call.func is not dict.clear  # it is filled again by the next step
    function, name, wanted = call.args
    if name == "__annotate__":
        return function.__annotate__ is None or not same_code(
            function.__annotate__.__code__, wanted.__code__
        )
    told = {"__defaults__", "__kwdefaults__"}  # where chosen: a new one may be given the old ones
    if getattr(function, "__type_params__", ()):
        told |= {"__type_params__", "__annotations__"}  # others each time: the statement tells
    return name not in told


def _is_only_code(pair: Pair) -> bool:
    """Whether two functions differ in their code at most: nearly all do, and need no second look."""  # noqa: E501
    old, new = pair.old, pair.new
    if not (old.__kwdefaults__ is new.__kwdefaults__ is None):
        return False
    if not same_value(old.__defaults__, new.__defaults__):
        return False
    return pair.is_plain or (  # of which all the rest is known
        old.__closure__ is new.__closure__ is None
        and not (old.__dict__ or new.__dict__)
        and old.__qualname__ == new.__qualname__
        # It may have been told another one.
        and type(old.__module__) is type(new.__module__) is str
        and old.__module__ == new.__module__
    )


def _reconcile_beyond_code(
    result: Reconciliation, pair: Pair, survivor: Any, source_is_same: bool | None
) -> None:
    old, new = pair.old, pair.new
    for name in ("__defaults__", "__kwdefaults__"):
        _reconcile_defaults(result, pair, survivor, name, source_is_same)
    if survivor is old:
        for name in ("__doc__",) if pair.is_plain else _CALLED:
            _take(result, survivor, name, getattr(old, name), getattr(new, name))
        if sys.version_info >= (3, 12):
            _take(result, survivor, "__type_params__", old.__type_params__, new.__type_params__)
        if source_is_same is not True or new.__code__.co_flags & inspect.CO_NESTED:
            _take_annotations(result, old, new)
    elif not same_value(old.__doc__, new.__doc__):
        result.changed.add(id(new))
    if pair.is_plain:
        return  # it has no attributes and no closure
    _reconcile_function_dict(result, pair, survivor)
    if old.__closure__ and old.__code__.co_freevars == new.__code__.co_freevars:
        _reconcile_cells(result, pair, source_is_same)
    before, after = map(_dispatcher_in, (old, new))
    if before is not None and after is not None:
        _reconcile_registry(result, pair, before, after)


def _take(result: Reconciliation, target: Any, name: str, present: Any, wanted: Any) -> None:
    wanted = result.settle(wanted)
    if present is not wanted and not same_value(present, wanted):
        result.steps.set_attribute(target, name, wanted, present)


def _reconcile_defaults(
    result: Reconciliation, pair: Pair, survivor: Any, name: str, source_is_same: bool | None
) -> None:
    old, new, present = getattr(pair.old, name), getattr(pair.new, name), getattr(survivor, name)
    if old is None or new is None or source_is_same is not True:
        chosen: Any = new
    elif type(new) is dict:
        chosen = {
            key: _default(result, pair, old.get(key, value), value) for key, value in new.items()
        }
    elif len(old) == len(new):
        chosen = tuple(_default(result, pair, before, after) for before, after in zip(old, new))
    else:
        chosen = new
    settled = _settled_defaults(result, chosen)
    if not _same_defaults(_settled_defaults(result, old), settled):
        result.changed.add(id(pair.new))
    if not _same_defaults(present, settled):
        result.steps.set_attribute(survivor, name, settled, present)


def _settled_defaults(result: Reconciliation, defaults: Any) -> Any:
    if type(defaults) is dict:
        return {key: result.settle(value) for key, value in defaults.items()}
    return result.settle(defaults)


def _same_defaults(one: Any, other: Any) -> bool:
    if type(one) is type(other) is dict:
        return same_items(one, other)
    return same_value(one, other)


def _default(result: Reconciliation, pair: Pair, old: Any, new: Any) -> Any:
    # The statement says the same: a default that can change is state, like a cache in a default.
    settled = result.settle(new)
    if settled is not new or result.settle(old) is new:
        return settled
    home = qualified_name(new) or "<"
    if "<" not in home and home == qualified_name(old) and pair.module.owns(new):
        return new  # a definition whose name leads to another one by now, and that is no state
    chosen = result.values.choose_state(old, new, source_is_same=True)
    if chosen is old and old is not new and type(old) in _CAN_CHANGE:
        result.values.note_kept_default(pair, old, new)
    return chosen


_CAN_CHANGE = (list, dict, set)


def _take_annotations(result: Reconciliation, old: Any, new: Any) -> None:
    if _LAZY_ANNOTATIONS:
        old_lazy: Any = old.__annotate__
        new_lazy: Any = new.__annotate__
        if new_lazy is not None:
            # Setting the function drops the annotations computed from the old one (PEP 649).
            undo = Call(setattr, old, "__annotate__", old_lazy)
            if old_lazy is None:
                undo = Call(setattr, old, "__annotations__", dict(old.__annotations__))
            result.steps.add(Call(setattr, old, "__annotate__", new_lazy), undo)
            return
        if old_lazy is not None:
            result.steps.add(
                Call(setattr, old, "__annotations__", new.__annotations__),
                Call(setattr, old, "__annotate__", old_lazy),
            )
            return
    present, wanted = old.__annotations__, new.__annotations__
    settled = {key: result.settle(value) for key, value in wanted.items()}
    if not same_items(present, settled):
        result.steps.set_attribute(old, "__annotations__", settled, present)


def _is_of_global(pair: Pair, value: Any) -> bool:
    owner = getattr(value, "__self__", None) if type(value) in _BOUND else None
    return owner is not None and any(owner is each for each in pair.module.new.values())


def _reconcile_function_dict(result: Reconciliation, pair: Pair, survivor: Any) -> None:
    old, new = pair.old.__dict__, pair.new.__dict__
    if not old and not new:
        return
    present = survivor.__dict__
    for name, value in new.items():
        wanted = result.settle(old[name] if _counts_in(pair, name) else value)
        if present.get(name, MISSING) is not wanted:
            # What is bound to a global (``find.forget = CACHE.clear``) is no part of the wrapper.
            if is_part_of_wrapper(present.get(name), wanted) and not _is_of_global(pair, wanted):
                continue
            result.steps.set_item(present, name, wanted)
    gone = {name for name in old if name not in new and is_left_on_function(pair, name)}
    for name in gone.intersection(present):
        result.steps.set_item(present, name, MISSING)
    if survivor is pair.new:
        for name, value in old.items():
            # Set at run time: a counter, a mark of a test tool.
            if name not in new and name not in gone and name != "__wrapped__":
                result.steps.set_item(present, name, result.settle(value))
    elif "__wrapped__" in old and "__wrapped__" not in new:
        result.steps.set_item(present, "__wrapped__", MISSING)


def _counts_in(pair: Pair, name: str) -> bool:
    """Whether a function keeps something in an attribute of its own: ``f.calls += 1``."""
    old, new = pair.old, pair.new
    values = old.__dict__.get(name, MISSING), new.__dict__[name]
    if values[0] is MISSING or any(kind_of(each) is not None for each in values):
        return False
    if not all(_stores_of_itself(each.__code__, name) for each in (old, new)):
        return False  # nearly every one
    if pair.before.origin is None:
        return False
    sources = (pair.before.origin, pair.module.outline)
    before, after = (said_of_attribute(each.scopes[()].code, name) for each in sources)
    used = names_in(after) - {old.__name__}
    was, now = pair.before.old, pair.module.new
    return before == after and all(same_value(was.get(each), now.get(each)) for each in used)


def _stores_of_itself(code: types.CodeType, name: str) -> bool:
    own = code.co_name in code.co_names or code.co_name in code.co_freevars
    return own and name in names_stored(code)


def _reconcile_cells(result: Reconciliation, pair: Pair, source_is_same: bool | None) -> None:
    old, new = pair.old, pair.new
    survivor = result.survivor(pair)
    names = old.__code__.co_freevars
    for name, before, after, cell in zip(
        names, old.__closure__, new.__closure__, survivor.__closure__
    ):
        if is_empty(before) or is_empty(after) or id(cell) in result.cells:
            continue
        if name == "__classdict__":
            continue  # the namespace of its class (PEP 649): no state, and the search settles it
        result.cells[id(cell)] = cell
        chosen = _cell_contents(result, pair, name, before, after, source_is_same)
        if cell.cell_contents is not chosen:
            result.steps.set_cell(cell, chosen, cell.cell_contents)


def _cell_contents(  # noqa: PLR0913, PLR0917
    result: Reconciliation,
    pair: Pair,
    name: str,
    before: types.CellType,
    after: types.CellType,
    source_is_same: bool | None,
) -> Any:
    old, new = before.cell_contents, after.cell_contents
    settled = result.settle(new)
    if settled is not new or name == "__class__" or id(old) in result.decisions.survivors:
        return settled
    if kind_of(new) is not None and type(new) is not types.FunctionType:
        return new
    if writes_free_variable(pair.old.__code__, name) and not _is_made_otherwise(pair):
        return old  # a counter: the closure's own state
    if name in _OF_DISPATCHERS and pair.old.__code__.co_filename == functools.__file__:
        # What is registered is merged, see `_reconcile_registry`.
        return old if result.survivor(pair) is pair.old else new
    if source_is_same and result.values.is_made_otherwise(old):
        message = f"its {name!r} was made by code that has changed; the source's replaces it"
        result.values.note("LP304", pair, plain_path(pair.path), message)
        return new
    return result.values.choose_state(old, new, source_is_same=source_is_same)


def _is_made_otherwise(pair: Pair) -> bool:
    """Whether a call that made a function says something else now: ``count = counter(5)``."""
    outline, name = pair.module.outline, pair.path[:1]
    shells = outline.scopes[()].shells.get(pair.path[0], ())
    by_call = len(pair.path) == 1 and not any(shell.is_definition for shell in shells)
    return by_call and outline.same_shell(pair.before.origin, name) is False


def _dispatcher_in(function: types.FunctionType) -> Any:
    """Return what functools.singledispatch has made: a function itself, or what is inside it."""
    if "registry" not in function.__dict__:
        return None  # nearly every one; who wraps one takes its attributes over
    return next(filter(is_single_dispatch, layers_of(function)), None)


def _reconcile_registry(result: Reconciliation, pair: Pair, old: Any, new: Any) -> None:
    """Merge two singledispatch registries: registrations made by other modules stay."""
    owner_of = result.decisions.matches.owner_of
    survivor = result.settle(new)
    before, after = registry_of(old), registry_of(new)
    merged = {result.settle(cls): result.settle(function) for cls, function in after.items()}
    for cls, function in before.items():
        # What a base does for each class below it is done again for those of the reload alone.
        elsewhere = owner_of(function) is None or (
            owner_of(cls) is None and any(owner_of(base) is not None for base in mro_of(cls)[1:])
        )
        if elsewhere and result.settle(cls) not in merged:
            merged[result.settle(cls)] = result.settle(function)
    present = registry_of(survivor)
    if not same_items(present, merged):
        result.steps.replace_members(dict, present, merged, dict(present))
    result.add_cache(pair, Call(survivor._clear_cache))  # noqa: SLF001 - its public name
