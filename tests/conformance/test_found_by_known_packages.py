"""What upgrades of well-known packages found that had not been tried before, made small."""

from __future__ import annotations

import pytest

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
