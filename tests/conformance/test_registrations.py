"""Who is registered with an abstract class after a reload: those whom the source registers."""

from __future__ import annotations

import collections.abc

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

SOURCE = """\
import abc, collections.abc
class Shape(abc.ABC): pass
@abc.ABC.register
class Known: pass
{decorator}
class Foreign:
    def f(self): return 1
{statement}
"""
WAYS = {
    "decorator": ("@Shape.register", "", "Shape"),
    "statement": ("", "Shape.register(Foreign)", "Shape"),
    "decorator of another module's": ("@collections.abc.Sized.register", "", "Sized"),
    "statement of another module's": ("", "collections.abc.Sized.register(Foreign)", "Sized"),
}


def source(decorator: str = "", statement: str = "") -> str:
    return SOURCE.format(decorator=decorator, statement=statement)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    return WAYS[request.param]


@pytest.mark.sampled(6)
def test_registration_that_comes_goes_and_comes_again(
    live: LiveModule, way: tuple[str, str, str]
) -> None:
    *texts, name = way
    module = live.start(source())
    instance = module.Foreign()
    seen = []
    for said in [texts, (), texts, ()]:
        live.edit(source(*said))
        cls = getattr(module, name, collections.abc.Sized)
        seen.append((isinstance(instance, cls), issubclass(module.Foreign, cls)))

    assert seen == [(True, True), (False, False)] * 2


@pytest.mark.sampled(6)
def test_undo_takes_a_registration_back(live: LiveModule, way: tuple[str, str, str]) -> None:
    *texts, name = way
    module = live.start(source())
    instance = module.Foreign()
    came = live.edit(source(*texts))
    went = live.edit(source())
    seen = []
    for report in (went, came):
        report.undo()
        seen.append(isinstance(instance, getattr(module, name, collections.abc.Sized)))

    assert seen == [True, False]


def test_failed_reload_registers_nothing(live: LiveModule, way: tuple[str, str, str]) -> None:
    *texts, name = way
    module = live.start(source())
    instance = module.Foreign()
    with pytest.raises(ZeroDivisionError):
        live.edit(source(*texts) + "1 / 0\n")

    assert not isinstance(instance, getattr(module, name, collections.abc.Sized))


@pytest.mark.sampled(6)
def test_failed_reload_takes_nobody_off(live: LiveModule, way: tuple[str, str, str]) -> None:
    *texts, name = way
    module = live.start(source(*texts))
    instance = module.Foreign()
    with pytest.raises(ZeroDivisionError):
        live.edit(source() + "1 / 0\n")

    assert isinstance(instance, getattr(module, name, collections.abc.Sized))


def test_registration_in_a_loop_comes(live: LiveModule) -> None:
    module = live.start(source())
    instance = module.Foreign()
    live.edit(source("", "for each in (Foreign, int):\n    Shape.register(each)"), rerun="all")

    assert isinstance(instance, module.Shape)
    assert isinstance(1, module.Shape)


def test_undo_keeps_who_was_registered_since(live: LiveModule) -> None:
    module = live.start(source())
    report = live.edit(source("@Shape.register").replace("Shape(abc.ABC)", "Shape(Known, abc.ABC)"))

    class Late:
        pass

    module.Shape.register(Late)
    report.undo()

    assert issubclass(Late, module.Shape)
    assert not issubclass(module.Foreign, module.Shape)


def test_registration_of_another_stays_when_one_goes(live: LiveModule) -> None:
    other = live.other("class Else: pass\n")
    module = live.start(source("@Shape.register"))
    module.Shape.register(other.Else)
    live.edit(source())

    assert issubclass(other.Else, module.Shape)
    assert not issubclass(module.Foreign, module.Shape)


def test_base_of_an_abstract_class_forgets_who_went(live: LiveModule) -> None:
    text = source("@Shape.register").replace(
        "class Shape(abc.ABC)", "class Root(abc.ABC): pass\nclass Shape(Root)"
    )
    module = live.start(text)
    assert issubclass(module.Foreign, module.Root)
    live.edit(text.replace("@Shape.register", ""))

    assert not issubclass(module.Foreign, module.Root)


def test_class_in_a_class_is_registered_no_more(live: LiveModule) -> None:
    text = (
        "import abc\nclass Shape(abc.ABC): pass\n"
        "class Outer:\n    @Shape.register\n    class Inner: pass\n"
    )
    module = live.start(text)
    instance = module.Outer.Inner()
    live.edit(text.replace("    @Shape.register\n", ""))

    assert not isinstance(instance, module.Shape)


def test_registration_that_moves_to_a_base_of_the_abstract_class(live: LiveModule) -> None:
    text = (
        "import abc\nclass Shape(abc.ABC): pass\nclass Square(Shape): pass\n"
        "class Foreign: pass\nSquare.register(Foreign)\n"
    )
    module = live.start(text)
    instance = module.Foreign()
    report = live.edit(text.replace("Square.register", "Shape.register"))
    seen = [isinstance(instance, cls) for cls in (module.Shape, module.Square)]
    report.undo()

    assert seen == [True, False]
    assert isinstance(instance, module.Square)


@pytest.mark.parametrize("rerun", ["changed"])
def test_what_a_register_counts_is_as_it_was_after_a_dry_run_and_an_undo(live: LiveModule) -> None:
    source = """
        class App:
            def __init__(self): self.views, self.count, self.last = {}, 0, None
            def route(self, path):
                def enter(view):
                    self.views[path], self.last = view, path
                    self.count += 1
                    return view
                return enter
        app = App()
        @app.route("/a")
        def a(): return 1
    """
    module = live.start(source)
    more = source + '    @app.route("/b")\n        def b(): return 2\n'
    live.write(more)
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun, dry_run=True)
    assert (module.app.count, module.app.last, [*module.app.views]) == (1, "/a", ["/a"])

    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert (module.app.count, module.app.last, [*module.app.views]) == (2, "/b", ["/a", "/b"])
    report.undo()
    assert (module.app.count, module.app.last, [*module.app.views]) == (1, "/a", ["/a"])

    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    module.app.count = 7  # the program's own, which stays
    report.undo()
    assert (module.app.count, module.app.last) == (7, "/a")
