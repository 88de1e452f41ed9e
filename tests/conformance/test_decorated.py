"""Decorated functions: wraps, caches, context managers, dispatchers; decorators that change."""

from __future__ import annotations

import functools
from textwrap import dedent

import pytest

from livepatch.testing import assert_like_fresh
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

WRAPPED = """
    import functools
    def loud(function):
        @functools.wraps(function)
        def wrapper(*args):
            return ("loud", function(*args))
        return wrapper
    @loud
    def hit(): return 1
"""


def test_held_wrapper_runs_the_new_body(live: LiveModule) -> None:
    module = live.start(WRAPPED)
    held = [module.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.hit
    assert held[0]() == ("loud", 2)


def test_held_wrapped_function_is_the_one_behind_the_wrapper(live: LiveModule) -> None:
    module = live.start(WRAPPED)
    held = [module.hit.__wrapped__]
    live.change("return 1", "return 2")

    assert held[0] is module.hit.__wrapped__
    assert held[0]() == 2


def test_held_wrapper_runs_the_changed_decorator(live: LiveModule) -> None:
    module = live.start(WRAPPED)
    held = [module.hit]
    live.change('("loud"', '("LOUD"')

    assert held[0] is module.hit
    assert held[0]() == ("LOUD", 1)


def test_decorator_and_body_change_together(live: LiveModule) -> None:
    module = live.start(WRAPPED)
    held = [module.hit]
    live.edit(WRAPPED.replace('("loud"', '("LOUD"').replace("return 1", "return 2"))

    assert held[0] is module.hit
    assert held[0]() == ("LOUD", 2)


def test_decorator_is_added(live: LiveModule) -> None:
    module = live.start(WRAPPED.replace("@loud", ""))
    held = [module.hit]
    live.edit(WRAPPED)

    assert held[0] is module.hit
    assert held[0]() == ("loud", 1)


def test_decorator_is_removed(live: LiveModule) -> None:
    module = live.start(WRAPPED)
    held = [module.hit]
    live.edit(WRAPPED.replace("@loud", ""))

    assert held[0] is module.hit
    assert held[0]() == 1


def test_decorator_is_doubled(live: LiveModule) -> None:
    module = live.start(WRAPPED)
    held = [module.hit]
    live.edit(WRAPPED.replace("@loud", "@loud\n    @loud"))

    assert held[0] is module.hit
    assert held[0]() == ("loud", ("loud", 1))


def test_decorator_is_exchanged_for_another(live: LiveModule) -> None:
    source = """
        def loud(function):
            return lambda: ("loud", function())
        def soft(function):
            return lambda: ("soft", function())
        @loud
        def hit(): return 1
    """
    module = live.start(source)
    held = [module.hit]
    live.edit(source.replace("@loud", "@soft"))

    assert held[0] is module.hit
    assert held[0]() == ("soft", 1)


def test_argument_of_a_decorator_changes(live: LiveModule) -> None:
    module = live.start("""
        def times(count):
            def decorate(function):
                def wrapper():
                    return [function()] * count
                return wrapper
            return decorate
        @times(2)
        def hit(): return 1
    """)
    held = [module.hit]
    live.change("@times(2)", "@times(3)")

    assert held[0] is module.hit
    assert held[0]() == [1, 1, 1]


def test_decorator_of_another_module(live: LiveModule) -> None:
    live.other("""
        def loud(function):
            def wrapper():
                return ("loud", function())
            return wrapper
    """)
    module = live.start("from OTHER import loud\n@loud\ndef hit(): return 1\n")
    held = [module.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.hit
    assert held[0]() == ("loud", 2)


def test_other_decorator_of_another_module_is_none_of_what_it_decorates_besides(
    live: LiveModule,
) -> None:
    live.other("""
        def shout(function):
            def wrapper(): return function() + "!"
            return wrapper
        def ask(function):
            def wrapper(): return function() + "?"
            return wrapper
    """)
    source = """
        from OTHER import shout, ask
        @shout
        def a(): return "a"
        @shout
        def b(): return "b"
    """
    module = live.start(source)
    elsewhere = module.shout(lambda: "c")
    held = live.hold("a", "b")
    report = live.edit(source.replace("@shout", "@ask", 1))

    assert report.ok, report
    assert [each() for each in (*held, elsewhere)] == ["a?", "b!", "c!"]


def test_two_functions_of_one_decorator_are_not_mixed_up(live: LiveModule) -> None:
    module = live.start(WRAPPED + "\n    @loud\n    def heal(): return 5\n")
    held = [module.hit, module.heal]
    live.change("return 1", "return 2")

    assert held[0] is module.hit
    assert held[1] is module.heal
    assert [call() for call in held] == [("loud", 2), ("loud", 5)]


def test_function_held_by_a_decorator_object_of_another_class(live: LiveModule) -> None:
    live.other("""
        class Counted:
            def __init__(self, function):
                self.function = function
                self.calls = 0
            def __call__(self):
                self.calls += 1
                return self.function()
    """)
    module = live.start("from OTHER import Counted\n@Counted\ndef hit(): return 1\n")
    held = [module.hit]
    held[0]()
    live.change("return 1", "return 2")

    assert held[0]() == 2
    assert held[0].function is module.hit.function


def test_lru_cache_is_emptied_when_the_code_changed(live: LiveModule) -> None:
    module = live.start("""
        import functools
        @functools.lru_cache
        def square(n): return n * n
    """)
    held = [module.square]
    held[0](3)
    live.change("n * n", "n ** 3")

    assert held[0] is module.square
    assert held[0](3) == 27


def test_lru_cache_of_an_unchanged_function_keeps_its_entries(live: LiveModule) -> None:
    module = live.start("""
        import functools
        @functools.lru_cache
        def square(n): return n * n
        def heal(): return 1
    """)
    held = [module.square]
    held[0](3)
    live.change("return 1", "return 2")

    assert held[0] is module.square
    assert held[0].cache_info().currsize == 1


def test_cache_of_another_size_around_a_function_of_another_module(live: LiveModule) -> None:
    source = "import functools\nfrom OTHER import f\ng = functools.lru_cache(maxsize=1)(f)\n"
    live.other("def f(x): return x\n")
    module = live.start(source)
    held = [module.g]
    live.edit(source.replace("=1", "=7"))

    assert held[0] is module.g
    assert held[0].cache_parameters()["maxsize"] == 7


def test_lru_cache_size_changes(live: LiveModule) -> None:
    module = live.start("""
        import functools
        @functools.lru_cache(maxsize=1)
        def square(n): return n * n
    """)
    held = [module.square]
    live.change("maxsize=1", "maxsize=7")

    assert held[0] is module.square
    assert held[0].cache_info().maxsize == 7


def test_cache_decorator_is_added(live: LiveModule) -> None:
    module = live.start("import functools\ndef square(n): return n * n\n")
    held = [module.square]
    live.edit("import functools\n@functools.cache\ndef square(n): return n * n\n")
    held[0](2)

    assert held[0] is module.square
    assert held[0].cache_info().currsize == 1


def test_held_function_behind_an_lru_cache(live: LiveModule) -> None:
    module = live.start("import functools\n@functools.cache\ndef square(n): return n * n\n")
    held = [module.square.__wrapped__]
    live.change("n * n", "n + n")

    assert held[0] is module.square.__wrapped__
    assert held[0](5) == 10


def test_context_manager_function(live: LiveModule) -> None:
    module = live.start("""
        import contextlib
        @contextlib.contextmanager
        def opened(log):
            log.append(1)
            yield
    """)
    held = [module.opened]
    live.change("append(1)", "append(2)")
    log: list[int] = []
    with held[0](log):
        pass

    assert held[0] is module.opened
    assert log == [2]


def test_context_manager_entered_before_the_edit_leaves_in_peace(live: LiveModule) -> None:
    module = live.start("""
        import contextlib
        @contextlib.contextmanager
        def opened(log):
            yield
            log.append("left")
    """)
    log: list[str] = []
    with module.opened(log):
        live.change('"left"', '"LEFT"')

    assert log == ["left"]


def test_singledispatch_default_changes(live: LiveModule) -> None:
    module = live.start("""
        import functools
        @functools.singledispatch
        def show(value): return "old"
    """)
    held = [module.show]
    live.change("old", "new")

    assert held[0] is module.show
    assert held[0](1) == "new"


def test_singledispatch_keeps_registrations_made_elsewhere(live: LiveModule) -> None:
    module = live.start("""
        import functools
        @functools.singledispatch
        def show(value): return "old"
    """)
    live.other("""
        from LIVE import show
        @show.register(int)
        def show_int(value): return "int"
    """)
    live.change("old", "new")

    assert module.show(1) == "int"
    assert module.show("") == "new"


def test_singledispatch_registration_of_the_module_changes(live: LiveModule) -> None:
    module = live.start("""
        import functools
        @functools.singledispatch
        def show(value): return "any"
        @show.register(int)
        def show_int(value): return "old"
    """)
    held = [module.show, module.show_int]
    held[0](1)
    live.change("old", "new")

    assert held[0] is module.show
    assert held[1] is module.show_int is module.show.dispatch(int)
    assert held[0](1) == "new"


def test_singledispatch_registration_for_an_own_class(live: LiveModule) -> None:
    source = """
        import functools
        class Player: pass
        @functools.singledispatch
        def show(value): return "any"
        @show.register(Player)
        def show_player(value): return "player"
    """
    module = live.start(source)
    held = [module.Player()]
    module.show(held[0])
    live.edit(source.replace("class Player", "class Base: pass\n        class Player(Base)"))

    assert module.show(held[0]) == "player"
    assert module.Player in module.show.registry


def test_singledispatch_elsewhere_dispatches_on_the_one_class(live: LiveModule) -> None:
    module = live.start("class Player: pass\n")
    other = live.other("""
        import functools
        from LIVE import Player
        @functools.singledispatch
        def show(value): return "any"
        @show.register(Player)
        def show_player(value): return "player"
    """)
    held = [module.Player()]
    other.show(held[0])
    live.edit("class Base: pass\nclass Player(Base): pass\n")

    assert other.show(held[0]) == "player"
    assert other.show(module.Player()) == "player"


def test_singledispatch_registration_is_removed_with_its_source(live: LiveModule) -> None:
    module = live.start("""
        import functools
        @functools.singledispatch
        def show(value): return "any"
        @show.register(int)
        def show_int(value): return "int"
    """)
    live.edit("""
        import functools
        @functools.singledispatch
        def show(value): return "any"
    """)

    assert module.show(1) == "any"


IN_TURN = """
    import functools
    class T: pass
    @functools.singledispatch
    def show(value): return "any"
    @show.register
    def _(value: T): return "T"
"""
BYTES = """
    @show.register
    def _(value: bytes): return "bytes"
"""


@pytest.mark.parametrize("name", ["_", "show_one"])
def test_singledispatch_gains_a_registration_of_the_same_name(live: LiveModule, name: str) -> None:
    source, more = (text.replace("def _", f"def {name}") for text in (IN_TURN, BYTES))
    module = live.start(source)
    thing, on_t = module.T(), module.show.dispatch(module.T)
    unnamed = getattr(module, name)
    report = live.edit(source.replace('"T"', '"new T"') + more)

    assert report.ok
    assert (module.show(thing), module.show(b""), module.show(1)) == ("new T", "bytes", "any")
    assert on_t is unnamed is module.show.dispatch(module.T)
    assert on_t(thing) == "new T"
    report.undo()
    assert (module.show(thing), module.show(b"")) == ("T", "any")
    assert module.show.dispatch(module.T) is unnamed is getattr(module, name)


def test_singledispatch_gains_a_registration_when_the_class_is_replaced(live: LiveModule) -> None:
    module = live.start(IN_TURN)
    thing, on_t = module.T(), module.show.dispatch(module.T)
    live.edit(IN_TURN.replace("class T:", "class B: pass\n    class T(B):") + BYTES)

    assert (module.show(thing), module.show(b"")) == ("T", "bytes")
    assert on_t is module.show.dispatch(module.T)
    assert set(module.show.registry) == {object, module.T, bytes}


def test_singledispatch_loses_one_of_two_registrations_of_one_name(live: LiveModule) -> None:
    module = live.start(IN_TURN + BYTES)
    thing, on_t, on_bytes = module.T(), module.show.dispatch(module.T), module.show.dispatch(bytes)
    live.edit(IN_TURN.replace('"T"', '"new T"'))

    assert (module.show(thing), module.show(b"")) == ("new T", "any")
    assert on_t is module.show.dispatch(module.T)
    assert on_bytes(b"") == "bytes"


def test_singledispatch_registrations_of_one_name_change_their_order(live: LiveModule) -> None:
    module = live.start(IN_TURN + BYTES)
    held = {cls: module.show.dispatch(cls) for cls in (module.T, bytes)}
    first, second = IN_TURN.split("    @show.register")
    live.edit(first + BYTES.replace('"bytes"', '"B"') + "    @show.register" + second)

    assert all(module.show.dispatch(cls) is function for cls, function in held.items())
    assert (module.show(module.T()), module.show(b"")) == ("T", "B")


@pytest.mark.parametrize("named", ["show", "library.show"])
def test_singledispatch_elsewhere_gains_a_registration_of_the_same_name(
    live: LiveModule, named: str
) -> None:
    source = IN_TURN.replace('@functools.singledispatch\n    def show(value): return "any"', "")
    source = source.replace(
        "import functools", "import OTHER as library\n    from OTHER import show"
    )
    source = source.replace("@show.", f"@{named}.")
    other = live.other(
        "import functools\n@functools.singledispatch\ndef show(value): return 'any'\n"
    )
    module = live.start(source)
    thing, on_t = module.T(), other.show.dispatch(module.T)
    live.edit(source.replace('"T"', '"new T"') + BYTES.replace("@show.", f"@{named}."))

    assert (other.show(thing), other.show(b"")) == ("new T", "bytes")
    assert on_t(thing) == "new T"
    assert set(other.show.registry) == {object, module.T, bytes}


def test_function_named_with_an_underscore_stays_one_function(live: LiveModule) -> None:
    module = live.start("def _(text): return text\n")
    other = live.other("from LIVE import _\n")
    live.edit("def _(text, mark='!'): return text + mark\n")

    assert other._ is module._
    assert other._("a") == "a!"


@pytest.mark.parametrize("name", ["_", "hit"])
def test_function_of_either_arm_of_a_condition_stays_one_function(
    live: LiveModule, name: str
) -> None:
    source = f"if LIMIT:\n    def {name}(x=1): return x\nelse:\n    def {name}(x=1): return -x\n"
    source = f"{source}alias = {name}\n"
    module = live.start(f"LIMIT = 1\n{source}")
    held = getattr(module, name)
    live.edit(f"LIMIT = 0\n{source}")

    assert held is getattr(module, name) is module.alias
    assert held() == -1


def test_function_loses_a_decorator_that_an_assignment_put_on_it(live: LiveModule) -> None:
    source = "def double(f): return lambda: 2 * f()\ndef hit(): return 1\n"
    module = live.start(source + "hit = double(hit)\n")
    held = [module.hit]
    live.edit(source.replace("return 1", "return 3"))

    assert held[0] is module.hit
    assert held[0]() == 3


def test_wrapt_decorated_function(live: LiveModule) -> None:
    module = live.start("""
        import wrapt
        @wrapt.decorator
        def loud(wrapped, instance, args, kwargs):
            return ("loud", wrapped(*args, **kwargs))
        @loud
        def hit(): return 1
    """)
    held = [module.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.hit
    assert held[0]() == ("loud", 2)


def test_wrapt_decorator_changes(live: LiveModule) -> None:
    module = live.start("""
        import wrapt
        @wrapt.decorator
        def loud(wrapped, instance, args, kwargs):
            return ("loud", wrapped(*args, **kwargs))
        @loud
        def hit(): return 1
    """)
    held = [module.hit]
    live.change('("loud"', '("LOUD"')

    assert held[0] is module.hit
    assert held[0]() == ("LOUD", 1)


def test_overloaded_function(live: LiveModule) -> None:
    module = live.start("""
        from typing import overload
        @overload
        def hit(n: int) -> int: ...
        @overload
        def hit(n: str) -> str: ...
        def hit(n): return n
    """)
    held = [module.hit]
    live.change("return n", "return [n]")

    assert held[0] is module.hit
    assert held[0](1) == [1]


def test_decorator_that_returns_its_function(live: LiveModule) -> None:
    module = live.start("""
        def mark(function):
            function.marked = 1
            return function
        @mark
        def hit(): return 1
    """)
    held = [module.hit]
    live.change("marked = 1", "marked = 2")

    assert held[0] is module.hit
    assert held[0].marked == 2


def test_decorated_coroutine_function(live: LiveModule) -> None:
    module = live.start("""
        import asyncio, functools
        def loud(function):
            @functools.wraps(function)
            async def wrapper():
                return ("loud", await function())
            return wrapper
        @loud
        async def hit(): return 1
        def run(function): return asyncio.run(function())
    """)
    held = [module.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.hit
    assert module.run(held[0]) == ("loud", 2)


def test_class_inside_a_decorator_object(live: LiveModule) -> None:
    source = """
        class Wrap:
            def __init__(self, wrapped): self.wrapped = wrapped
            def __call__(self): return self.wrapped()
        @Wrap
        class K:
            def size(self): return 1
        """
    module = live.start(source)
    wrap, cls, instance = module.K, module.K.wrapped, module.K()
    report = live.change("return 1", "return 2")

    assert report.ok
    assert wrap is live.module.K
    assert cls is live.module.K.wrapped is type(instance)
    assert instance.size() == wrap().size() == 2


def test_callable_object_that_has_taken_the_name_of_its_class(live: LiveModule) -> None:
    source = """
        class K:
            def __init__(self): self.calls = []
            def __call__(self): self.calls.append(1); return len(self.calls)
        K = K()
        """
    held = live.start(source).K
    held()
    live.change("return len(self.calls)", "return -len(self.calls)")

    assert held() == -2
    assert type(held) is type(live.module.K)


def test_wrapt_wrappers_held_bound_follow_their_class_and_wrapper(live: LiveModule) -> None:
    source = """
        import wrapt
        @wrapt.decorator
        def twice(wrapped, instance, args, kwargs):
            return 2 * wrapped(*args, **kwargs)
        @wrapt.decorator(adapter=lambda a, b: None)
        def adapted(wrapped, instance, args, kwargs):
            return 3 * wrapped(*args, **kwargs)
        class A:
            @twice
            def f(self): return 1
            @adapted
            def g(self): return 1
        @adapted
        def h(): return 1
    """
    module = live.start(source)
    instance = module.A()
    held = [instance.f, instance.g, module.h]
    report = live.edit(source.replace("return 1", "return 2").replace("3 *", "5 *"))

    assert report.ok, report
    assert [each() for each in held] == [4, 10, 10]
    assert held[0]._self_owner is module.A
    assert live.reload().ok


def test_single_dispatch_function_forgets_what_it_remembers_itself(live: LiveModule) -> None:
    source = """
        import functools
        @functools.singledispatch
        def show(x): return "any"
    """
    module = live.start(source)
    live.edit(source + "\n        x = 1\n")
    cells = dict(zip(module.show.__code__.co_freevars, module.show.__closure__))
    own = dict(zip(module.show.dispatch.__code__.co_freevars, module.show.dispatch.__closure__))

    assert cells
    assert module.show._clear_cache.__self__ is own["dispatch_cache"].cell_contents


CACHES = {
    "nothing": "",
    "cache": "@functools.lru_cache\n",
    "decorated cache": "@around\n@functools.cache\n",
    "cached decorator": "@functools.cache\n@around\n",
    "decorator": "@around\n",
}


@pytest.mark.sampled(13)
@pytest.mark.parametrize("after", CACHES.values(), ids=CACHES)
@pytest.mark.parametrize("before", CACHES.values(), ids=CACHES)
def test_cache_and_decorator_come_and_go(live: LiveModule, before: str, after: str) -> None:
    head = """\
import functools
def around(f):
    @functools.wraps(f)
    def inner(*args): return ("around", f(*args))
    return inner
"""
    module = live.start(f"{head}{before}def hit(x=0): return x + 1\n")
    held = [module.hit, functools.partial(module.hit, 5)]
    report = live.edit(f"{head}{after}def hit(x=0): return x + 2\n")

    assert report.ok
    assert held[0] is held[1].func is module.hit
    assert held[1]() == (("around", 7) if "around" in after else 7)
    if (before, after) == (CACHES["decorated cache"], CACHES["decorator"]):
        assert_like_fresh(module)


def test_attribute_that_a_decorator_sets_goes_with_it(live: LiveModule) -> None:
    head = """\
import functools
def requires(role):
    def decorate(f):
        f.role = role
        setattr(f, "marked " + role, True)
        return f
    return decorate
def around(f):
    @functools.wraps(f)
    def inner(): return f()
    return inner
"""
    body = "def view(): return 1\n"
    module = live.start(f'{head}@around\n@requires("admin")\n{body}')
    module.view.calls = 3
    held = module.view
    live.edit(f'{head}@around\n@requires("user")\n{body}')
    roles = [held.role]
    report = live.edit(f"{head}@around\n{body}")

    assert roles == ["user"]
    assert held is module.view
    assert not hasattr(held, "role")
    assert held.calls == 3
    report.undo()

    assert held.role == "user"


def test_attribute_that_a_wrapper_sets_when_it_is_called_stays(live: LiveModule) -> None:
    source = """\
def counted(f):
    def inner():
        inner.calls = getattr(inner, "calls", 0) + 1
        return f()
    return inner
@counted
def hit(): return 1
"""
    module = live.start(source)
    module.hit()
    live.edit(source.replace("return 1", "return 2"))
    live.edit(source.replace("return 1", "return 2").replace("+ 1", "+ 2"))

    assert (module.hit(), module.hit.calls) == (2, 3)


WRAPPERS = {
    "cache": "@functools.lru_cache",
    "wraps": "@wrapping",
    "static": "@staticmethod",
    "both": "@staticmethod\n    @wrapping",
}


@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS.keys())
@pytest.mark.parametrize("held", ["nothing", "wrapper", "wrapped"])
def test_what_a_decorator_that_has_gone_had_wrapped_is_named_where_it_is_held(
    live: LiveModule, wrapper: str, held: str
) -> None:
    head = """
        import functools
        def wrapping(function):
            @functools.wraps(function)
            def wrapped(*args): return function(*args)
            return wrapped
        class Player:
            x = 1
        """
    module = live.start(f"{dedent(head)}    {wrapper}\n    def hit(self): return 1\n")
    value = vars(module.Player)["hit"]
    while held == "wrapped" and hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    if held == "nothing":
        value = None
    report = live.edit(dedent(head))

    named = [each.path.removeprefix(f"{live.name}.") for each in report.notices]
    assert [each.partition(".<")[0] for each in named] == ["Player.hit"] * (held != "nothing")
    assert {each.code for each in report.notices} <= {"LP309"}


def test_attribute_that_a_decorator_sets_no_more_goes(live: LiveModule) -> None:
    source = "def mark(f):\n    f.old = 1\n    return f\n@mark\ndef hit(): return 1\n"
    module = live.start(source)
    held = module.hit
    live.edit(source.replace("f.old", "f.new"))

    assert held is module.hit
    assert held.__dict__ == {"new": 1}


LAYERS = """
    import wrapt
    def tag(name):
        @wrapt.decorator
        def around(wrapped, instance, args, kwargs):
            return name, instance is not None, wrapped(*args)
        return around
    @wrapt.decorator
    def plain(wrapped, instance, args, kwargs):
        return "plain", instance is not None, wrapped(*args)
    @wrapt.decorator
    def other(wrapped, instance, args, kwargs):
        return "other", instance is not None, wrapped(*args)
    LAYERS
    def hit(x): return x
    class Player:
        LAYERS
        def heal(self, x): return x
"""
STACKS = [
    (["plain"], ["other"]),
    (["plain"], ["other", "plain"]),
    (["plain"], ["plain", "tag('a')"]),
    (["plain", "other"], ["other", "plain"]),
    (["tag('a')"], ["tag('b')", "tag('a')"]),
    (["tag('a')", "tag('b')"], ["tag('a')"]),
    (["tag('a')", "plain"], ["plain"]),
    (["plain"], []),
    ([], ["plain"]),
]


def _layered(stack: list[str]) -> str:
    lines = []
    for line in LAYERS.splitlines():
        above, found, _ = line.partition("LAYERS")
        lines += [f"{above}@{each}" for each in stack] if found else [line]
    return "\n".join(lines)


def _given(stack: list[str], x: int, *, bound: bool) -> object:
    found: object = x
    for each in reversed(stack):
        found = (each[5:-2] if "(" in each else each, bound, found)
    return found


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize(
    ("before", "after"), [*STACKS, *[stack[::-1] for stack in STACKS[:7]]], ids=str
)
def test_layers_of_wrapt_come_and_go(live: LiveModule, before: list[str], after: list[str]) -> None:
    module = live.start(_layered(before))
    hit, player = module.hit, module.Player()
    heal, unbound = player.heal, module.Player.heal
    reports = []
    for stack in (before, after, before):
        if stack is after:
            reports.append(live.edit(_layered(after)))
        elif reports:
            reports.pop().undo()
        assert hit is module.hit
        assert hit(1) == _given(stack, 1, bound=False)
        wanted = _given(stack, 1, bound=True)
        assert [heal(1), player.heal(1)] == [wanted] * 2
        # What a class gives of a plain function is that itself, whoever may be its instance.
        assert not (before and after) or unbound(player, 1) == wanted
