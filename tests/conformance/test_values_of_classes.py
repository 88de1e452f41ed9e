"""Class attributes whose live value stays, and what else the new code took the new value for."""

from __future__ import annotations

from textwrap import dedent

import livepatch
from tests.codes import named
from tests.live import LiveModule

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
    report = livepatch.reload(*modules, strategy=live.strategy)

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
