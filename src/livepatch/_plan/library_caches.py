"""Stage 5: what libraries remember of classes, and make anew or forget once all has changed.

The answers of abstract classes to ``isinstance``, what single dispatch has found for a class, the
names of slots for pickling, the lines of the file, pydantic's validators. Each call is fit for the
way back too: it goes by what is there when it is called.
"""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
import abc
import functools
import gc
import linecache
import sys
import types
import typing
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

from livepatch._holders import all_classes
from livepatch._match.module import Module, Part, names_of_others
from livepatch._plan.plan import Plan
from livepatch._plan.reached_caches import called_by, empty_reached
from livepatch._python.among import objects_of
from livepatch._python.class_tree import classes_below, with_classes_below
from livepatch._python.code import globals_read, nested_codes
from livepatch._python.constants import same_contents
from livepatch._python.kinds import (
    CACHE_TYPE,
    CLASS,
    cached_by,
    class_attributes,
    is_class,
    is_special,
    kind_of,
    qualified_name,
)
from livepatch._python.memos import arguments_and_results, remembers_no_state
from livepatch._python.own import Call, OwnDict, OwnList
from livepatch._report.report import Notice

_IN_WEAK_DICT = "WeakKeyDictionary.__init__.<locals>.remove"
_SLOT_NAMES = "__slotnames__"
_DEEPEST = 3  # the cache itself, its dict, what that has


def note_library_caches(plan: Plan) -> None:
    """Note what is to be forgotten or made anew of what libraries remember."""
    places = ", ".join(module.name for module in plan.matches.modules)
    for module in plan.matches.modules:
        if module.part is Part.RELOADED:
            filename = module.source.code.co_filename
            plan.caches.append((module.name, Call(_forget_lines, filename)))
    classes = OwnList(_changed_classes(plan))
    if classes:
        plan.caches.append((places, Call(_forget_answers, *classes)))
    if "pydantic" in sys.modules:
        stale = OwnList(_stale_models(plan))
        if classes or stale:
            own = frozenset(map(id, stale))
            plan.caches.append((places, Call(_rebuild_models, own, *classes, *stale)))
    plan.caches += _caches_of_losers(plan)
    plan.caches += empty_reached(plan)
    changed = _changed_data(plan)
    if classes or plan.held or changed:  # nearly no reload of a body
        caches = objects_of(CACHE_TYPE)
        plan.caches += _caches_of_classes(plan, caches, classes)
        plan.caches += _caches_of_old_data(plan, caches)
        plan.caches += _caches_of_changed_data(plan, caches, changed)


def _stale_models(plan: Plan) -> Iterator[type]:
    """Yield the models that keep something in C memory that is not current, or has a successor.

    A class that the load made, where the live one stays; a function that is replaced.
    """
    settle, pairs = plan.decisions.settle, plan.matches.pairs
    made = {id(pair.new) for pair in pairs if pair.kind is CLASS and settle(pair.new) is pair.old}
    given = {
        (pair.module.name, pair.path[:-1])
        for pair in pairs
        if pair.kind is not CLASS and settle(pair.old) is not pair.old
    }
    base: Any = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    for pair in pairs:
        cls = settle(pair.new)
        if base is None or not is_class(cls) or not issubclass(cls, base):
            continue
        if cls is pair.new:
            stale = not made.isdisjoint(_classes_in_fields(cls))
        else:
            stale = (pair.module.name, pair.path) in given
        if stale:
            yield cls


def _caches_of_classes(
    plan: Plan, caches: OwnList[Any], classes: OwnList[type]
) -> Iterator[tuple[str, Call]]:
    """Yield the caches that remember something of classes that say something else now.

    Of their fields, say. One that has what a program may have changed since stays, and is named.
    """
    changed = OwnDict((id(cls), cls) for cls in with_classes_below(classes))
    for cache in caches:
        function: Any = cached_by(cache)
        if not CACHE_TYPE.cache_info(cache).currsize:
            continue  # nearly every one
        if type(function) is not types.FunctionType or function.__module__ in _IDENTITIES:
            continue
        parts = _remembered_by(cache)
        found = next((changed[id(each)] for each in parts if id(each) in changed), None)
        if found is None:
            continue
        path = f"{function.__module__}.{function.__qualname__}"
        if remembers_no_state(cache):
            yield path, Call(CACHE_TYPE.cache_clear, cache)
        elif not any(id(type(each)) in changed for each in parts):  # no class asked: `Protocol`
            message = f"remembers something of {qualified_name(found)}, which has changed"
            plan.notices.append(Notice("LP313", path, f"{message}; {_ASK_AGAIN}"))


_IDENTITIES = ("typing", "typing_extensions")  # `List[C] is List[C]`
_ASK_AGAIN = "cache_clear() has it ask again"


def _caches_of_losers(plan: Plan) -> Iterator[tuple[str, Call]]:
    """Yield the caches which the load made and filled, with definitions where others stay."""
    settle = plan.decisions.settle
    for pair in plan.matches.pairs:
        cache = pair.new
        if type(cache) is not CACHE_TYPE or cache is pair.old or settle(cache) is not cache:
            continue
        if any(settle(each) is not each for each in arguments_and_results(cache)):
            yield plan.matches.path_of(cache), Call(CACHE_TYPE.cache_clear, cache)


def _caches_of_old_data(plan: Plan, caches: OwnList[Any]) -> Iterator[tuple[str, Call]]:
    """Yield the caches of the modules' functions that remember what has been made anew."""
    for cache in caches if plan.held else ():  # nearly always there is no such data
        own = plan.matches.owner_of(cached_by(cache)) is not None
        if own and not plan.held.isdisjoint(map(id, _remembered_by(cache))):
            yield plan.matches.path_of(cache), Call(cache.cache_clear)


_Changed = OwnDict[int, "set[str]"]


def _changed_data(plan: Plan) -> _Changed:
    """Return the globals that have another value now, by the id of their namespace."""
    homes = _Changed()
    for module in plan.matches.modules:
        changed = set(_changed_data_of(module, plan.finals[module.name]))
        if changed:
            homes[id(module.live)] = changed
    for namespace, name in plan.carried:  # modules that have imported it
        homes.setdefault(id(namespace), set()).add(name)
    return homes


def _caches_of_changed_data(
    plan: Plan, caches: OwnList[Any], homes: _Changed
) -> Iterator[tuple[str, Call]]:
    """Yield the caches around functions that read a global which has another value now."""
    places = {*homes, *(id(module.live) for module in plan.matches.modules)}
    for cache in caches if homes else ():
        function: Any = cached_by(cache)
        if type(function) is not types.FunctionType or id(function.__globals__) not in places:
            continue
        if any(_reads(each, homes) for each in called_by(function)):
            name = f"{function.__globals__.get('__name__')}.{function.__qualname__}"
            yield name, Call(cache.cache_clear)


def _reads(function: types.FunctionType, homes: _Changed) -> bool:
    """Whether a function reads one of the globals that have another value now."""
    changed, code = homes.get(id(function.__globals__)), function.__code__
    return changed is not None and any(
        not changed.isdisjoint(globals_read(each)) for each in (code, *nested_codes(code))
    )


def _changed_data_of(module: Module, final: Mapping[str, Any]) -> Iterator[str]:
    for name in names_of_others(module.old, final):
        if name not in final or is_special(name):
            continue
        old, new = module.old[name], final[name]
        if kind_of(old) is kind_of(new) is None and not same_contents(old, new):
            yield name


def _remembered_by(cache: Any) -> OwnList[Any]:
    """List what a cache refers to, and what is in its tuples, lists and dicts."""
    found: OwnList[Any] = OwnList()
    level: OwnList[Any] = OwnList((cache,))
    for _ in range(_DEEPEST):
        parts = OwnList(gc.get_referents(*level))
        found += parts
        level = OwnList(each for each in parts if type(each) in (tuple, list, dict))
    return found


def _changed_classes(plan: Plan) -> Iterator[type]:
    for pair in (*plan.matches.beyond_functions(), *plan.decisions.derived):
        if pair.kind is CLASS and is_class(pair.old) and is_class(pair.new):
            replaced = plan.decisions.settle(pair.new) is not pair.old
            if replaced or id(pair.new) in plan.changed:
                yield pair.old
            if replaced:  # else the new one is let go of, with all that it refers to
                yield pair.new


def _forget_lines(filename: str) -> None:
    """Forget the lines of a file; those of a notebook's cell, which is no file, stay."""
    entry = linecache.cache.get(filename)
    if entry is not None and (len(entry) == 1 or entry[1] is not None):
        linecache.cache.pop(filename, None)


def _forget_answers(*classes: type) -> None:
    """Forget what is remembered of some classes, and of all below them."""
    concerned = OwnDict((id(cls), cls) for cls in with_classes_below(classes))
    references: list[Any] = [
        each for cls in concerned.values() for each in weakref.getweakrefs(cls)
    ]
    for cls in concerned.values():
        if _SLOT_NAMES in class_attributes(cls):
            type.__delattr__(cls, _SLOT_NAMES)  # see copyreg
    callbacks = [getattr(each, "__callback__", None) for each in references]
    if any(type(each) is types.BuiltinFunctionType for each in callbacks):
        _forget_subclasses(concerned)
    found = (_weak_dict_of(each) for each in callbacks)
    tables = OwnList(each for each in found if each is not None)
    in_closures = _held_by_functools() if tables else set()
    for table in tables:
        if id(table) in in_closures:
            table.clear()


def _weak_dict_of(callback: Any) -> Any:
    """Return the weak dictionary that is to be told when a key of it dies; None for others."""
    if getattr(callback, "__qualname__", None) != _IN_WEAK_DICT:
        return None
    return callback.__defaults__[0]()


def _held_by_functools() -> set[int]:
    """Return the ids of what closures of functools hold: where dispatchers remember their answers.

    To ask for each table who holds it is to walk over the heap for each.
    """
    return {
        id(part)
        for function in objects_of(types.FunctionType)
        if function.__closure__ and function.__code__.co_filename == functools.__file__
        for part in gc.get_referents(*function.__closure__)
    }


def _forget_subclasses(concerned: OwnDict[int, type]) -> None:
    """Have abstract classes work out anew what their subclasses are; registrations stay."""
    for cls in all_classes():
        if issubclass(type(cls), abc.ABCMeta) and "_abc_impl" in class_attributes(cls):
            _, known, denied, _ = _abc._get_dump(cls)  # noqa: SLF001 - as abc does
            if any(id(each()) in concerned for each in (*known, *denied)):
                _abc._reset_caches(cls)  # noqa: SLF001


def _rebuild_models(stale: frozenset[int], *classes: type) -> None:
    """Have pydantic make the validators of models anew that have a changed model inside.

    Args:
        stale: ids of those of the classes whose own are to be made anew as well.
        classes: those that have changed.

    Raises:
        RuntimeError: it could not for some, which are named; they cannot be used then.
    """
    base: Any = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    if base is None:
        return
    changed = set(map(id, classes))
    models: list[Any] = list(classes_below(base))
    if changed.isdisjoint(map(id, models)):
        return
    failed: list[str] = []
    for model in models:
        failed += _rebuild(model) if id(model) in stale else ()
    grown = True
    while grown:
        grown = False
        for model in models:
            if id(model) not in changed and not changed.isdisjoint(_classes_in_fields(model)):
                changed.add(id(model))
                failed += _rebuild(model)
                grown = True
    if failed:
        message = f"pydantic could not make validators anew: {'; '.join(failed)}"
        raise RuntimeError(message)


def _rebuild(model: Any) -> Iterator[str]:
    """Have the validators of one model made anew; yield why not, if they cannot be."""
    was_whole = bool(class_attributes(model).get("__pydantic_complete__", True))
    try:
        # Names are those of the model's own module and scope, and not of the frame that calls.
        done = model.model_rebuild(force=True, raise_errors=False, _parent_namespace_depth=0)
    # What a field's type says of its own schema is the user's code.
    except Exception as error:  # noqa: BLE001
        yield f"{model.__module__}.{model.__qualname__} ({type(error).__name__}: {error})"
    else:
        if done is False and was_whole:
            yield f"{model.__module__}.{model.__qualname__} (a name in it is not defined)"


def _classes_in_fields(model: Any) -> Iterator[int]:
    fields: Any = class_attributes(model).get("__pydantic_fields__") or getattr(
        model, "model_fields", {}
    )
    for field in fields.values():
        yield from _ids_inside(field.annotation)


def _ids_inside(annotation: Any) -> Iterator[int]:
    yield id(annotation)
    for part in typing.get_args(annotation):
        yield from _ids_inside(part)
