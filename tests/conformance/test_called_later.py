"""What a wrapper calls when it is called was not computed when the decorator made it."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = [
    pytest.mark.one_mode("where all runs again nothing is kept"),
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.sampled(4),
]

HELPERS = """
import functools
class User:
    def allowed(self): return 1
def user(): return User().allowed()
SEEN = {}
"""
LATER = {
    "wrapper": """
        def deco(f):
            @functools.wraps(f)
            def wrapper(*args): return f(*args) + user()
            return wrapper
        @deco
        def view(): return 1
    """,
    "made by a call": """
        def deco(level):
            def enter(f):
                def wrapper(*args): return f(*args) + user() + level
                return functools.update_wrapper(wrapper, f)
            return enter
        @deco(1)
        def view(): return 1
    """,
    "two decorators": """
        def deco(f):
            def wrapper(*args): return f(*args) + user()
            SEEN[f.__name__] = wrapper
            return wrapper
        def other(f):
            @functools.wraps(f)
            def around(*args): return f(*args)
            return around
        @other
        @deco
        def view(): return 1
    """,
    "method": """
        class Guard:
            def deco(self, f):
                def wrapper(*args): return f(*args) + user()
                return wrapper
        guard = Guard()
        @guard.deco
        def view(): return 1
    """,
    "in a class": """
        def deco(f):
            def wrapper(*args): return f(*args) + user()
            return wrapper
        class Views:
            @deco
            def view(self): return 1
    """,
}
EDITS = {
    "body": ("return User().allowed()", "return User().allowed() + 1"),
    "of what that calls": ("def allowed(self): return 1", "def allowed(self): return 2"),
    "signature": ("def user():", "def user(more=1):"),
    "class": ("class User:", "class Base: pass\nclass User(Base):"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("source", LATER.values(), ids=LATER)
def test_what_is_decorated_is_not_named(
    live: LiveModule, source: str, edit: tuple[str, str]
) -> None:
    live.start(HELPERS + source.replace("\n        ", "\n"))
    report = live.change(*edit)

    assert not report.notices


AT_ONCE = {
    "decorator": """
        def deco(f):
            f.level = user()
            return f
        @deco
        def view(): return 1
    """,
    "decorator with a wrapper": """
        def deco(f):
            level = user()
            def wrapper(*args): return f(*args) + level + user()
            return wrapper
        @deco
        def view(): return 1
    """,
    "made by a call": """
        def deco(level):
            def enter(f):
                f.level = user() + level
                return f
            return enter
        @deco(1)
        def view(): return 1
    """,
    "called inside": """
        def deco(f):
            def compute(): return user()
            f.level = compute()
            return f
        @deco
        def view(): return 1
    """,
}


@pytest.mark.parametrize("source", AT_ONCE.values(), ids=AT_ONCE)
def test_what_the_decorator_computed_is_named(live: LiveModule, source: str) -> None:
    live.start(HELPERS + source.replace("\n        ", "\n"))
    report = live.change(*EDITS["of what that calls"])

    assert [(each.code, each.path) for each in report.notices] == [("LP313", f"{live.name}.view")]


def test_a_class_that_has_itself_as_an_attribute_is_looked_through_once(live: LiveModule) -> None:
    live.start(
        "def f(): return 1\ndef deco(cls):\n    cls.level = f()\n    return cls\n"
        "@deco\nclass Node: pass\n"
        "class Leaf: pass\nNode.root = Node\nLeaf.parent = Node\nNode.leaf = Leaf\n"
    )
    node = live.module.Node
    report = live.change("return 1", "return 2")

    assert node is live.module.Node
    assert [(each.code, each.path) for each in report.notices] == [("LP313", f"{live.name}.Node")]
