"""What frameworks keep beside the lists of who decorates definitions: maps of rules, counts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from livepatch._kinds import is_class
from livepatch._own import Call, OwnList
from livepatch._steps import Steps


@contextmanager
def open_to_more(namespace: Mapping[str, Any]) -> Generator[None, None, None]:
    """Let Flask applications take routes: after its first request one refuses them."""
    kind: Any = getattr(sys.modules.get("flask"), "Flask", None)
    closed: list[Any] = OwnList()
    if is_class(kind):
        applications = (each for each in namespace.values() if issubclass(type(each), kind))
        closed.extend(each for each in applications if getattr(each, _FIRST, False))
    for app in closed:
        setattr(app, _FIRST, False)
    try:
        yield
    finally:
        for app in closed:
            setattr(app, _FIRST, True)


_FIRST = "_got_first_request"


def see_to_frameworks(root: Any, entries: list[Any], steps: Steps) -> None:
    """Note what frameworks keep beside entries in their lists, as it is and without them.

    Args:
        root: what decorates: an application, say.
        entries: what is struck off, each with its container and key.
        steps: take what is to be done.
    """
    for name, cls, see_to in _FRAMEWORKS:
        kind: Any = getattr(sys.modules.get(name), cls, None)
        if is_class(kind) and isinstance(root, kind):
            see_to(root, entries, steps)


def _see_to_flask(app: Any, entries: list[Any], steps: Steps) -> None:
    """Flask keeps the rules of its views apart, by their names, in a map that cannot lose one."""
    views = {each.key for each in entries if each.container is app.view_functions}
    present = app.url_map
    rules = list(present.iter_rules())
    if not views or all(rule.endpoint not in views for rule in rules):
        return
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
        if rule.endpoint not in views:
            successor.add(rule.empty())
    steps.set_attribute(app, "url_map", successor, present)


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


_FRAMEWORKS: tuple[tuple[str, str, Callable[[Any, list[Any], Steps], None]], ...] = (
    ("flask", "Flask", _see_to_flask),
    ("fastapi", "FastAPI", _see_to_fastapi),
    ("fastapi", "APIRouter", _see_to_fastapi),
)
