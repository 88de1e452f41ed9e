"""Flask's blueprints: what statements add to one comes to the applications that have registered it.

A blueprint notes what is to be done where it is registered, and refuses to note more once it has
been (flask.sansio.blueprints). The statement that registers it is another module's and does not run
again; nobody keeps what it said, so that is taken from a rule it has made. Where there is none the
blueprint refuses more, as Flask has it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from livepatch._python.among import objects_whose_type
from livepatch._python.kinds import is_class, mro_of
from livepatch._python.own import OwnList

_LISTS = (
    *("before_request_funcs", "after_request_funcs", "teardown_request_funcs"),
    *("url_default_functions", "url_value_preprocessors", "template_context_processors"),
)


FLASK, _BLUEPRINT = ("flask", "Flask"), ("flask", "Blueprint")


def is_of(cls: type, framework: tuple[str, str]) -> bool:
    """Whether a class is one of a framework or below it, if that has been imported.

    No class is asked anything: its metaclass may answer as it likes.

    Args:
        cls: the class.
        framework: the names of a module and of a class in it.
    """
    kind: Any = getattr(sys.modules.get(framework[0]), framework[1], None)
    return is_class(kind) and any(each is kind for each in mro_of(cls))


def applications_of(blueprint: Any) -> OwnList[Any]:
    """List the applications that have registered a blueprint; none for anything else."""
    if not is_of(type(blueprint), _BLUEPRINT):
        return OwnList()
    found = objects_whose_type(lambda cls: is_of(cls, FLASK))
    return OwnList(
        each for each in found if any(one is blueprint for one in each.blueprints.values())
    )


@dataclass(slots=True, eq=False)
class _Registration:
    """A blueprint's place in an application, with what registering it has said, if that is told."""

    app: Any
    name: str
    options: dict[str, Any]

    def scope(self, key: str | None) -> str:
        """Return by what name the application keeps what the blueprint keeps by another one."""
        return self.name if key is None else f"{self.name}.{key}"


class Blueprints:
    """The blueprints in a namespace, as they are before statements run."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        found = {id(each): each for each in namespace.values() if is_of(type(each), _BLUEPRINT)}
        places = {key: OwnList(_registrations(each)) for key, each in found.items()}
        told = [key for key, own in places.items() if all(each.options for each in own)]
        self.known = OwnList(found[key] for key in told)
        self.places = OwnList(places[key] for key in told)
        self.deferred = OwnList(OwnList(each.deferred_functions) for each in self.known)
        self.called = OwnList(OwnList(_called(each)) for each in self.known)
        self.handlers = OwnList(OwnList(_handlers(each)) for each in self.known)

    def applications(self) -> Iterator[Any]:
        """Yield the applications that have registered any of them."""
        yield from (place.app for places in self.places for place in places)

    def register_what_came(self) -> None:
        """Have the applications take what has been added since."""
        for blueprint, places, *before in zip(
            self.known, self.places, self.deferred, self.called, self.handlers
        ):
            deferred = _came(before[0], blueprint.deferred_functions)
            called, handlers = (
                _came(before[1], _called(blueprint)),
                _came(before[2], _handlers(blueprint)),
            )
            seen: set[int] = set()
            for place in places:
                is_first = id(place.app) not in seen
                seen.add(id(place.app))
                state = blueprint.make_setup_state(place.app, place.options, is_first)
                for each in deferred:
                    each(state)
                for key, name, function in called:
                    getattr(place.app, name)[place.scope(key)].append(function)
                for key, code, kind, function in handlers:
                    place.app.error_handler_spec[place.scope(key)][code][kind] = function


def _came(before: Iterable[Any], now: Iterable[Any]) -> list[Any]:
    """List what was not there before: objects, or tuples that end with one."""
    known = set(map(_known_by, before))
    return [each for each in now if _known_by(each) not in known]


def _known_by(each: Any) -> Any:
    return (*each[:-1], id(each[-1])) if type(each) is tuple else id(each)


def _called(blueprint: Any) -> Iterator[tuple[Any, str, Any]]:
    """Yield what a blueprint has called around a request, with the names of the lists."""
    for name in _LISTS:
        for key, functions in getattr(blueprint, name).items():
            yield from ((key, name, function) for function in functions)


def _handlers(blueprint: Any) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Yield a blueprint's handlers of errors, with the keys that lead to each."""
    for key, codes in blueprint.error_handler_spec.items():
        for code, kinds in codes.items():
            yield from ((key, code, kind, function) for kind, function in kinds.items())


def _registrations(blueprint: Any) -> Iterator[_Registration]:
    own = [_variables(each) for each in blueprint.deferred_functions]
    said = {
        each["endpoint"] or getattr(each["view_func"], "__name__", ""): each
        for each in own
        if {"rule", "endpoint", "view_func"} <= each.keys()
    }
    for app in applications_of(blueprint):
        for name, registered in app.blueprints.items():
            if registered is blueprint:
                prefix, _, last = name.rpartition(".")
                options = _options_of(app, name, said)
                if options:
                    options |= {"name": last, "name_prefix": prefix}
                yield _Registration(app, name, options)


def _options_of(app: Any, name: str, said: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what an application's rule has beside the blueprint's; nothing if there is no rule."""
    for rule in app.url_map.iter_rules():
        home, _, endpoint = rule.endpoint.rpartition(".")
        if home != name or endpoint not in said:
            continue
        own, more = said[endpoint]["rule"], said[endpoint].get("options", {})
        tail = "/" + own.lstrip("/") if own else ""
        if rule.rule.endswith(tail):
            own_defaults = more.get("defaults") or {}
            given = (
                (key, each)
                for key, each in (rule.defaults or {}).items()
                if key not in own_defaults
            )
            return {
                "url_prefix": rule.rule.removesuffix(tail) or None,
                "subdomain": rule.subdomain or None,
                "url_defaults": dict(given),
            }
    return {}


def _variables(function: Any) -> dict[str, Any]:
    if type(function) is not FunctionType:
        return {}
    cells = function.__closure__ or ()
    return {name: cell.cell_contents for name, cell in zip(function.__code__.co_freevars, cells)}
