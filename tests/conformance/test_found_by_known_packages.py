"""What upgrades of well-known packages found that had not been tried before, made small."""

from __future__ import annotations

import pytest

from livepatch.testing import assert_current
from tests.conformance.test_many_modules import Shop
from tests.live import LiveModule

pytestmark = pytest.mark.parametrize("rerun", ["all", "changed"])

EXTENDED = (
    "from .core import *\nfrom . import extra\n__all__ = core.__all__\n__all__.append('extra')\n"
)
CORE = "__all__ = ['near']\ndef near(): return 1\n"


def test_a_package_may_have_added_to_the_list_of_a_part_that_it_imports_whole(
    live: LiveModule,
) -> None:
    shop = Shop(live, __init__=EXTENDED, core=CORE, extra="")
    shop.write(core=CORE + "import math\ndef far(): return math.pi\n")
    shop.reload()

    assert live.module.near() == 1
    assert live.module.__all__ is shop.part("core").__all__
    assert {*live.module.__all__} == {"near", "extra"}


def test_a_list_that_says_what_has_gone_is_an_error_as_ever(live: LiveModule) -> None:
    shop = Shop(live, __init__=EXTENDED, core=CORE, extra="")
    shop.write(core=CORE.replace("def near", "def other"))
    before = shop.state()

    with pytest.raises(AttributeError, match="near"):
        shop.reload()

    assert shop.state() == before


LOOKED_FOR = """
    class Meta(type):
        def __init__(cls, name, bases, attrs):
            if "Entity" in globals():
                if "limit" in attrs: raise TypeError("an entity has no limit")
                cls.base = Entity
    class Entity(metaclass=Meta):
        limit = 1
    class Person(Entity):
        def name(self): return "ada"
"""


@pytest.mark.parametrize("edit", [("ada", "bob"), ("limit = 1", "limit = 2")])
def test_a_metaclass_may_look_among_the_globals_for_the_first_class_it_makes(
    live: LiveModule, edit: tuple[str, str]
) -> None:
    module = live.start(LOOKED_FOR)
    held, person = module.Entity, module.Person()
    live.edit(LOOKED_FOR.replace(*edit))

    assert module.Entity is held or module.Entity.limit == 2
    assert type(person) is module.Person
    assert module.Person.base is module.Entity
    assert_current(module)


def test_part_stays_imported_where_the_package_names_it_no_more(live: LiveModule) -> None:
    source = "from .part import f\ndef g(): return f()\n"
    part = f"from {live.name} import tools\ndef f(): return tools.one()\n"
    shop = Shop(
        live, __init__=f"from . import tools\n{source}", tools="def one(): return 1\n", part=part
    )
    edited = part.replace("def f():", "def f(x=2):").replace("tools.one()", "tools.one() + x")
    shop.write(__init__=source + "H = g()\n", part=edited)
    shop.reload()

    package = {each.__name__: each for each in shop.modules()}[live.name]
    assert (package.g(), package.H) == (3, 3)
