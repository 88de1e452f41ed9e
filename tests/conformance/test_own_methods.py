"""A class whose statements name its own methods, and the body of one of these is edited."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.one_mode("all of it runs in the other"),
    pytest.mark.sampled(8),
]
MADE = "MADE = []\nLIMIT = 1\ndef note(name):\n    MADE.append(name)\n    return name\n"
METHOD = "    def get(self): return 1\n"
NAMED = {
    "setter": "    @property\n    def get(self): return 1\n"
    "    @get.setter\n    def get(self, value): pass\n",
    "alias": METHOD + "    other = get\n",
    "property": METHOD + "    size = property(get)\n",
    "table": METHOD + "    table = {'get': get}\n",
    "static": METHOD + "    other = staticmethod(get)\n",
    "cache": "    import functools\n" + METHOD + "    other = functools.lru_cache(get)\n",
    "dict": METHOD + "    table = dict(get=get)\n",
    "list": METHOD + "    table = list((get,))\n",
    "default": METHOD + "    def all(self, one=get): return one\n",
}
USED = {
    "given to a method called like a wrapper": "    def get(_): return 1\n"
    "    class Kept:\n        def cache(self, function): return function(0)\n"
    "    size = Kept().cache(get)\n",
    "called": "    def get(): return 1\n    size = get()\n",
    "given": "    def get(_): return 1\n    size = sum(map(get, [0]))\n",
    "decorates": "    def get(function): return 1\n    @get\n    def size(self): pass\n",
}
OTHER = {
    "constant": ("LIMIT = 1", "LIMIT = 2"),
    "new function": ("LIMIT = 1\n", "LIMIT = 1\ndef more(): pass\n"),
    "import": ("LIMIT = 1\n", "import math\nLIMIT = 1\n"),
    "alone": ("", ""),
}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
@pytest.mark.parametrize("body", NAMED.values(), ids=NAMED)
def test_a_class_is_not_made_again(live: LiveModule, body: str, other: tuple[str, str]) -> None:
    source = f"{MADE}class Player:\n    made = note('Player')\n{body}"
    module = live.start(source)
    player = module.Player()
    report = live.edit(source.replace("return 1", "return 2").replace(*other))

    assert module.MADE == ["Player"]
    assert (player.get() if callable(player.get) else player.get) == 2
    assert not report.notices


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
@pytest.mark.parametrize("body", USED.values(), ids=USED)
def test_a_class_that_calls_its_own_is_made_again(
    live: LiveModule, body: str, other: tuple[str, str]
) -> None:
    source = f"{MADE}class Player:\n    made = note('Player')\n{body}"
    module = live.start(source)
    player = module.Player()
    report = live.edit(source.replace("return 1", "return 2").replace(*other))

    assert module.MADE == ["Player", "Player"]
    # The value may be state by now; where it stays, it is named.
    assert player.size == 2 or "LP303" in {each.code for each in report.notices}


def test_attribute_that_changes_its_class_when_it_is_asked_for_one(live: LiveModule) -> None:
    """pydantic with `defer_build`: a placeholder that is asked whether it is abstract builds it."""
    source = """
        import abc
        class Lazy:
            def __set_name__(self, owner, name): self.owner = owner
            def __getattr__(self, name):
                setattr(self.owner, f"built_{len(vars(self.owner))}", name)
                raise AttributeError(name)
        class Base(abc.ABC):
            lazy = Lazy()
            def m(self): return 1
    """
    live.start(source)
    below = live.other(
        f"from {live.name} import Base, Lazy\nclass Sub(Base):\n    other = Lazy()\n"
    ).Sub
    live.edit(live.source + "    @abc.abstractmethod\n    def n(self): pass\n")

    assert below.__abstractmethods__ == {"n"}
