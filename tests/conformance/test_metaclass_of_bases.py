"""A base gets a metaclass: so do the classes of other modules that derive from it.

CPython gives a class no other metaclass in place of ``type``; such a class is copied, and its copy
stands for it everywhere.
"""

from __future__ import annotations

from typing import Any

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["all", "changed"]),
    pytest.mark.sampled(5),
]

PLAIN = """
class Base:
    def run(self): return 1
class Unlike: pass
"""
BELOW = """
from LIVE import Base
class Done(Base):
    def run(self): return 3
class Lacking(Base):
    def __init__(self): self.name = "ada"
    def called(self): return __class__, super().run()
class Further(Lacking):
    def run(self): return 4
held = [Done(), Lacking(), Further()]
table = {Lacking: 1}
"""
ABSTRACT = """
from abc import ABC, abstractmethod
class Base(ABC):
    @abstractmethod
    def run(self): return 2
class Unlike: pass
"""
PROTOCOL = """
from typing import Protocol, runtime_checkable
@runtime_checkable
class Base(Protocol):
    def run(self): return 2
class Unlike: pass
"""
OWN = """
class Meta(type):
    made = []
    def __init__(cls, *given):
        super().__init__(*given)
        Meta.made.append(cls.__name__)
    @property
    def title(cls): return cls.__name__.title()
class Base(metaclass=Meta):
    def run(self): return 2
class Unlike: pass
"""


def reload_base(live: LiveModule, source: str) -> tuple[Any, Any, livepatch.Report]:
    module = live.start(PLAIN)
    below = live.other(BELOW)
    return module, below, live.edit(source)


def test_classes_elsewhere_become_abstract_with_their_base(live: LiveModule) -> None:
    module, below, report = reload_base(live, ABSTRACT)
    done, lacking, further = below.held

    assert [type(each) for each in below.held] == [below.Done, below.Lacking, below.Further]
    assert type(below.Lacking) is type(module.Base)
    assert isinstance(further, below.Lacking)
    assert not isinstance(done, below.Lacking)
    assert lacking.called() == (below.Lacking, 2)
    assert lacking.name == "ada"
    assert below.table == {below.Lacking: 1}
    with pytest.raises(TypeError, match="abstract"):
        below.Lacking()
    assert below.Further().run() == 4
    assert report.ok


def test_undo_of_what_classes_elsewhere_became(live: LiveModule) -> None:
    module, below, report = reload_base(live, ABSTRACT)
    report.undo()

    assert type(below.Lacking) is type
    assert [type(each) for each in below.held] == [below.Done, below.Lacking, below.Further]
    assert below.Lacking().called() == (below.Lacking, 1)
    assert below.Further.__mro__[1:3] == (below.Lacking, module.Base)
    assert below.table == {below.Lacking: 1}


def test_class_elsewhere_implements_what_is_a_protocol_now(live: LiveModule) -> None:
    module, below, _ = reload_base(live, PROTOCOL)

    assert isinstance(below.held[1], module.Base)
    assert isinstance(below.held[2], below.Lacking)  # a class, and no protocol
    assert not isinstance(below.held[0], below.Lacking)
    assert below.Lacking().called() == (below.Lacking, 2)


def test_classes_elsewhere_have_a_metaclass_of_their_base(live: LiveModule) -> None:
    module, below, _ = reload_base(live, OWN)

    assert {type(each) for each in (below.Done, below.Lacking, below.Further)} == {module.Meta}
    assert below.Further.title == "Further"
    assert module.Meta.made == ["Base"]  # no class statement of theirs has run
    assert below.held[1].called() == (below.Lacking, 2)


def test_a_dry_run_makes_no_copy(live: LiveModule) -> None:
    live.start(PLAIN)
    below = live.other(BELOW)
    before = [below.Done, below.Lacking, below.Further]
    live.edit(ABSTRACT, dry_run=True)

    assert [below.Done, below.Lacking, below.Further] == before
    assert before[1].__subclasses__() == [below.Further]
    assert before[1].__base__.__subclasses__() == [below.Done, below.Lacking]
