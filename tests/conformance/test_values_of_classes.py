"""Class attributes whose live value stays, and what else the new code took the new value for."""

from __future__ import annotations

from textwrap import dedent

import pytest

import livepatch
from tests.codes import named
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

OPTION = """
    class Missing: pass
    class Option:
        missing = Missing()
        def __init__(self, default=missing): self.default = default
        def given(self): return self.default is not self.missing
"""


def test_a_default_is_the_class_attribute_it_was_taken_from(live: LiveModule) -> None:
    module = live.start(OPTION)
    missing, option = module.Option.missing, module.Option()
    live.change("default=missing", "default=missing, name='a'")

    assert module.Option.missing is missing
    assert module.Option.__init__.__defaults__[0] is missing
    assert not module.Option().given()
    assert not option.given()


def test_undo_gives_the_default_back_as_well(live: LiveModule) -> None:
    module = live.start(OPTION)
    missing = module.Option.missing
    report = live.change("default=missing", "default=missing, name='a'")
    report.undo()

    assert module.Option.__init__.__defaults__ == (missing,)
    assert module.Option.missing is missing


def test_a_table_made_from_a_class_attribute_that_stays_has_the_live_value(
    live: LiveModule,
) -> None:
    module = live.start(OPTION)
    missing = module.Option.missing
    live.edit(OPTION + "    TABLE = {'missing': Option.missing}\n")

    assert module.TABLE["missing"] is module.Option.missing is missing


def test_an_object_that_was_there_before_the_load_is_not_taken_for_a_new_one(
    live: LiveModule,
) -> None:
    other = live.other("class Box: pass\nSHARED = Box()\n")
    source = (
        "import OTHER\nclass Player:\n    box = OTHER.SHARED\n    def get(self, box=box): pass\n"
    )
    module = live.start(source)
    shared = module.Player.box
    own = module.Player.box = type(shared)()
    live.edit(source.replace("box=box", "box=box, n=1"))
    kept = [shared]

    assert module.Player.box is own
    assert module.Player.get.__defaults__[0] is shared
    assert kept[0] is other.SHARED is shared


def test_a_value_made_by_an_init_that_has_changed_is_made_anew(live: LiveModule) -> None:
    module = live.start(
        """
        class Rule:
            def __init__(self): self.text = "a"
        class Grammar:
            rule = Rule()
            count = []
        """
    )
    module.Grammar.count.append(1)
    report = live.change('self.text = "a"', 'self.text, self.width = "a", 1')

    assert module.Grammar.rule.width == 1
    assert module.Grammar.count == [1]
    assert [each.code for each in report.notices if each.path.endswith("rule")] == ["LP304"]


def test_a_decorator_of_another_module_makes_the_same_name_again(live: LiveModule) -> None:
    live.package(
        __init__="from LIVE import tools, game",
        tools=dedent("""
            import functools
            def renamed(name, function):
                @functools.wraps(function)
                def inner(*args): return function(*args)
                inner.__name__ = name
                return inner
        """),
        game=dedent("""
            from LIVE.tools import renamed
            class Player:
                def hit_points(self): return 1
                hitPoints = renamed("hitPoints", hit_points)
            def play_on(): return 1
            playOn = renamed("playOn", play_on)
        """),
    )
    package = live.module
    modules = [package.tools, package.game, package]
    held = [package.game.Player.hitPoints, package.game.playOn]
    game = live.root / live.name / "game.py"
    game.write_text(game.read_text("utf-8").replace("return 1", "return 2"), "utf-8")
    report = livepatch.reload(*modules, strategy=live.strategy, rerun=live.rerun)

    assert held == [package.game.Player.hitPoints, package.game.playOn]
    assert held[0](package.game.Player()) == held[1]() == 2
    assert not named(report.notices, "monkeypatch", "hitPoints")


def test_a_value_that_could_not_go_over_to_the_old_class_is_not_missed(live: LiveModule) -> None:
    # attrs gives a slot to weak references, so an instance of the new class cannot become one of
    # the old; where a live value stays in its place, it need not.
    module = live.start(
        """
        import attrs
        @attrs.define
        class Rule:
            text: str = "a"
        class Grammar:
            rule = Rule()
            def get(self, rule=rule): return rule
        """
    )
    rule = module.Grammar.rule
    live.change("rule=rule", "rule=rule, other=1")

    assert module.Grammar.rule is module.Grammar().get() is rule
    assert type(rule) is module.Rule


COUNTED = """
    class Item:
        count = 0
        @classmethod
        def next_id(cls):
            Item.count += 1
            return Item.count
    class First(Item):
        id = Item.next_id()
    class Second(Item):
        id = Item.next_id()
        top = Item.next_id()
        @classmethod
        def grow(cls): cls.top += 100
    TABLE = {First.id: "first", Second.id: "second"}
    def name(item): return TABLE[item.id]
"""


@pytest.mark.one_mode("what is not made again keeps its number")
def test_a_number_that_a_class_of_the_reload_gives_is_the_one_that_tables_have(
    live: LiveModule,
) -> None:
    module = live.start(COUNTED)
    first, second = module.First(), module.Second()
    second.grow()
    report = live.edit(COUNTED.replace("class First", "ZERO = Item.next_id()\n    class First"))

    assert (first.id, second.id) == (2, 3)
    assert [module.name(each) for each in (first, second)] == ["first", "second"]
    told = {(each.code, each.path) for each in report.notices}
    assert {("LP304", f"{live.name}.{name}.id") for name in ("First", "Second")} <= told
    # What the code assigns somewhere is state.
    assert module.Second.top == 103
    assert ("LP303", f"{live.name}.Second.top") in told

    report.undo()

    assert [module.name(each) for each in (first, second)] == ["first", "second"]
    assert (first.id, second.id) == (1, 2)


OPTIONS = """
    TABLE = {"a": 1}
    class Image:
        options = {"height": 1}
        @classmethod
        def known(cls): return dict(cls.options)
    class Video(Image): pass
    class Figure(Image):
        options = Image.options.copy()
        options["width"] = 1
        inherited = dict(Video.options)
        other = dict(height=Image.known)
"""
USERS = (
    "import LIVE\nclass User:\n    table = dict(LIVE.TABLE)\n    options = [*LIVE.Image.options]\n"
)


def test_a_class_attribute_made_from_that_of_another_class_follows_its_statement(
    live: LiveModule,
) -> None:
    module = live.start(OPTIONS)
    figure = module.Figure()
    other = figure.other
    live.edit(OPTIONS.replace('"height": 1', '"height": 1, "loading": 2'))

    assert figure.options == {"height": 1, "loading": 2, "width": 1}
    assert figure.inherited == {"height": 1, "loading": 2}
    # What says the same of the same methods is state.
    assert figure.other is other


def test_undo_gives_an_attribute_made_from_that_of_another_class_back(live: LiveModule) -> None:
    module = live.start(OPTIONS)
    figure = module.Figure()
    report = live.edit(OPTIONS.replace('"height": 1', '"height": 1, "loading": 2'))
    report.undo()

    assert figure.options == {"height": 1, "width": 1}
    assert figure.inherited == {"height": 1}


def test_a_class_attribute_made_from_what_another_module_has_follows(live: LiveModule) -> None:
    module = live.start(OPTIONS)
    other = live.other(USERS)
    user = other.User()
    live.path.write_text(
        dedent(OPTIONS).replace('"a": 1', '"a": 2').replace('"height": 1', '"width": 2'), "utf-8"
    )
    livepatch.reload(module, other, strategy=live.strategy, rerun=live.rerun)

    assert (user.table, user.options) == ({"a": 2}, ["width"])


BORG = """
    class Visitor:
        def __init__(self): self.seen = []
        def visit(self): return 1
    class Manager:
        shared = {"cache": {}, "inner": {"visitor": Visitor()}, 1: [0], "limit": 5}
        def __init__(self):
            self.cache = Manager.shared["cache"]
            self.visitor = Manager.shared["inner"]["visitor"]
            self.first = Manager.shared[1]
    MANAGER = Manager()
"""


@pytest.mark.parametrize("edit", ["class Visitor", "class Base: pass\n    class Visitor(Base)"])
def test_what_was_taken_out_of_a_table_that_stays_is_what_is_live_there(
    live: LiveModule, edit: str
) -> None:
    module = live.start(BORG)
    module.MANAGER.cache["a"] = 1
    module.MANAGER.visitor.seen.append(2)
    text = BORG.replace("return 1", "return 2").replace("class Visitor", edit)
    report = live.edit(text.replace("MANAGER = ", "SECOND = MANAGER = "))

    for manager in (module.MANAGER, module.SECOND, module.Manager()):
        assert manager.cache is module.Manager.shared["cache"]
        assert manager.visitor is module.Manager.shared["inner"]["visitor"]
        assert manager.first is module.Manager.shared[1]
        assert (manager.cache, manager.visitor.seen) == ({"a": 1}, [2])
        assert manager.visitor.visit() == 2

    report.undo()

    assert module.MANAGER.cache is module.Manager().cache
    assert module.MANAGER.visitor.visit() == 1


ONE_FOR_ALL = """
    class Base:
        def __init__(self):
            self.size, self.texts = 1, []
        def text(self): return 1
    class Log(Base):
        one = None
        def __init__(self):
            if Log.one is None: Log.one = Base()
            self.__dict__ = Log.one.__dict__
    LOG = Log()
    class User:
        log = LOG
"""


def test_instances_that_share_their_attributes_still_do(live: LiveModule) -> None:
    module = live.start(ONE_FOR_ALL)
    held, one = module.Log(), module.Log.one
    module.LOG.texts.append("a")
    module.LOG.size = 2
    report = live.edit(ONE_FOR_ALL.replace("return 1", "return 2"))

    assert module.Log.one is one
    for log in (module.LOG, held, module.User.log, module.Log()):
        assert log.__dict__ is one.__dict__
        assert (log.size, log.texts, log.text()) == (2, ["a"], 2)
    assert report.ok

    report.undo()

    for log in (module.LOG, held, module.User.log, module.Log()):
        assert log.__dict__ is one.__dict__
        assert (log.size, log.texts, log.text()) == (2, ["a"], 1)


LISTED = """
    class Shell:
        def do_ls(self): return "ls"
        commands = {n: f for n, f in list(locals().items()) if n.startswith("do_")}
        names = [n for n in dir() if n.startswith("do_")]
        seen = {n for n in vars() if n.startswith("do_")}
        others = {"ls": 1}
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_table_of_what_the_class_binds_has_a_method_that_came(live: LiveModule, rerun: str) -> None:
    """Its own statement says the same, and was taken for one that gives the same."""
    module = live.start(LISTED)
    module.Shell.others["more"] = 2
    report = live.edit(
        LISTED.replace("commands", "def do_cd(self): pass\n        commands", 1), rerun=rerun
    )

    shell = module.Shell
    assert sorted(shell.commands) == sorted(shell.names) == sorted(shell.seen) == ["do_cd", "do_ls"]
    assert shell.commands["do_ls"] is shell.do_ls
    assert shell.others == {"ls": 1, "more": 2}
    assert report.ok
