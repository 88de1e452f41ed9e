"""Registries in another module, filled when the module runs, end with each definition once."""

from __future__ import annotations

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)


def test_list_filled_by_a_decorator(live: LiveModule) -> None:
    other = live.other("hooks = []\ndef hook(f):\n    hooks.append(f)\n    return f\n")
    module = live.start("from OTHER import hook\n@hook\ndef hit(): return 1\n")
    live.change("return 1", "return 2")

    assert other.hooks == [module.hit]
    assert other.hooks[0]() == 2


@pytest.mark.parametrize("length", [None, 10])
def test_deque_filled_by_a_decorator(live: LiveModule, length: int | None) -> None:
    other = live.other(f"""
        import collections
        hooks = collections.deque([len], {length})
        pairs = collections.deque()
        def hook(f):
            hooks.append(f)
            pairs.appendleft(("f", f))
            return f
        """)
    module = live.start(
        "from OTHER import hook\n@hook\ndef a(): return 1\n@hook\ndef b(): return 1\n"
    )
    before = module.a, module.b
    other.hooks.append(print)
    report = live.change("return 1", "return 2")

    assert list(other.hooks) == [len, module.a, module.b, print]
    assert list(other.pairs) == [("f", module.b), ("f", module.a)]
    assert [each() for each in before] == [2, 2]

    report.undo()

    assert list(other.hooks) == [len, module.a, module.b, print]
    assert list(other.pairs) == [("f", module.b), ("f", module.a)]
    assert [each() for each in other.hooks if each not in (len, print)] == [1, 1]


def test_list_keeps_its_order(live: LiveModule) -> None:
    other = live.other("hooks = []\ndef hook(f):\n    hooks.append(f)\n    return f\n")
    other.hook(len)
    module = live.start(
        "from OTHER import hook\n@hook\ndef a(): return 1\n@hook\ndef b(): return 1\n"
    )
    other.hook(print)
    live.change("return 1", "return 2")

    assert other.hooks == [len, module.a, module.b, print]


def test_list_gains_an_added_definition(live: LiveModule) -> None:
    other = live.other("hooks = []\ndef hook(f):\n    hooks.append(f)\n    return f\n")
    source = "from OTHER import hook\n@hook\ndef a(): return 1\n"
    module = live.start(source)
    live.edit(source + "@hook\ndef b(): return 1\n")

    assert other.hooks == [module.a, module.b]


def test_list_stays_right_through_many_generations(live: LiveModule) -> None:
    other = live.other("hooks = []\ndef hook(f):\n    hooks.append(f)\n    return f\n")
    module = live.start("from OTHER import hook\n@hook\ndef hit(): return 0\n")
    for generation in range(1, 6):
        live.change(f"return {generation - 1}", f"return {generation}")

    assert other.hooks == [module.hit]


def test_list_after_an_unchanged_reload(live: LiveModule) -> None:
    other = live.other("hooks = []\ndef hook(f):\n    hooks.append(f)\n    return f\n")
    module = live.start("from OTHER import hook\n@hook\ndef hit(): return 1\n")
    live.reload()

    assert other.hooks == [module.hit]


def test_dict_filled_by_a_decorator(live: LiveModule) -> None:
    other = live.other("""
        hooks = {}
        def hook(name):
            def register(f):
                hooks[name] = f
                return f
            return register
    """)
    module = live.start('from OTHER import hook\n@hook("a")\ndef hit(): return 1\n')
    live.change("return 1", "return 2")

    assert other.hooks == {"a": module.hit}
    assert other.hooks["a"]() == 2


def test_dict_of_lists_filled_by_a_decorator(live: LiveModule) -> None:
    other = live.other("""
        import collections
        hooks = collections.defaultdict(list)
        def hook(f):
            hooks["all"].append((f.__name__, f))
            return f
    """)
    module = live.start("from OTHER import hook\n@hook\ndef hit(): return 1\n")
    live.change("return 1", "return 2")

    assert other.hooks == {"all": [("hit", module.hit)]}


def test_set_filled_by_a_decorator(live: LiveModule) -> None:
    other = live.other("hooks = set()\ndef hook(f):\n    hooks.add(f)\n    return f\n")
    module = live.start("from OTHER import hook\n@hook\ndef hit(): return 1\n")
    live.change("return 1", "return 2")

    assert other.hooks == {module.hit}


def test_dict_keyed_by_definitions(live: LiveModule) -> None:
    other = live.other("costs = {}\ndef cost(f):\n    costs[f] = len(costs)\n    return f\n")
    module = live.start("from OTHER import cost\n@cost\ndef hit(): return 1\n")
    live.change("return 1", "return 2")

    assert list(other.costs) == [module.hit]


def test_list_of_classes_filled_by_a_decorator(live: LiveModule) -> None:
    other = live.other("kinds = []\ndef kind(c):\n    kinds.append(c)\n    return c\n")
    source = "from OTHER import kind\nclass Base: pass\n@kind\nclass Player: pass\n"
    module = live.start(source)
    live.edit(source.replace("Player:", "Player(Base):"))

    assert other.kinds == [module.Player]


def test_registry_filled_by_a_metaclass(live: LiveModule) -> None:
    other = live.other("""
        kinds = {}
        class Meta(type):
            def __init__(cls, name, bases, namespace, **rest):
                super().__init__(name, bases, namespace)
                kinds[name] = cls
    """)
    module = live.start("""
        from OTHER import Meta
        class Player(metaclass=Meta):
            def hit(self): return 1
    """)
    live.change("return 1", "return 2")

    assert other.kinds == {"Player": module.Player}


def test_list_filled_by_a_metaclass(live: LiveModule) -> None:
    other = live.other("""
        kinds = []
        class Meta(type):
            def __new__(meta, name, bases, namespace):
                cls = super().__new__(meta, name, bases, namespace)
                kinds.append(cls)
                return cls
    """)
    module = live.start("""
        from OTHER import Meta
        class Player(metaclass=Meta):
            def hit(self): return 1
    """)
    live.change("return 1", "return 2")

    assert other.kinds == [module.Player]


def test_list_filled_by_init_subclass(live: LiveModule) -> None:
    other = live.other("""
        kinds = []
        class Base:
            def __init_subclass__(cls): kinds.append(cls)
    """)
    module = live.start("""
        from OTHER import Base
        class Player(Base):
            def hit(self): return 1
    """)
    player = module.Player()
    live.change("return 1", "return 2")

    assert other.kinds == [module.Player]
    assert other.Base.__subclasses__() == [module.Player]
    assert player.hit() == 2


def test_dict_filled_by_init_subclass_when_the_class_is_replaced(live: LiveModule) -> None:
    other = live.other("""
        kinds = {}
        class Mixin: pass
        class Base:
            def __init_subclass__(cls): kinds[cls.__name__] = cls
    """)
    module = live.start("from OTHER import Base, Mixin\nclass Player(Base): pass\n")
    live.change("Player(Base)", "Player(Base, Mixin)")

    assert other.kinds == {"Player": module.Player}
    assert other.Base.__subclasses__() == [module.Player]


def test_registry_in_a_class_attribute_of_a_base_elsewhere(live: LiveModule) -> None:
    other = live.other("""
        class Base:
            plugins = []
            def __init_subclass__(cls, **rest):
                super().__init_subclass__(**rest)
                cls.plugins.append(cls)
    """)
    module = live.start("""
        from OTHER import Base
        class A(Base):
            def hit(self): return 1
        class B(A): pass
    """)
    live.change("return 1", "return 2")

    assert other.Base.plugins == [module.A, module.B]


def test_own_registry_of_the_module_is_made_anew(live: LiveModule) -> None:
    module = live.start("""
        hooks = []
        def hook(f):
            hooks.append(f)
            return f
        @hook
        def hit(): return 1
    """)
    live.change("return 1", "return 2")

    assert module.hooks == [module.hit]


def test_own_registry_that_is_kept(live: LiveModule) -> None:
    module = live.start("""
        hooks = []
        def hook(f):
            hooks.append(f)
            return f
        @hook
        def hit(): return 1
    """)
    held = [module.hooks]
    live.change("return 1", "return 2", keep=("hooks",))

    assert module.hooks is held[0]
    assert len(held[0]) == 1
    assert held[0][0] is module.hit


def test_registry_of_wrapped_functions(live: LiveModule) -> None:
    other = live.other("""
        import functools
        hooks = []
        def hook(f):
            @functools.wraps(f)
            def wrapper(): return ("hook", f())
            hooks.append(wrapper)
            return wrapper
    """)
    module = live.start("from OTHER import hook\n@hook\ndef hit(): return 1\n")
    live.change("return 1", "return 2")

    assert other.hooks == [module.hit]
    assert other.hooks[0]() == ("hook", 2)


def test_registry_of_bare_functions_behind_a_wrapper(live: LiveModule) -> None:
    other = live.other("""
        hooks = []
        def hook(f):
            hooks.append(f)
            def wrapper(): return ("hook", f())
            return wrapper
    """)
    module = live.start("from OTHER import hook\n@hook\ndef hit(): return 1\n")
    live.change("return 1", "return 2")

    assert [hook() for hook in other.hooks] == [2]
    assert module.hit() == ("hook", 2)


def test_registry_that_holds_pairs(live: LiveModule) -> None:
    other = live.other("""
        routes = []
        def route(path):
            def register(f):
                routes.append((path, f))
                return f
            return register
    """)
    module = live.start("""
        from OTHER import route
        @route("/a")
        def a(): return 1
        @route("/b")
        def b(): return 1
    """)
    live.change("return 1", "return 2")

    assert other.routes == [("/a", module.a), ("/b", module.b)]


@pytest.mark.one_mode("nothing is registered twice")
def test_registry_that_forbids_doubles_stops_the_reload_and_nothing_changes(
    live: LiveModule,
) -> None:
    other = live.other("""
        hooks = {}
        class Taken(Exception): pass
        def hook(f):
            if f.__name__ in hooks: raise Taken(f.__name__)
            hooks[f.__name__] = f
            return f
    """)
    module = live.start("from OTHER import hook\n@hook\ndef hit(): return 1\n")
    held = [module.hit]
    with pytest.raises(other.Taken):
        live.change("return 1", "return 2")

    assert other.hooks == {"hit": module.hit}
    assert module.hit is held[0]
    assert held[0]() == 1


def test_registry_in_the_module_filled_from_elsewhere_can_be_kept(live: LiveModule) -> None:
    module = live.start("hooks = {}\ndef hit(): return 1\n__livepatch_keep__ = ('hooks',)\n")
    other = live.other("from LIVE import hooks\ndef heal(): pass\nhooks['heal'] = heal\n")
    live.change("return 1", "return 2")

    assert module.hooks is other.hooks
    assert module.hooks == {"heal": other.heal}


def test_subclasses_of_a_builtin_base_name_each_once(live: LiveModule) -> None:
    module = live.start("class GameError(Exception):\n    def code(self): return 1\n")
    live.change("return 1", "return 2")
    own = [c for c in Exception.__subclasses__() if c.__module__ == live.name]

    assert own == [module.GameError]


def test_subclasses_keep_their_order(live: LiveModule) -> None:
    other = live.other("class Base: pass\n")
    source = "from OTHER import Base\nclass A(Base):\n    def hit(self): return 1\n"
    module = live.start(source)
    late = [type("Late", (other.Base,), {})]
    live.change("return 1", "return 2")

    assert set(other.Base.__subclasses__()) == {module.A, late[0]}
    assert len(other.Base.__subclasses__()) == 2


def test_registration_added_for_another_definition_leaves_the_first_alone(live: LiveModule) -> None:
    other = live.other("hooks = []\ndef hook(f):\n    hooks.append(f)\n    return f\n")
    module = live.start("from OTHER import hook\n@hook\ndef a(): return 1\ndef b(): return 1\n")
    held = [module.b]
    live.change("def b", "@hook\ndef b")

    assert other.hooks == [module.a, module.b]
    assert held[0] is module.b


def test_dispatcher_elsewhere_with_the_class_as_its_key(live: LiveModule) -> None:
    other = live.other("""
        rules = {}
        def rule(kind):
            def register(f):
                rules[kind] = f
                return f
            return register
    """)
    source = """
        from OTHER import rule
        class Player: pass
        @rule(Player)
        def judge(player): return 1
    """
    module = live.start(source)
    held = [module.Player()]
    live.edit(source.replace("class Player", "class Base: pass\n        class Player(Base)"))

    assert list(other.rules) == [module.Player]
    assert other.rules[type(held[0])] is module.judge


def test_refused_reload_leaves_a_foreign_registry_without_losers(live: LiveModule) -> None:
    other = live.other("kinds = []\ndef kind(c):\n    kinds.append(c)\n    return c\n")
    source = "from OTHER import kind\n@kind\nclass Player(int): pass\n"
    module = live.start(source)
    players = [module.Player()]
    with pytest.raises(livepatch.ReloadRefused):
        live.change("(int)", "(str)")

    assert module.Player in other.kinds
    assert type(players[0]) is module.Player


def test_class_that_a_base_keeps_in_a_list_is_reported_under_its_own_name(
    live: LiveModule,
) -> None:
    source = """
        class Base:
            seen = []
            def __init_subclass__(cls):
                cls.seen.append(cls)
        class A(Base):
            x = 1
    """
    module = live.start(source)
    report = live.edit(source.replace("x = 1", "x = 2"))
    outcomes = {each.path: each.outcome.value for each in report.definitions}

    assert module.Base.seen == [module.A]
    assert outcomes[f"{live.name}.A"] == ("updated" if live.strategy == "auto" else "replaced")
