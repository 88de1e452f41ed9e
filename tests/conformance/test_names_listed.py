"""What a module lists as its names where it computes them: as a fresh import would have it."""

from __future__ import annotations

import pytest

from tests.conformance.test_many_modules import Shop
from tests.live import LiveModule, Rerun

pytestmark = pytest.mark.sampled(8)

PART = "__all__ = ['hit', 'miss']\ndef hit(): return 1\ndef miss(): return 2\n"
LESS = "__all__ = ['hit', 'throw']\ndef hit(): return 1\ndef throw(): return 3\n"
LISTS = {
    "the lists of what is imported": (
        "import sys\nfrom .part import *\n"
        "__all__ = sum((sys.modules[f'{__package__}.{m}'].__all__ for m in ['part']), [])\n"
        "__all__ += ['own']\n"
    ),
    "a list that is gone on with": (
        "from . import part\nfrom .part import *\n__all__ = ['own']\n__all__ += part.__all__\n"
    ),
    "a list that is extended": (
        "from . import part\nfrom .part import *\n__all__ = ['own']\n__all__.extend(part.__all__)\n"
    ),
    "a function that lists": (
        "from . import part\nfrom .part import *\n"
        "def names(module): return [*module.__all__, 'own']\n"
        "__all__ = names(part)\n"
    ),
    "all there is": ("from .part import *\n__all__ = [each for each in dir() if each[0] != '_']\n"),
}


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("source", LISTS.values(), ids=list(LISTS))
def test_a_list_of_names_that_is_computed_has_those_there_are(
    live: LiveModule, source: str, rerun: Rerun
) -> None:
    source = f"def own(): return 0\n{source}"
    user = "from .lists import *\ndef use(): return 0\n"
    shop = Shop(live, part=PART, lists=source, __init__=user)
    shop.write(part=LESS, __init__=user.replace("0", "throw()").replace("lists", " lists"))
    report = shop.reload(rerun=rerun)

    assert {"hit", "own", "throw"} <= {*live.module.lists.__all__}
    assert "miss" not in live.module.lists.__all__
    assert len(live.module.lists.__all__) == len({*live.module.lists.__all__})
    assert live.module.use() == 3
    assert not hasattr(live.module, "miss")
    assert not [each for each in report.notices if each.code == "LP313"], report


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_function_becomes_an_imported_one_that_goes_on_as_it_was(
    live: LiveModule, rerun: Rerun
) -> None:
    shop = Shop(
        live,
        compat="def each(): return 1\n",
        __init__="from . import compat\ndef _each(): return 2\ndef use(): return _each()\n",
    )
    held, each = [live.module._each], live.module.compat.each
    shop.write(
        __init__="from . import compat\nfrom .compat import each as _each\n"
        "def use(): return _each() + 2\n"
    )
    report = shop.reload(rerun=rerun)

    assert held == [live.module._each] == [live.module.compat.each] == [each]
    assert live.module.use() == 3

    report.undo()

    assert live.module.use() == 2
    assert live.module.compat.each is each


RENAMING = """
import sys
from . import part
from .part import *
for name in ("hit",):
    setattr(sys.modules[__name__], name, getattr(part, f"{name}_all"))
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_name_that_a_loop_has_set_behind_a_star_import_is_what_the_loop_set(
    live: LiveModule, rerun: Rerun
) -> None:
    part = "def hit(): return 1\ndef hit_all(): return [1]\n"
    shop = Shop(live, part=part, __init__=RENAMING)
    held = [live.module.hit]
    shop.write(part=part.replace("[1]", "[2]") + "def miss(): return 0\n")
    shop.reload(rerun=rerun)

    assert live.module.hit() == held[0]() == [2]
    assert held[0] is live.module.hit is live.module.part.hit_all
    assert live.module.miss() == 0

    shop.write(__init__=RENAMING.replace('("hit",)', '("miss",)').replace("_all", ""))
    shop.write(part=part + "def miss(): return 3\ndef throw(): pass\n")
    shop.reload(rerun=rerun)

    assert live.module.hit() == 1
    assert live.module.miss() == 3


CIRCLES = {
    "made here": (
        "from . import lib\n__all__ = ['hit', 'miss']\ndef hit(): return 1\ndef miss(): return 2\n",
        "from . import lib\n__all__ = ['hit']\ndef hit(): return 3\n",
    ),
    "made by an import of everything": (
        "from .core import *\nfrom . import lib\n__all__ = ['hit', 'miss']\nNAMES = dir()\n",
        "from .core import *\nfrom . import lib\n__all__ = ['hit']\nNAMES = dir()\n",
    ),
}


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("sources", CIRCLES.values(), ids=list(CIRCLES))
def test_a_name_that_has_gone_is_not_asked_for_in_a_circle(
    live: LiveModule, sources: tuple[str, str], rerun: Rerun
) -> None:
    lib = "from LIVE import *\ndef use(): return 1\n"
    shop = Shop(
        live,
        core="def hit(): return 1\ndef miss(): return 2\n",
        lib=lib,
        __init__=sources[0],
    )
    shop.write(core="def hit(): return 3\n", __init__=sources[1])
    shop.write(lib=lib.replace("1", "2").replace("LIVE", live.name))
    shop.reload(rerun=rerun)

    assert (live.module.hit(), live.module.lib.use()) == (3, 2)
    assert live.module.__all__ == ["hit"]
    assert not hasattr(live.module, "miss")
