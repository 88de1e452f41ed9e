"""Data that other modules imported by name or computed something from."""

from __future__ import annotations

import gc
import sys

import pytest

import livepatch
from livepatch._plan.importers import importers_of
from livepatch._source.origin import _digests, _names
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)


def codes(report: livepatch.Report) -> set[str]:
    return {notice.code for notice in report.notices}


def computed(report: livepatch.Report) -> set[str]:
    return {notice.path for notice in report.notices if notice.code == "LP312"}


def test_imported_constant(live: LiveModule) -> None:
    live.start("LIMIT = 10\n")
    other = live.other("from LIVE import LIMIT\n")
    report = live.edit("LIMIT = 20\n")

    assert other.LIMIT == 20
    assert report.references == {"imported name": 1}

    report.undo()
    assert other.LIMIT == live.module.LIMIT == 10


@pytest.mark.parametrize(
    "statement", ["from LIVE import LIMIT as TOP", "from LIVE import *\nTOP = None\ndel TOP"]
)
def test_aliased_and_starred(live: LiveModule, statement: str) -> None:
    live.start("LIMIT = 10\n")
    other = live.other(f"{statement}\n")
    live.edit("LIMIT = 20\n")

    assert getattr(other, "TOP" if "TOP" in vars(other) else "LIMIT") == 20


def test_only_while_it_has_the_old_value(live: LiveModule) -> None:
    live.start("LIMIT = 10\n")
    other = live.other("from LIVE import LIMIT\n")
    other.LIMIT = 11
    live.edit("LIMIT = 20\n")

    assert other.LIMIT == 11


def test_an_equal_value_that_was_not_imported_stays(live: LiveModule) -> None:
    live.start("LIMIT = 10\n")
    other = live.other("import LIVE\nTEN = 10\n")
    live.edit("LIMIT = 20\n")

    assert other.TEN == 10


def test_container_made_anew_is_one(live: LiveModule) -> None:
    live.start("CACHE = {}\ndef f(): return 1\n")
    other = live.other("from LIVE import CACHE\n")
    report = live.edit("CACHE = {}\ndef f(): return 2\n")

    assert other.CACHE is live.module.CACHE
    assert "LP302" not in codes(report)


def test_through_a_module_in_between(live: LiveModule) -> None:
    live.package(__init__="from .config import LIMIT\n", config="LIMIT = 10\n")
    other = live.other("from LIVE import LIMIT\n")
    (live.root / live.name / "config.py").write_text("LIMIT = 20\n")
    livepatch.reload(f"{live.name}.config", strategy=live.strategy, rerun=live.rerun)

    assert live.module.LIMIT == other.LIMIT == 20


def test_what_was_computed_is_named(live: LiveModule) -> None:
    live.start("LIMIT = 10\ndef scale(): return 2\n")
    live.other(
        """
        import LIVE
        from LIVE import LIMIT, scale
        DOUBLE = LIMIT * 2
        TRIPLE = LIVE.LIMIT * 3
        MADE = scale()
        class Shelf:
            width = LIMIT
        def f(x=LIMIT): return x
        def g(): return scale() + LIMIT
        OTHER = 1
        """
    )
    report = live.edit("LIMIT = 20\ndef scale(): return 3\n")

    names = {path.partition(".")[2] for path in computed(report)}
    assert names == {"DOUBLE", "TRIPLE", "MADE", "Shelf.width", "f"}


def test_nothing_is_named_where_nothing_changed(live: LiveModule) -> None:
    live.start("LIMIT = 10\ndef f(): return 1\n")
    live.other("from LIVE import LIMIT\nDOUBLE = LIMIT * 2\n")
    report = live.edit("LIMIT = 10\ndef f(): return 2\n")

    assert computed(report) == set()


def test_dependents_are_reloaded_too(live: LiveModule) -> None:
    live.start("LIMIT = 10\ndef scale(): return 2\n")
    other = live.other("from LIVE import LIMIT, scale\nDOUBLE = LIMIT * 2\nMADE = scale()\n")
    report = live.edit("LIMIT = 20\ndef scale(): return 3\n", dependents=True)

    assert (other.DOUBLE, other.MADE) == (40, 3)
    assert set(report.modules) == {live.name, live.other_name}
    assert computed(report) == set()


def test_dependents_of_dependents_by_way_of_a_module_that_stays(live: LiveModule) -> None:
    live.package(__init__="from .config import LIMIT as TOP\n", config="LIMIT = 10\n")
    other = live.other("from LIVE import TOP\nDOUBLE = TOP * 2\n")
    (live.root / live.name / "config.py").write_text("LIMIT = 20\n")
    livepatch.reload(
        f"{live.name}.config", strategy=live.strategy, rerun=live.rerun, dependents=True
    )

    assert other.DOUBLE == 40
    assert live.module.TOP == 20


def test_modules_that_only_import_are_no_dependents(live: LiveModule) -> None:
    live.start("LIMIT = 10\n")
    live.other("from LIVE import LIMIT\ndef f(): return LIMIT\n")
    report = live.edit("LIMIT = 20\n", dependents=True)

    assert report.modules == (live.name,)


def test_failing_dependent_takes_all_back(live: LiveModule) -> None:
    live.start("LIMIT = 10\n")
    other = live.other("from LIVE import LIMIT\nHALF = 10 // (20 - LIMIT)\n")

    with pytest.raises(ZeroDivisionError):
        live.edit("LIMIT = 20\n", dependents=True)
    assert (live.module.LIMIT, other.LIMIT, other.HALF) == (10, 10, 1)


def test_a_dry_run_changes_no_imported_name(live: LiveModule) -> None:
    live.start("LIMIT = 10\n")
    other = live.other("from LIVE import LIMIT\n")
    live.edit("LIMIT = 20\n", dry_run=True)

    assert other.LIMIT == 10


@pytest.mark.one_mode("what was computed is kept, and named")
def test_name_in_a_module_that_runs_by_way_of_one_that_does_not(live: LiveModule) -> None:
    live.package(
        __init__="from .config import LIMIT\n",
        config="LIMIT = 10\n",
        user="from . import LIMIT\nDOUBLE = LIMIT * 2\n",
    )
    __import__(f"{live.name}.user")
    user = sys.modules[f"{live.name}.user"]
    (live.root / live.name / "config.py").write_text("LIMIT = 20\n")
    livepatch.reload(
        f"{live.name}.user", f"{live.name}.config", strategy=live.strategy, rerun=live.rerun
    )

    assert (user.LIMIT, user.DOUBLE, live.module.LIMIT) == (20, 40, 20)


def test_by_the_package_from_inside_it(live: LiveModule) -> None:
    live.package(__init__="LIMIT = 1000\nfrom . import part\n", part="from . import LIMIT\n")
    live.path.write_text("LIMIT = 2000\nfrom . import part\n")
    live.reload()

    assert live.module.part.LIMIT == 2000


def importers_named(live: LiveModule, stem: str) -> list[str]:
    return [each.name for each in importers_of([f"{live.name}.{stem}"], ())]


@pytest.mark.parametrize(
    "statement",
    [
        "from LIVE.config import LIMIT",
        "from LIVE import config",
        "import LIVE.config",
        "import LIVE.config as settings",
        "import LIVE",
    ],
)
def test_who_imports_it_is_an_importer(live: LiveModule, statement: str) -> None:
    live.package(__init__="from . import config\n", config="LIMIT = True\n")
    live.other(f"{statement}\nLIMIT = True\nconfig = LIVE.config if 'LIVE' in dir() else None\n")
    (live.root / live.name / "config.py").write_text("LIMIT = False\n")
    livepatch.reload(f"{live.name}.config", strategy=live.strategy, rerun=live.rerun)

    assert live.other_name in importers_named(live, "config")


def test_who_has_a_name_of_its_own_like_the_module_is_none(live: LiveModule) -> None:
    live.package(__init__="from . import config\n", config="LIMIT = True\n")
    live.other("import json as LIVE\nLIMIT = True\nconfig = LIMIT\n")
    (live.root / live.name / "config.py").write_text("LIMIT = False\n")
    livepatch.reload(f"{live.name}.config", strategy=live.strategy, rerun=live.rerun)

    assert importers_named(live, "config") == [live.name]


def test_what_is_known_of_an_importer_goes_with_it(live: LiveModule) -> None:
    live.start("LIMIT = True\n")
    key = id(live.other("LIMIT = True\n"))
    live.edit("LIMIT = False\n")
    known = key in _digests and key in _names
    del sys.modules[live.other_name]
    gc.collect()

    assert known
    assert key not in _digests
    assert key not in _names


FIELDS = {
    "dataclass": ("import dataclasses\n", "@dataclasses.dataclass\n", ""),
    "attrs": ("import attrs\n", "@attrs.define(slots=False)\n", ""),
    "pydantic": ("import pydantic\n", "", "pydantic.BaseModel"),
}


@pytest.mark.parametrize(("imports", "decorator", "base"), FIELDS.values(), ids=FIELDS.keys())
def test_fields_that_a_class_elsewhere_took_from_its_base_are_named(
    live: LiveModule, imports: str, decorator: str, base: str
) -> None:
    source = f"{imports}{decorator}class Base({base}):\n    x: int = 1\n"
    live.start(source)
    below = f"{decorator}class Below(Base):\n    y: int = 2\n"
    start = f"{imports}from {live.name} import Base\n"
    other = live.other(f"{start}{below}class Plain(Base): pass\n")
    report = live.edit(source + "    z: int = 3\n")

    named = {each.path for each in report.notices if each.code == "LP312"}
    assert f"{other.__name__}.Below" in named
    # A model's metaclass lists the fields whether its class has any or not.
    assert (f"{other.__name__}.Plain" in named) is (base != "")
    report = live.edit(source + "    z: int = 4\n")
    assert [each for each in report.notices if each.code == "LP312"] == []


def test_a_class_elsewhere_that_made_its_fields_is_reloaded_as_a_dependent(
    live: LiveModule,
) -> None:
    source = "import dataclasses\n@dataclasses.dataclass\nclass Base:\n    x: int = 1\n"
    live.start(source)
    below = "@dataclasses.dataclass\nclass Below(Base):\n    y: int = 2\n"
    other = live.other(f"import dataclasses\nfrom {live.name} import Base\n{below}")
    instance = other.Below()
    report = live.edit(source + "    z: int = 3\n", dependents=True)

    assert [each.code for each in report.notices if each.code == "LP312"] == []
    assert other.Below(1, 3, 2).z == instance.z == 3


BUS = """
    class Base:
        def on(self, f):
            self.handlers.append((0, f))
            return f
    class Bus(Base):
        def __init__(self): self.handlers = []
        def size(self): return len(self.handlers)
    bus = Bus()
"""


def test_what_a_method_of_an_object_has_decorated_elsewhere_is_named(live: LiveModule) -> None:
    """A plain function that decorates was named, and `@bus.on` was not."""
    module = live.start(BUS)
    other = live.other(
        f"from {live.name} import bus, Bus\n@bus.on\ndef hello(): return 1\n"
        "def plain(): return bus.size()\nNUMBER = 1\n"
    )
    report = live.edit(BUS.replace("(0, f)", "(0, f, f.__name__)"), rerun="changed")

    named = [(each.code, each.path) for each in report.notices]
    assert named == [("LP312", f"{other.__name__}.hello")]
    assert module.Base.on is module.Bus.on
    report = live.edit(live.source.replace("len(", "1 + len("), rerun="changed")
    assert report.notices == ()
