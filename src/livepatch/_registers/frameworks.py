"""What frameworks keep beside the lists of who decorates definitions: maps of rules, counts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from livepatch._python.kinds import dict_of, is_class
from livepatch._python.own import Call, OwnDict, OwnList
from livepatch._registers.blueprints import FLASK, Blueprints, is_of
from livepatch._steps.steps import Steps


@contextmanager
def open_to_more(namespace: Mapping[str, Any]) -> Generator[None, None, None]:
    """Let Flask's applications and blueprints take routes.

    An application refuses them after its first request, a blueprint once it has been registered.
    Whether it does is asked by a method (Flask 2.2 and newer): a request that comes meanwhile marks
    the application.
    """
    if "flask" not in sys.modules:
        yield
        return
    blueprints = Blueprints(namespace)
    applications = (each for each in namespace.values() if is_of(type(each), FLASK))
    closed = OwnList((*applications, *blueprints.applications(), *blueprints.known))
    for each in closed:
        setattr(each, _ASKED, _refuse_nothing)
    try:
        yield
        blueprints.register_what_came()
    finally:
        for each in closed:
            each.__dict__.pop(_ASKED, None)


_ASKED = "_check_setup_finished"


def _refuse_nothing(_: str) -> None:
    """Stand in for the method that raises an error."""


def see_to_frameworks(root: Any, entries: list[Any], steps: Steps) -> None:
    """Note what frameworks keep beside entries in their lists, as it is and without them.

    Args:
        root: what decorates: an application, say.
        entries: what is struck off, each with its container and key.
        steps: take what is to be done.
    """
    for framework, see_to in _FRAMEWORKS:
        if is_of(type(root), framework):
            see_to(root, entries, steps)


def _see_to_flask(app: Any, entries: list[Any], steps: Steps) -> None:
    """Flask keeps the rules of its views apart, by their names, in a map that cannot lose one."""
    views = {each.key for each in entries if each.container is app.view_functions}
    rules = list(app.url_map.iter_rules())
    others = [rule for rule in rules if rule.endpoint not in views]
    if len(others) < len(rules):
        steps.set_attribute(app, "url_map", _map_like(app.url_map, others), app.url_map)


def _map_like(present: Any, rules: list[Any]) -> Any:
    successor = type(present)(
        default_subdomain=present.default_subdomain,
        strict_slashes=present.strict_slashes,
        merge_slashes=present.merge_slashes,
        redirect_defaults=present.redirect_defaults,
        converters=present.converters,
        sort_parameters=present.sort_parameters,
        sort_key=present.sort_key,
        host_matching=present.host_matching,
    )
    for rule in rules:
        successor.add(rule.empty())
    return successor


def attributes_entered(root: Any) -> Iterator[OwnList[Any]]:
    """Yield what has attributes that may be others once something was decorated, and a copy.

    Args:
        root: what decorates. Its part that cannot lose an entry, the map of a Flask application,
            is exchanged for a copy.
    """
    parts = [
        dict_of(root),
        dict_of(getattr(root, "router", None)) if is_of(type(root), _FASTAPI) else None,
    ]
    for attributes in parts:
        if attributes is not None:
            said = ((name, value) for name, value in attributes.items() if name != _ASKED)
            yield OwnList((attributes, OwnDict(said)))
    if is_of(type(root), FLASK):
        root.url_map = _map_like(root.url_map, list(root.url_map.iter_rules()))


_FASTAPI = ("fastapi", "FastAPI")


def _see_to_fastapi(router: Any, entries: list[Any], steps: Steps) -> None:
    """FastAPI counts the changes of a router's routes, for those that include it."""
    router = getattr(router, "router", router)
    if any(each.container is router.routes for each in entries):
        count: Callable[[], Any] = getattr(router, "_mark_routes_changed", bool)
        steps.add(Call(count), Call(count))


def settle_promise(value: Any) -> None:
    """Have Celery make a task, which it does when one is first used."""
    kind: Any = getattr(sys.modules.get("celery.local"), "PromiseProxy", None)
    if is_class(kind) and type(value) is kind:
        kind.__maybe_evaluate__(value)


_FRAMEWORKS: tuple[tuple[tuple[str, str], Callable[[Any, list[Any], Steps], None]], ...] = (
    (FLASK, _see_to_flask),
    (_FASTAPI, _see_to_fastapi),
    (("fastapi", "APIRouter"), _see_to_fastapi),
)
