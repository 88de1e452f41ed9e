"""What decorators make of functions: descriptors, partials, caches, proxies, objects."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

from livepatch._decide.class_source import (
    are_other_constants,
    is_given_another_default,
    is_made_with_others,
)
from livepatch._match.decorated import decorated_function, plain_path
from livepatch._match.pairs import Pair
from livepatch._python.code import same_code
from livepatch._python.constants import same_value
from livepatch._python.context_variables import has_other_default
from livepatch._python.kinds import cached_by, dict_of, is_empty
from livepatch._python.layers import layers_of
from livepatch._python.layout import has_dict
from livepatch._python.own import MISSING, Call
from livepatch._reconcile.kept_tables import note_entered_again
from livepatch._reconcile.result import Reconciliation, same_items
from livepatch._registers.entries_of_others import has_imported
from livepatch._registers.records import functions_among, leaves_of, parts_of
from livepatch._source.scope import LAMBDA
from livepatch._steps.dicts import known_by


def is_part_of_wrapper(present: Any, wanted: Any) -> bool:
    # A foreign helper that was made anew (lru_cache's cache_info, singledispatch's registry
    # view) works on the closure of the wrapper that survives; the old one is the right one.
    if type(present) is types.MethodType and type(wanted) is types.MethodType:
        # Of an object that the wrapper made for itself: singledispatch's own cache.
        same_type = type(present.__self__) is type(wanted.__self__)
        return same_type and present.__func__ is wanted.__func__
    return type(present) is type(wanted) and type(wanted) in (
        types.BuiltinFunctionType,
        types.MappingProxyType,
    )


def reconcile_property(result: Reconciliation, pair: Pair) -> None:
    survivor, new = result.survivor(pair), pair.new
    wanted = [_accessor(result, pair, name) for name in ("fget", "fset", "fdel")]
    present = [getattr(survivor, name) for name in ("fget", "fset", "fdel")]
    # None lets the property take the getter's docstring, as the source did.
    getter = new.fget
    explicit = new.__doc__ if getter is None or new.__doc__ != getter.__doc__ else None
    changed = any(map(lambda a, b: a is not b, wanted, present))
    if not changed and same_value(survivor.__doc__, new.__doc__):
        return
    if survivor is not pair.old and not changed:
        return
    undo_doc = survivor.__doc__
    result.steps.add(
        Call(property.__init__, survivor, *wanted, explicit),
        Call(property.__init__, survivor, *present, undo_doc),
    )
    result.touched.add(id(survivor))


def _accessor(result: Reconciliation, pair: Pair, name: str) -> Any:
    """Return an accessor of a property; a setter that it was given at run time stays."""
    old, new = getattr(pair.old, name, None), getattr(pair.new, name)
    if (
        old is None
        or name == "fget"
        or type(old) is not types.FunctionType
        or result.decisions.matches.owner_of(old) is not None
        or not pair.module.outline.same_shell(pair.before.origin, pair.path)
        or decorated_function(pair.before, pair.path, old) is not None
    ):
        return result.settle(new)
    if new is None:
        result.values.note("LP303", pair, pair.path, f"its {name} was set at run time; kept")
        return result.settle(old)
    message = f"its {name} was replaced at run time; the source's is back"
    result.values.note("LP304", pair, pair.path, message)
    return result.settle(new)


def reconcile_method_wrapper(result: Reconciliation, pair: Pair) -> None:
    survivor = result.survivor(pair)
    wanted = result.settle(pair.new.__func__)
    present = survivor.__func__
    if present is not wanted:
        initialise = type(survivor).__init__
        result.steps.add(Call(initialise, survivor, wanted), Call(initialise, survivor, present))
        result.touched.add(id(survivor))


def reconcile_partial(result: Reconciliation, pair: Pair) -> None:
    survivor, new = result.survivor(pair), pair.new
    arguments = tuple(map(result.settle, new.args))
    keywords = {key: result.settle(value) for key, value in new.keywords.items()}
    wanted = (result.settle(new.func), arguments, keywords, dict(new.__dict__))
    present = survivor.__reduce__()[2]
    same = wanted[0] is present[0] and same_value(arguments, present[1])
    if not same or not same_items(present[2] or {}, keywords):
        setter = functools.partial.__setstate__  # type: ignore[attr-defined]
        result.steps.add(Call(setter, survivor, wanted), Call(setter, survivor, present))


def reconcile_attributes(*names: str) -> Callable[[Reconciliation, Pair], None]:
    def step(result: Reconciliation, pair: Pair) -> None:
        survivor = result.survivor(pair)
        present = survivor.__dict__
        for name in names:
            if name in pair.new.__dict__:
                wanted = result.settle(pair.new.__dict__[name])
                held = present.get(name, MISSING)
                if held is not wanted and not same_value(held, wanted):
                    result.steps.set_item(present, name, wanted)

    return step


def reconcile_cached_function(result: Reconciliation, pair: Pair) -> None:
    survivor = result.survivor(pair)
    inner = cached_by(survivor)
    if survivor is pair.old:
        for name, value in pair.new.__dict__.items():
            held = survivor.__dict__.get(name, MISSING)
            wanted = result.settle(value)
            if held is not wanted and not is_part_of_wrapper(held, wanted):
                result.steps.set_item(survivor.__dict__, name, wanted)
        if any(_has_other_code(result, each) for each in layers_of(inner)):
            result.add_cache(pair, Call(survivor.cache_clear))


def _has_other_code(result: Reconciliation, old: Any) -> bool:
    """Whether a function does something else: by its code, a default or what it has captured."""
    pair = result.decisions.matches.by_old.get(id(old))
    if pair is None or not type(old) is type(pair.new) is types.FunctionType:
        return False
    new = pair.new
    captured = zip(old.__closure__ or (), new.__closure__ or ())
    return (
        bool(old.__code__ != new.__code__)
        or is_given_another_default(old, new)
        or any(
            not is_empty(before)
            and not is_empty(after)
            and are_other_constants(before.cell_contents, after.cell_contents)
            for before, after in captured
        )
    )


def reconcile_wrapt(result: Reconciliation, pair: Pair) -> None:
    survivor = result.survivor(pair)
    wanted = result.settle(pair.new.__wrapped__)
    if survivor.__wrapped__ is not wanted:
        result.steps.add(
            Call(setattr, survivor, "__wrapped__", wanted),
            Call(setattr, survivor, "__wrapped__", survivor.__wrapped__),
        )


def reconcile_object(result: Reconciliation, pair: Pair) -> None:
    """Give a decorated object (one with the function inside) what is new, and what is state."""
    survivor = result.survivor(pair)
    if not (has_dict(pair.old) and has_dict(pair.new)):
        return
    source_is_same = result.values.says_the_same(pair, plain_path(pair.path))
    if source_is_same and is_made_with_others(result.decisions.matches, pair):
        source_is_same = False
    old, new = dict_of(pair.old) or {}, dict_of(pair.new) or {}
    present: Any = dict_of(survivor)
    for name, value in new.items():
        settled = result.settle(value)
        if name in old and settled is value and id(old[name]) not in result.decisions.survivors:
            is_same = source_is_same and not _has_other_lambda(old[name], value)
            settled = result.values.choose_state(old[name], value, source_is_same=is_same)
        if present.get(name, MISSING) is not settled:
            result.steps.set_item(present, name, settled)
        if name in old:
            _note_tables(result, pair, (old[name], value), settled)
    for name, value in old.items() if survivor is pair.new else ():
        if name not in new:
            result.steps.set_item(present, name, result.settle(value))


def _note_tables(result: Reconciliation, pair: Pair, values: tuple[Any, Any], chosen: Any) -> None:
    """Note what a table of an object is to have of the other one, that stays or is made anew."""
    old, new = values
    if chosen is not new:
        note_entered_again(result, pair, chosen, new)
        return
    more = _entered_by_others(result, pair, old, new)
    if more:
        result.fillings.append((new, more))


def _has_other_lambda(old: Any, new: Any) -> bool:
    """Whether a lambda expression that a decorator was given says something else now.

    ``@command(check=lambda x: x > 2)``: it is another function each time the statement runs, and
    the decorator may have put it into a container.
    """
    return any(
        type(before) is type(after) is types.FunctionType
        and before.__name__ == after.__name__ == LAMBDA
        and before.__globals__ is after.__globals__
        and not same_code(before.__code__, after.__code__)
        for before, after in zip(leaves_of(old), leaves_of(new))
    )


def _entered_by_others(result: Reconciliation, pair: Pair, old: Any, new: Any) -> Any:
    """Return what modules that do not run have entered in a container that was made anew.

    A group of commands is made again for an option more, and its commands are in other files.
    """
    if type(old) is not type(new) or type(old) not in (dict, list) or not old:
        return None

    def is_of_others(entry: Any) -> bool:
        said = [each.__globals__.get("__name__") for each in functions_among(parts_of(entry))]
        homes = {home for home in said if type(home) is str}
        return homes.isdisjoint(result.decisions.matches.by_name) and any(
            has_imported(home, pair.module.source.module, pair.old) for home in homes
        )

    if type(old) is dict:
        there = set(map(known_by, new))
        return {
            key: entry
            for key, entry in old.items()
            if known_by(key) not in there and is_of_others(entry)
        }
    known = set(map(id, new))
    return [entry for entry in old if id(entry) not in known and is_of_others(entry)]


def reconcile_sentinel(result: Reconciliation, pair: Pair) -> None:
    """Give what stays the same tuple, number or text the attributes that the new one has."""
    survivor = result.survivor(pair)
    if survivor is pair.new or type(pair.new) is object:
        return
    present: Any = dict_of(survivor)
    for name, value in (dict_of(pair.new) or {}).items():
        settled = result.settle(value)
        if not same_value(present.get(name, MISSING), settled):
            result.steps.set_item(present, name, settled)


def reconcile_new_type(result: Reconciliation, pair: Pair) -> None:
    survivor = result.survivor(pair)
    for name in ("__supertype__", "__name__", "__qualname__"):
        wanted = result.settle(getattr(pair.new, name))
        if getattr(survivor, name) is not wanted:
            result.steps.set_attribute(survivor, name, wanted, getattr(survivor, name))


def reconcile_context_variable(result: Reconciliation, pair: Pair) -> None:
    """Say that a variable which has values in contexts keeps its default; another one would not."""
    if result.survivor(pair) is pair.old and has_other_default(pair.old, pair.new):
        message = "has values in contexts, and keeps the default it was made with"
        result.values.note("LP323", pair, pair.path, message)
