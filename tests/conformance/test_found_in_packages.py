"""What releases of real packages do from one to the next, as small as it still went wrong."""

from __future__ import annotations

from textwrap import dedent

import livepatch
from livepatch.testing import assert_current
from tests.live import LiveModule

SIGNALS = """
    class Signal:
        def send(self): return 1
    class Space(dict):
        table = 0
        def count(self): return 1
"""


def test_what_is_built_anew_is_so_in_an_attribute_that_is_new_to_its_class(
    live: LiveModule,
) -> None:
    module = live.start(SIGNALS)
    signal, space = module.Signal(), module.Space()
    report = live.edit("""
        class Signal:
            def send(self): return 2
        class Space(dict[str, Signal]):
            table = dict[str, Signal]
            pair = (Signal | None, 1)
            def count(self): return 2
    """)

    assert module.Space.__orig_bases__[0].__args__ == (str, module.Signal)
    assert module.Space.table.__args__ == (str, module.Signal)
    assert module.Space.pair[0].__args__[0] is module.Signal
    assert (signal.send(), space.count()) == (2, 2)
    assert_current(module)

    report.undo()

    assert module.Space.table == 0
    assert not hasattr(module.Space, "pair")
    assert (signal.send(), space.count()) == (1, 1)
    assert_current(module)


REGISTRY = """
    table = {}
    class dispatch:
        def __init__(self, function):
            self.orig_func = function
            table[function.__name__] = self
        def __call__(self): return self.orig_func()
"""


def test_a_decorated_object_becomes_a_function_though_a_table_of_another_module_has_it(
    live: LiveModule,
) -> None:
    sources = {
        "__init__": "from LIVE.backends import dispatch\nfrom LIVE import trees\n",
        "backends": REGISTRY,
        "trees": "from LIVE.backends import dispatch\n@dispatch\ndef span(): return 1\n",
    }
    package = live.package(**sources)
    held = [package.trees.span]
    backends = dedent(REGISTRY).replace("class dispatch", "class wrapper")
    backends = backends.replace("] = self", "] = eval('lambda: self()', {'self': self})")
    backends += "def dispatch(function): return table[wrapper(function).orig_func.__name__]\n"
    (live.path.parent / "backends.py").write_text(backends, "utf-8")
    (live.path.parent / "trees.py").write_text(package_source(sources, "trees", live), "utf-8")
    livepatch.reload(package, package.backends, package.trees, strategy=live.strategy)

    assert held == [package.trees.span]
    assert held[0]() == 2


def package_source(sources: dict[str, str], stem: str, live: LiveModule) -> str:
    return sources[stem].replace("LIVE", live.name).replace("return 1", "return 2")


SLOTTED = """
    def slotted(*names):
        def copy(cls):
            attributes = {key: value for key, value in vars(cls).items()
                          if key not in ("__dict__", "__weakref__")}
            return type(cls)(cls.__name__, cls.__bases__, {**attributes, "__slots__": names})
        return copy

    @slotted("ref", "__weakref__")
    class Missing(Exception):
        def text(self): return 1

    @slotted("anchor")
    class MissingAnchor(Missing):
        def name(self): return 1
"""


def test_the_class_that_a_decorator_copied_and_dropped_is_left_alone(live: LiveModule) -> None:
    module = live.start(SLOTTED)
    missing = module.MissingAnchor()
    missing.ref, missing.anchor = "a", "b"
    report = live.edit(SLOTTED.replace("return 1", "return 2"))

    assert type(missing) is module.MissingAnchor
    assert (missing.text(), missing.name(), missing.ref, missing.anchor) == (2, 2, "a", "b")
    assert_current(module)

    report.undo()

    assert (missing.text(), missing.name()) == (1, 1)
    assert_current(module)
