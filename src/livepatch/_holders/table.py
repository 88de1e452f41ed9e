"""The table itself, the way along a class's bases, and what users add."""

from __future__ import annotations

import collections
import contextvars
import functools
import queue
import types
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from livepatch._holders import c_data, callables, containers, frames, insides, references
from livepatch._holders.context import GONE, Repointing
from livepatch._python.among import objects_whose_type
from livepatch._python.constants import HOLD_FOR_GOOD
from livepatch._python.kinds import (
    CACHE_TYPE,
    PROXY_TYPE,
    WRAPPER_BASE,
    cached_by,
    dict_of,
    mro_of,
)
from livepatch._python.own import Call, OwnList

Way = Callable[[Repointing, Any], None]
_Holder = TypeVar("_Holder")


def _skip(repointing: Repointing, holder: Any) -> None:
    """Leave alone what belongs to the class or function itself and goes with it."""


_HAMT_NODES = tuple(
    f"hamt{name}" for name in ("", "_bitmap_node", "_array_node", "_collision_node")
)

WAYS: dict[Any, Way] = {
    # containers
    list: containers.repoint_list,
    dict: containers.repoint_dict,
    collections.defaultdict: containers.repoint_defaultdict,
    set: containers.repoint_set,
    frozenset: containers.repoint_frozenset,
    tuple: containers.repoint_tuple,
    collections.deque: containers.repoint_deque,
    queue.SimpleQueue: containers.repoint_queue,
    types.MappingProxyType: containers.repoint_proxy,
    # callables, descriptors, classes
    types.CellType: callables.repoint_cell,
    types.FunctionType: callables.repoint_function,
    types.MethodType: callables.repoint_bound_method,
    types.BuiltinMethodType: callables.repoint_builtin_method,
    functools.partial: callables.repoint_partial,
    property: callables.repoint_property,
    staticmethod: callables.repoint_method_wrapper,
    classmethod: callables.repoint_method_wrapper,
    super: callables.repoint_super,
    type: callables.repoint_class,
    PROXY_TYPE: callables.repoint_wrapt,
    WRAPPER_BASE: callables.repoint_function_wrapper,
    CACHE_TYPE: callables.repoint_cache,
    # references
    types.GenericAlias: references.repoint_alias,
    types.UnionType: references.repoint_union,
    c_data.C_DATA: c_data.repoint_c_data,
    BaseException: references.repoint_exception,
    contextvars.Context: references.repoint_context_node,
    # frames
    types.GeneratorType: frames.repoint_suspended,
    types.CoroutineType: frames.repoint_suspended,
    types.AsyncGeneratorType: frames.repoint_suspended,
    types.FrameType: frames.repoint_frame,
    # internals of classes and functions
    types.GetSetDescriptorType: _skip,
    types.MemberDescriptorType: _skip,
    types.WrapperDescriptorType: _skip,
    types.MethodDescriptorType: _skip,
    types.ModuleType: _skip,
    types.TracebackType: _skip,
    # what C code keeps to itself
    **dict.fromkeys(insides.TYPES, insides.repoint_inside),
}
try:
    from _asyncio import Future, Task
except ImportError:  # an interpreter without the C accelerator has Python futures: instances
    pass
else:
    WAYS[Future] = references.repoint_future
    WAYS[Task] = references.repoint_future

# What cannot be changed is built anew, and its own holders are sought; a property changed in place
# must be set again by whoever has it as a class attribute, which comes to the same. What a cache
# calls lies in C memory.
_REBUILT = (*HOLD_FOR_GOOD, property, CACHE_TYPE, WRAPPER_BASE)
_REBUILT_IDS = frozenset(map(id, _REBUILT))
# By id: a metaclass may have a __hash__ or an __eq__ of its own.
_WAYS_BY_ID = {id(cls): way for cls, way in WAYS.items()}
_user_ways: dict[int, tuple[type, Callable[[Any, Callable[[Any], Any]], None]]] = {}


def register_holder(
    holder_type: type[_Holder], repoint: Callable[[_Holder, Callable[[Any], Any]], None]
) -> None:
    """Teach livepatch to repoint what objects of a type hold, where it cannot by itself.

    Needed for types that keep references in C memory, or in a form (an encrypted table, an index
    by identity) that an exchange of attributes would break. It counts for subclasses too.

    Args:
        holder_type: the type, matched along a holder's bases, most derived first.
        repoint: called as ``repoint(holder, replace)`` while the change is made. For each
            reference that the holder has, it stores ``replace(reference)``, which is the current
            definition, or the same object when nothing changed. It is called again with the
            inverse when the reload fails or is undone, so it must not do anything else. Where
            something holds a definition unseen, it is called for every holder of the type that the
            collector knows of.

    Raises:
        TypeError: the first argument is not a class, or the second cannot be called.
    """
    given: Any = holder_type, repoint
    if not isinstance(given[0], type) or not callable(given[1]):
        message = "register_holder takes a class and a function (holder, replace) -> None"
        raise TypeError(message)
    _user_ways[id(holder_type)] = (holder_type, repoint)


def forget_holder(holder_type: type) -> None:
    """Take a registration with `register_holder` back; none is fine."""
    _user_ways.pop(id(holder_type), None)


def is_rebuilt(repointing: Repointing, holder: Any) -> bool:
    """Whether repointing a holder gives another object in its place."""
    if type(holder) is CACHE_TYPE and not repointing.is_loser(cached_by(holder)):
        return False  # only a key of its, or an attribute, is a loser
    if issubclass(type(holder), WRAPPER_BASE):
        return callables.has_lost_its_wrapper(repointing, holder)
    return is_rebuilt_type(type(holder))


def is_rebuilt_type(cls: type) -> bool:
    """Whether repointing a holder of that very type may give another object in its place."""
    for base in mro_of(cls):
        if id(base) in _user_ways:
            return False
        if id(base) in _WAYS_BY_ID:
            return id(base) in _REBUILT_IDS
    return False


def repoint_holder(repointing: Repointing, holder: Any) -> None:
    """Note the steps that make a holder refer to survivors, its own class among them."""
    if repointing.is_loser(type(holder)):
        _note_instance(repointing, holder)
    repoint_contents(repointing, holder)


def repoint_contents(repointing: Repointing, holder: Any) -> None:
    """Note the steps that make what a holder contains refer to survivors."""
    if id(holder) in repointing.skipped:
        return
    cls = type(holder)
    # Exact type first: nearly every holder is one of these.
    way = _WAYS_BY_ID.get(id(cls)) if not _user_ways else None
    if way is not None:
        way(repointing, holder)
        return
    for base in mro_of(cls):
        registered = _user_ways.get(id(base))
        if registered is not None:
            _call_user_way(repointing, holder, registered[1])
            return
        way = _WAYS_BY_ID.get(id(base))
        if way is not None:
            way(repointing, holder)
            if base is cls:
                return
            break
    else:
        if cls.__name__ in _HAMT_NODES:
            references.repoint_context_node(repointing, holder)
            return
    _repoint_attributes(repointing, holder)


def _note_instance(repointing: Repointing, holder: Any) -> None:
    """Note that an object is an instance of a loser."""
    repointing.instances.setdefault(id(type(holder)), OwnList()).append(holder)


def ask_registered_holders(repointing: Repointing, seen: Mapping[int, Any]) -> None:
    """Note the calls for holders of registered types of which no search finds what they hold.

    Each there is gets one, for only its function knows what is in C memory.

    Args:
        repointing: takes the steps.
        seen: holders that a search has found, by id; they are called in any case.
    """
    if not _user_ways:
        return
    for holder in objects_whose_type(_is_registered):
        if id(holder) not in seen and id(holder) not in repointing.skipped:
            _add_call(repointing, holder, _user_way(type(holder)))


def _is_registered(cls: type) -> bool:
    return _user_way(cls) is not None


def _user_way(cls: type) -> Any:
    ways = (_user_ways.get(id(base)) for base in mro_of(cls) or ())
    return next((way for _, way in filter(None, ways)), None)


def _call_user_way(
    repointing: Repointing,
    holder: Any,
    way: Callable[[Any, Callable[[Any], Any]], None],
) -> None:
    repointing.count(type(holder).__name__)
    _add_call(repointing, holder, way)


def _add_call(
    repointing: Repointing,
    holder: Any,
    way: Callable[[Any, Callable[[Any], Any]], None],
) -> None:
    back: dict[int, Any] = {}
    survivors = repointing.survivors

    def forward(value: Any) -> Any:
        survivor = survivors.get(id(value), value)
        if survivor is GONE:
            return value  # what a load that failed had made; it is for the holder to let go of it
        if survivor is not value:
            back[id(survivor)] = value
        return survivor

    def backward(value: Any) -> Any:
        return back.get(id(value), value)

    repointing.steps.add(Call(way, holder, forward), Call(way, holder, backward))


def _repoint_attributes(repointing: Repointing, holder: Any) -> None:
    """Exchange the losers in an instance's own attributes: its dict's and its slots'."""
    callables.repoint_slots(repointing, holder)
    if not type(holder).__dictoffset__ or issubclass(type(holder), type):
        return
    attributes = dict_of(holder)
    if attributes is None:
        return
    survivors = repointing.survivors
    if id(attributes) in survivors:
        # Another instance's, which it has taken for its own.
        repointing.count("instance")
        others = repointing.settle(attributes)
        repointing.steps.set_on_instance(holder, "__dict__", others, attributes)
    for name, value in list(attributes.items()):
        if id(value) in survivors:
            repointing.count("instance attribute")
            repointing.steps.set_item(attributes, name, repointing.settle(value))


def is_crowd_type(cls: type) -> bool:
    """Whether the holders of a type can be seen to by columns: it has no way of its own."""
    return (cls is dict and id(dict) not in _user_ways) or not _has_way(cls)


def _has_way(cls: type) -> bool:
    return any(id(base) in _user_ways or id(base) in _WAYS_BY_ID for base in mro_of(cls))
