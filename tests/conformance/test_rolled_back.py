"""What statements of a reload that fails have done to the objects that were there is taken back."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(3)

THERE = """
    import functools, types, weakref
    class Slotted:
        __slots__ = ("items", "more")
        def __init__(self): self.items = []
    class Router:
        def __init__(self): self.routes, self.count = [], 0
        def add(self, path): self.routes.append(path); self.count += 1; return self
        def __call__(self, path): return self.add(path)
        def __lshift__(self, path): return self.add(path)
        def __enter__(self): return self.add("in")
        def __exit__(self, *raised): self.last = raised
    class App:
        def __init__(self): self.router = Router()
    class Base:
        def __init_subclass__(cls): app.router.add(cls.__name__)
    def put(path): app.router.add(path)
    def deeper(path): return put(path)
    slotted, app, router, apps = Slotted(), App(), Router(), [App()]
    bound, part = router.add, functools.partial(router.add)
    space = types.SimpleNamespace(names=[])
    weak_set, weak_values, weak_keys = (
        weakref.WeakSet(), weakref.WeakValueDictionary(), weakref.WeakKeyDictionary()
    )
"""
SAID = [
    "slotted.items.append(1)",
    "slotted.items = [2]",
    "slotted.more = 3",
    "del slotted.items",
    "router(1)",
    "router << 1",
    "with router: pass",
    "bound(1)",
    "part(1)",
    "def f(x=router.add(1)): pass",
    "class C: x = router.add(1)",
    "class C(Base): pass",
    "router.other = 1",
    "del router.count",
    "app.router.routes = [9]",
    "app.router.add(1)",
    "for each in apps: each.router.add(1)",
    "put(1)",
    "deeper(1)",
    "LATER = [deeper(each) for each in range(3)]",
    "space.names.append(1); space.more = 2",
    "weak_set.add(app)",
    "weak_values['a'] = app",
    "weak_keys[app] = [app]",
]


def state(module: Any) -> list[Any]:
    slots = [getattr(module.slotted, name, None) for name in ("items", "more")]
    routers = (module.router, module.app.router, module.apps[0].router)
    held = [dict(vars(each), routes=[*each.routes]) for each in routers]
    weak = [len(module.weak_set), len(module.weak_values), len(module.weak_keys)]
    names = {name: str(value) for name, value in vars(module.space).items()}
    return [str(slots), held, weak, names]


@pytest.mark.parametrize("said", SAID)
def test_what_a_statement_did_to_an_object_is_taken_back(live: LiveModule, said: str) -> None:
    module = live.start(THERE)
    before = state(module)
    with pytest.raises(ZeroDivisionError):
        live.edit(f"{THERE}    {said}\n    1 / 0\n")

    assert state(module) == before


@pytest.mark.parametrize("said", SAID)
def test_a_dry_run_leaves_the_objects_as_they_were(live: LiveModule, said: str) -> None:
    module = live.start(THERE)
    before = state(module)
    live.edit(f"{THERE}    {said}\n", dry_run=True)

    assert state(module) == before


def test_what_holds_is_not_taken_back(live: LiveModule) -> None:
    module = live.start(THERE)
    live.edit(f"{THERE}    app.router.add(1)\n    slotted.more = 4\n    weak_set.add(app)\n")

    assert module.app.router.routes == [1]
    assert module.slotted.more == 4
    assert len(module.weak_set) == 1


def test_a_class_that_says_what_attributes_are_is_not_asked(live: LiveModule) -> None:
    source = """
        class Odd:
            asked = []
            def __init__(self): object.__setattr__(self, "kept", [])
            def __getattribute__(self, name): Odd.asked.append(name); raise RuntimeError
            def __setattr__(self, name, value): raise RuntimeError
            def __delattr__(self, name): raise RuntimeError
            def __eq__(self, other): raise RuntimeError
            def __hash__(self): raise RuntimeError
        def put(odd): object.__getattribute__(odd, "__dict__")["more"] = 1
        odd = Odd()
    """
    module = live.start(source)
    with pytest.raises(ZeroDivisionError):
        live.edit(f"{source}    put(odd)\n        1 / 0\n")

    assert object.__getattribute__(module.odd, "__dict__") == {"kept": []}
    assert module.Odd.asked == []


@pytest.mark.parametrize("name", ["weak_set", "weak_values", "weak_keys"])
def test_a_member_of_a_weak_container_that_dies_meanwhile_stays_dead(
    live: LiveModule, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
        import sys, weakref
        class Item: pass
        weak_set = weakref.WeakSet()
        weak_values, weak_keys = weakref.WeakValueDictionary(), weakref.WeakKeyDictionary()
    """
    module = live.start(source)
    monkeypatch.setattr(sys, "holds_an_item", module.Item(), raising=False)
    module.weak_set.add(sys.holds_an_item)  # type: ignore[attr-defined]
    module.weak_values["a"] = sys.holds_an_item  # type: ignore[attr-defined]
    module.weak_keys[sys.holds_an_item] = 1  # type: ignore[attr-defined]
    with pytest.raises(ZeroDivisionError):
        live.edit(f"{source}    {name}\n        sys.holds_an_item = None\n        1 / 0\n")

    assert not vars(getattr(module, name))["data"]


def test_classes_of_a_metaclass_and_instances_of_built_in_kinds_are_let_be(
    live: LiveModule,
) -> None:
    source = """
        class Meta(type): pass
        class Made(metaclass=Meta): pass
        class Failed(UnicodeError): pass
        failed = Failed("why")
        def note(each): failed.kept = [each]; Made.kept = each
    """
    module = live.start(source)
    with pytest.raises(ZeroDivisionError):
        live.edit(f"{source}    note(Made)\n        1 / 0\n")

    assert not hasattr(module.Made, "kept")
    assert vars(module.failed) == {}


def test_the_file_system_is_not_asked_while_objects_are_copied(
    live: LiveModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other threads run while this one waits for a file, and new bodies are lent by then.
    module = live.start(THERE)
    askers: list[str] = []
    real: Any = os.path.realpath

    def noted(*arguments: Any, **options: Any) -> Any:
        askers.extend(frame.filename for frame in traceback.extract_stack())
        return real(*arguments, **options)

    monkeypatch.setattr(os.path, "realpath", noted)
    live.edit(f"{THERE}    app.router.add(1)\n")

    assert module.app.router.routes == [1]
    assert not [each for each in askers if each.endswith("copied_objects.py")]
