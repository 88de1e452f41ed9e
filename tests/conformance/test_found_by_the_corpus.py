"""What upgrades of real packages left otherwise than a fresh process has it, made small."""

from __future__ import annotations

import pytest

from tests.conformance.test_many_modules import Shop
from tests.live import LiveModule, Rerun

pytestmark = pytest.mark.sampled(6)

TYPES = """
from typing import Optional
FIRST, SECOND = {}, {}
class Meta(type):
    def __init__(cls, name, bases, attributes):
        if attributes.get("second"): SECOND[name] = cls
        else: FIRST[name] = cls
class Base(metaclass=Meta): pass
class Text(Base):
    size = 1
    def text(self): return 1
SECOND.update((name, cls) for name, cls in FIRST.items() if name not in SECOND)
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("place", [", more: Optional[int] = None", "=None"])
def test_what_a_method_is_annotated_with_does_not_say_who_enters_its_class(
    live: LiveModule, rerun: Rerun, place: str
) -> None:
    module = live.start(TYPES)
    second = module.SECOND
    live.edit(TYPES.replace("text(self)", f"text(self, other{place})"), rerun=rerun)

    assert module.FIRST == {"Base": module.Base, "Text": module.Text} == module.SECOND
    assert module.SECOND is second or rerun == "all"


PARSER = """
class Meta(type):
    def __init__(cls, name, bases, attributes): cls.table = {}
class Parser(metaclass=Meta):
    size = 1
    @classmethod
    def register(cls, name): cls.table[name] = len(cls.table)
    @classmethod
    def unregister(cls, name): del cls.table[name]
Parser.register("a")
Parser.register("b")
"""
WORDS = {
    "methods": 'from .parser import Parser\nParser.unregister("a")\nParser.register("c")\n',
    "other names": (
        "from .parser import Parser\nregister = Parser.register\nunregister = Parser.unregister\n"
        'unregister("a")\nregister("c")\n'
    ),
}


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("words", WORDS)
def test_what_another_module_puts_into_a_class_is_there_where_the_class_is_made_again(
    live: LiveModule, rerun: Rerun, words: str
) -> None:
    shop = Shop(live, parser=PARSER, words=WORDS[words], __init__="from . import words\n")
    held = shop.part("parser").Parser
    assert held.table == {"b": 1, "c": 1}

    shop.write(parser=PARSER.replace("size = 1", "size = 2").replace('"b"', '"d"'))
    report = shop.reload(rerun=rerun)

    assert shop.part("parser").Parser.table == {"d": 1, "c": 1}
    assert shop.part("words").Parser is shop.part("parser").Parser
    assert not [each for each in report.notices if each.code == "LP313"], report

    report.undo()

    assert shop.part("parser").Parser.table == {"b": 1, "c": 1}


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_another_module_puts_into_data_is_there_where_the_data_are_made_anew(
    live: LiveModule, rerun: Rerun
) -> None:
    app = (
        "class App:\n    def __init__(self): self.urls = []\n"
        "    def add(self, view): self.urls.append(view)\n"
    )
    user = "from .app import app\nSTATE = []\ndef view(): return 1\napp.add(view)\n"
    shop = Shop(live, app=f"{app}app = App()\n", user=user, __init__="from . import user\n")
    state = shop.part("user").STATE
    shop.write(app=f"{app}app = [App()][0]\n")
    shop.reload(rerun=rerun)

    assert shop.part("app").app.urls == [shop.part("user").view]
    assert (shop.part("user").STATE is state) is (rerun == "changed")


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_another_name_for_data_that_are_made_anew_is_one_for_the_new(
    live: LiveModule, rerun: Rerun
) -> None:
    config = "CACHE, LIMIT = {}, 1\nSEEN = CACHE\nSECOND = CACHE\nMAX = LIMIT\n"
    user = "from .config import CACHE\nOWN = CACHE\n"
    shop = Shop(live, config=config, user=user, __init__="from . import user\n")
    kept = shop.part("config").SECOND = {}
    shop.write(config=config.replace("{}, 1", "dict(a=1), 2"))
    report = shop.reload(rerun=rerun)

    module = shop.part("config")
    assert module.SEEN is module.CACHE is shop.part("user").OWN
    assert module.CACHE == {"a": 1}
    if rerun == "changed":
        assert (module.SECOND is kept, module.MAX) == (True, 1)
        named = [each.path for each in report.notices if each.code == "LP313"]
        assert named == [f"{module.__name__}.SECOND", f"{module.__name__}.MAX"]


DIALECTS = """
class Tokenizer:
    def text(self): return 1
class Meta(type):
    def __init__(cls, name, bases, attributes):
        base = getattr(bases[0], "made_by", Tokenizer) if bases else Tokenizer
        cls.made_by = cls.__dict__.get("Tokenizer", type("Tokenizer", (base,), {}))
class Dialect(metaclass=Meta):
    class Tokenizer(Tokenizer):
        def text(self): return 2
class Athena(Dialect):
"""
OWN_ONE = """
    class Tokenizer(Dialect.Tokenizer):
        def text(self): return super().text() + 1
"""


@pytest.mark.sampled(1)
@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_class_that_a_metaclass_made_for_a_subclass_derives_from_what_there_is(
    live: LiveModule, rerun: Rerun
) -> None:
    module = live.start(DIALECTS + OWN_ONE)
    other = live.other("import LIVE\nclass Own(LIVE.Athena): pass\n")
    held, text = [module.Athena.Tokenizer], other.Own.made_by()
    assert text.text() == 3

    report = live.edit(f"{DIALECTS}    size = 1\n", rerun=rerun)

    assert held == [module.Athena.made_by]
    assert other.Own.made_by.__bases__ == (module.Athena.made_by,)
    assert type(text) is other.Own.made_by
    assert text.text() == 2
    moved = {each.path: each.previous for each in report.definitions if each.previous}
    assert moved == {f"{live.name}.Athena.made_by": f"{live.name}.Athena.Tokenizer"}
    assert report.ok, report

    report.undo()

    assert held == [module.Athena.Tokenizer]
    assert text.text() == 3


REGISTER = """
SEEN = {}
size = 1
def register(name, cls):
    if name in SEEN: raise ValueError(name)
    SEEN[name] = cls
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_a_module_registers_in_another_one_that_changes_is_registered_once(
    live: LiveModule, rerun: Rerun
) -> None:
    pattern = "from . import register\nclass Git: pass\nregister.register('git', Git)\n"
    start = "from . import pattern\n"
    shop = Shop(live, register=REGISTER, pattern=pattern, __init__=start)
    shop.write(register=REGISTER.replace("size = 1", "size = 2"))
    shop.write(__init__=f"{start}from . import register\n")
    shop.reload(rerun=rerun)

    seen = shop.part("register").SEEN
    assert seen == {"git": shop.part("pattern").Git}


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_package_with_a_part_that_is_called_as_a_module_it_imports(
    live: LiveModule, rerun: Rerun
) -> None:
    package = (
        "import typing\nif typing.TYPE_CHECKING: hit = 1\nelse: hit = 2\nfrom . import views\n"
    )
    shop = Shop(live, typing="kind = 1\n", views="from .typing import kind\n", __init__=package)
    part = live.module.typing
    shop.write(__init__=package.replace("= 2", "= 3"), typing="kind = 2\n")
    shop.reload(rerun=rerun)

    assert live.module.hit == 3
    assert live.module.typing is part
    assert part.kind == 2
