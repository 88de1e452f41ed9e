"""Stage 5: what instances have by the new source and had not by the old one.

What is assigned to an instance when it is made, by its class's own `__init__` or that of a base; a
field that a data class has gained; an attribute in whose place a property or the like has come.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from livepatch._match.module import Module
from livepatch._match.shapes import Default, model_fields, shape_of
from livepatch._plan.plan import Plan
from livepatch._python.class_tree import classes_below
from livepatch._python.kinds import (
    CLASS,
    class_attributes,
    is_class,
    is_enum,
    mro_of,
    qualified_name,
)
from livepatch._python.layers import layers_of
from livepatch._python.layout import lists_fields
from livepatch._python.own import OwnDict, OwnList
from livepatch._report.report import Notice
from livepatch._statements.assigned import Value, assigned_by, names_stored
from livepatch._steps.class_attributes import find_attribute, has_attribute, is_computed

# What data classes and attrs classes call when they have assigned the fields.
_INITIALISERS = {
    "__init__": None,
    "__post_init__": "__dataclass_fields__",
    "__attrs_post_init__": "__attrs_attrs__",
}


@dataclass(frozen=True, slots=True)
class Gain:
    """An attribute that the instances of a class have by its new source, and had not by the old.

    Attributes:
        path: the class's, as the report has it.
        cls: the class whose instances there are.
        classes: it, and those below it whose instances are given the attribute as its own are.
        successor: the class that there will be.
        made: the class as the load made it: the successor may have yet to become like it.
        name: the attribute.
        value: what it is, where the source alone says that.
        default: the default of a field; None for what is no field.
        needed: it is a field without a default, which every instance is given when it is made.
        computed: a property or the like stands for it, before and after.
        hidden: it is no gain: a property or the like hides what the instances have.
    """

    path: str
    cls: type
    classes: OwnList[type]
    successor: type
    made: type
    name: str
    value: Value | None = None
    default: Default | None = None
    needed: bool = False
    computed: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class _Assigned:
    """Who assigns an attribute that instances had not, and what.

    Attributes:
        definer: the class whose source says so.
        initialiser: its method.
        value: what it assigns, where the source alone says that.
    """

    definer: type
    initialiser: str
    value: Value | None


@dataclass(slots=True, eq=False)
class _Candidate:
    """A class before and after, of which instances may gain something.

    Attributes:
        path: what the report calls it.
        old: the class whose instances there are.
        new: the class as the load made it; the same one where that has not been made again.
        assigned: what instances are assigned now and were not before.
        covered: what of that is a gain of a base of it.
    """

    path: str
    old: type
    new: type
    assigned: dict[str, _Assigned] = field(default_factory=dict)
    covered: set[str] = field(default_factory=set)


_Codes = Mapping[tuple[Any, Any, str], types.CodeType]
"""The new bodies of functions that are not made again, by module, class and name."""


def gains_of(plan: Plan) -> OwnList[Gain]:
    """List what the instances that there are may lack, and name fields that were copied."""
    codes: _Codes = {
        (module.name, ".".join(body.path[:-1]), body.path[-1]): body.new
        for module in plan.matches.modules
        if module.bodies is not None
        for body in module.bodies.functions
        if body.changed and len(body.path) > 1 and body.path[-1] in _INITIALISERS
    }
    candidates = OwnDict((id(each.old), each) for each in _candidates(plan, codes))
    sources = _Sources(plan.matches.modules)
    found: OwnList[Gain] = OwnList()
    for each in candidates.values():
        if not is_enum(each.old):
            each.assigned = _assigned_anew(each, codes, sources)
    for each in sorted(candidates.values(), key=lambda each: len(mro_of(each.old))):
        found += _gains_of_init(plan, each, candidates)
        found += _hidden_by(plan, each)
    for pair in plan.matches.beyond_functions():
        both = pair.kind is CLASS and is_class(pair.old) and is_class(pair.new)
        if both and _field_names(pair.old) != _field_names(pair.new):
            _notice_made_below(plan, pair.old, pair.text)
            found += _gains_of_fields(plan, pair.text, pair.old, pair.new)
        if both:
            found += _private_gains(plan, pair.text, pair.old, pair.new)
    return found


def _candidates(plan: Plan, codes: _Codes) -> Iterator[_Candidate]:
    for pair in plan.matches.beyond_functions():
        if pair.kind is CLASS and is_class(pair.old) and is_class(pair.new) and not pair.foreign:
            yield _Candidate(pair.text, pair.old, pair.new)
    modules = {module.name: module for module in plan.matches.modules}
    for home, name, _ in codes:
        path = tuple(name.split("."))
        cls = class_at(modules[home].old, path)
        if cls is not None and id(cls) not in plan.matches.by_old:
            yield _Candidate(modules[home].path_text(path), cls, cls)


def class_at(namespace: Any, path: tuple[str, ...]) -> Any:
    """Return the class that a path leads to; None if there is none."""
    value: Any = None
    for name in path:
        value = namespace.get(name)
        if not is_class(value):
            return None
        namespace = class_attributes(value)
    return value


def _assigned_anew(candidate: _Candidate, codes: _Codes, sources: _Sources) -> dict[str, _Assigned]:
    old, new = candidate.old, candidate.new
    after = OwnList(_initialisers(new, codes))
    if not after:
        return {}
    before: set[str] = set()
    for _, _, code in _initialisers(old, {}):
        before |= names_stored(code)
    # What a property took is kept elsewhere; the attribute in its place has to be assigned again.
    before = {name for name in before if not is_computed(old, name) or is_computed(new, name)}
    found: dict[str, _Assigned] = {}
    for definer, initialiser, code in after:
        names = names_stored(code) - before
        if not names:
            continue  # nearly every one
        if code.co_filename[:1] == "<":
            continue  # made by a decorator: of data classes and the like the fields tell
        for name, value in sources.values_of(definer, initialiser, names).items():
            # Where two assign it, the source does not say in which order.
            known = found.get(name)
            found[name] = _Assigned(definer, initialiser, None if known is not None else value)
    return found


def _initialisers(cls: type, codes: _Codes) -> Iterator[tuple[type, str, types.CodeType]]:
    """Yield the methods that are called when an instance is made, each with its class."""
    for initialiser, mark in _INITIALISERS.items():
        for base in mro_of(cls) if mark is None or has_attribute(cls, mark) else ():
            code = _code_of(base, initialiser, codes)
            if code is None:
                continue
            yield base, initialiser, code
            if initialiser not in code.co_names:
                break  # it does not call that of a base


def _code_of(cls: type, initialiser: str, codes: _Codes) -> types.CodeType | None:
    own = class_attributes(cls)
    value = own.get(initialiser)
    if value is None:
        return None
    if type(value) is not types.FunctionType or value.__code__.co_name != initialiser:
        inside = (each for each in layers_of(value) if type(each) is types.FunctionType)
        value = next((each for each in inside if each.__code__.co_name == initialiser), None)
        if value is None:
            return None
    code: types.CodeType = value.__code__
    return codes.get((own.get("__module__"), qualified_name(cls), initialiser), code)


class _Sources:
    """What the sources of the modules say of their methods, each read once."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules = {module.name: module for module in modules}
        self._trees: dict[str, ast.Module] = {}
        self._said: dict[tuple[str, str, str], dict[str, Value | None]] = {}

    def values_of(
        self, definer: type, initialiser: str, names: set[str]
    ) -> dict[str, Value | None]:
        """Return those of some attributes that a method assigns to its instance, and the values."""
        home, name = class_attributes(definer).get("__module__"), qualified_name(definer) or ""
        module = self._modules.get(home) if type(home) is str else None
        if module is None or not module.source.text:
            return dict.fromkeys(sorted(names))  # by its code alone; it may be another object's
        key = module.name, name, initialiser
        if key not in self._said:
            if module.name not in self._trees:
                self._trees[module.name] = ast.parse(module.source.text)
            tree, path = self._trees[module.name], tuple(name.split("."))
            self._said[key] = assigned_by(initialiser, tree, path, module.new)
        return {each: value for each, value in self._said[key].items() if each in names}


def _gains_of_init(
    plan: Plan, candidate: _Candidate, candidates: OwnDict[int, _Candidate]
) -> Iterator[Gain]:
    old, new = candidate.old, candidate.new
    for name, assigned in candidate.assigned.items():
        if name in candidate.covered:
            continue
        group: OwnList[type] = OwnList([old])
        for below in classes_below(old):
            other = candidates.get(id(below))
            if other is None:
                if _calls_up(below, old, assigned.initialiser):
                    group.append(below)
            elif name in other.assigned and other.assigned[name].definer is assigned.definer:
                other.covered.add(name)
                group.append(below)
        computed = is_computed(old, name) and is_computed(new, name)
        successor = plan.decisions.settle(new)
        yield Gain(
            candidate.path, old, group, successor, new, name, assigned.value, computed=computed
        )


def _calls_up(below: type, cls: type, initialiser: str) -> bool:
    """Whether what makes the instances of a class below calls the method of another one."""
    for base in mro_of(below):
        if base is cls:
            return True
        function = class_attributes(base).get(initialiser)
        if function is None:
            continue
        code = function.__code__ if type(function) is types.FunctionType else None
        if code is None or initialiser not in code.co_names:
            return False
    return False


def _hidden_by(plan: Plan, candidate: _Candidate) -> Iterator[Gain]:
    """Yield what has come in the place of attributes that the old methods assign."""
    old, new = candidate.old, candidate.new
    if old is new:
        return
    own = class_attributes(new).items()
    come = [name for name, value in own if type(value) is not types.FunctionType]
    come = [name for name in come if name[:2] != "__" and is_computed(new, name)]
    come = [name for name in come if not is_computed(old, name)]
    come = [name for name in come if not _reads_the_dict(class_attributes(new)[name])]
    classes = OwnList((old, *classes_below(old)) if come else ())
    stored = OwnDict((id(cls), _stored_in(cls)) for cls in classes)
    for name in come:
        group = OwnList(cls for cls in classes if name in stored[id(cls)])
        if group:
            successor = plan.decisions.settle(new)
            yield Gain(candidate.path, old, group, successor, new, name, hidden=True)


def _reads_the_dict(value: Any) -> bool:
    """Whether a property gives what instances have under its name in their dict."""
    function = value.fget if type(value) is property else None
    code = function.__code__ if type(function) is types.FunctionType else None
    return code is not None and not {"__dict__", "vars"}.isdisjoint(code.co_names)


def _stored_in(cls: type) -> set[str]:
    functions = (each for base in mro_of(cls) for each in class_attributes(base).values())
    codes = (each.__code__ for each in functions if type(each) is types.FunctionType)
    return {name for code in codes for name in names_stored(code)}


def _notice_made_below(plan: Plan, cls: type, text: str) -> None:
    """Name the classes of other modules whose fields were made of those of a base, which changed.

    Data classes, attrs classes and pydantic models list what their bases have when they are made.
    """
    for below in classes_below(cls):
        if plan.matches.owner_of(below) is None and lists_fields(below):
            path = f"{class_attributes(below).get('__module__')}.{qualified_name(below)}"
            message = f"its fields were made from those of {text}, which have changed"
            plan.notices.append(Notice("LP312", path, message))


def _gains_of_fields(plan: Plan, path: str, old: type, new: type) -> Iterator[Gain]:
    if id(old) in plan.decisions.migrations:
        return  # which sees to them
    before, after = shape_of(old), shape_of(new)
    for name in after.declared:
        if name in after.required and name not in before.required:
            default = after.defaults.get(name)
            needed = default is None and _is_argument(new, name)
            group = OwnList(_classes_initialised_by(old))
            successor = plan.decisions.settle(new)
            yield Gain(path, old, group, successor, new, name, None, default, needed)


def _private_gains(plan: Plan, path: str, old: type, new: type) -> Iterator[Gain]:
    """Yield the private attributes that a pydantic model has gained; pydantic sets them itself."""
    said = [find_attribute(cls, "__private_attributes__") for cls in (old, new)]
    before, after = (each if type(each) is dict else {} for each in said)
    for name in [each for each in after if each not in before]:
        yield Gain(path, old, OwnList((old,)), plan.decisions.settle(new), new, name)


def _classes_initialised_by(cls: type) -> Iterator[type]:
    """Yield a class and those below it, as far as their own ``__init__`` calls its one."""
    yield cls
    yield from (below for below in classes_below(cls) if _calls_up(below, cls, "__init__"))


def _field_names(cls: type) -> list[str]:
    """Return the names of the fields of a data class, attrs class or pydantic model."""
    fields = find_attribute(cls, "__dataclass_fields__")
    said = find_attribute(cls, "__attrs_attrs__")
    names = list(fields) if type(fields) is dict else list(model_fields(cls))
    return names + ([each.name for each in said] if isinstance(said, tuple) else [])


def _is_argument(cls: type, name: str) -> bool:
    """Whether a field is given to ``__init__``, rather than set by ``__post_init__`` say."""
    fields = find_attribute(cls, "__dataclass_fields__")
    if isinstance(fields, dict) and name in fields:  # it may be one of a named tuple below
        return bool(fields[name].init)
    said = find_attribute(cls, "__attrs_attrs__") or ()
    return all(each.init for each in said if each.name == name)
