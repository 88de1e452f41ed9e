"""Decorators that refuse a second definition of a name: an edited one takes the place of its old.

Where only what changed runs, the register is the one that was there, and it has the old definition.
"""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.one_mode("in the other a register of the module's own is a new one"),
    pytest.mark.sampled(8),
]
REFUSE = "if {name} in {table}: raise KeyError({name})"


def _refusing(indent: str, table: str, put: str, name: str = "f.__name__") -> str:
    return f"{indent}{REFUSE.format(name=name, table=table)}\n{indent}{put}\n"


FUNCTION = "def dispatch(f):\n"
REGISTERS = {
    "dict": "KEPT = {}\n" + FUNCTION + _refusing("    ", "KEPT", "KEPT[f.__name__] = f; return f"),
    "wrapper": (
        "import functools\nKEPT = {}\n"
        + FUNCTION
        + "    @functools.wraps(f)\n    def inner(*a): return f(*a)\n"
        + _refusing("    ", "KEPT", "KEPT[f.__name__] = inner; return inner")
    ),
    "helper": (
        "KEPT = {}\ndef put(f):\n"
        + _refusing("    ", "KEPT", "KEPT[f.__name__] = f")
        + FUNCTION
        + "    put(f)\n    return f\n"
    ),
    "set of functions": (
        "KEPT = set()\n"
        + FUNCTION
        + _refusing("    ", "{each.__name__ for each in KEPT}", "KEPT.add(f); return f")
    ),
    "set of names": (
        "KEPT = set()\n" + FUNCTION + _refusing("    ", "KEPT", "KEPT.add(f.__name__); return f")
    ),
    "list of names": (
        "KEPT = []\n" + FUNCTION + _refusing("    ", "KEPT", "KEPT.append(f.__name__); return f")
    ),
    "texts by name": (
        "KEPT = {}\n"
        + FUNCTION
        + _refusing("    ", "KEPT", "KEPT[f.__name__] = f.__doc__; return f")
    ),
    "weak dict": (
        "import weakref\nKEPT = weakref.WeakValueDictionary()\n"
        + FUNCTION
        + _refusing("    ", "KEPT", "KEPT[f.__name__] = f; return f")
    ),
    "weak set": (
        "import weakref\nKEPT = weakref.WeakSet()\n"
        + FUNCTION
        + _refusing("    ", "{each.__name__ for each in KEPT}", "KEPT.add(f); return f")
    ),
    "closure": (
        "KEPT = {}\ndef make(table):\n    def inner(f):\n"
        + _refusing("        ", "table", "table[f.__name__] = f; return f")
        + "    return inner\ndispatch = make(KEPT)\n"
    ),
    "function in a closure": (
        "KEPT = {}\ndef make():\n    def put(f):\n"
        + _refusing("        ", "KEPT", "KEPT[f.__name__] = f; return f")
        + "    def inner(f):\n        if 0: later\n        return put(f)\n"
        + "    return inner\n    later = 1\ndispatch = make()\n"
    ),
    "partial": (
        "import functools\nKEPT = {}\ndef put(kind, f):\n"
        + _refusing("    ", "KEPT", "KEPT[f.__name__] = f; return f")
        + "dispatch = functools.partial(put, 'kind')\n"
    ),
    "bound method": (
        "KEPT = {}\nclass Kind:\n    def put(self, f):\n"
        + _refusing("        ", "KEPT", "KEPT[f.__name__] = f; return f")
        + "dispatch = Kind().put\n"
    ),
    "object": (
        "class Kind:\n    def __init__(self): self.kept = {}\n    def __call__(self, f):\n"
        + _refusing("        ", "self.kept", "self.kept[f.__name__] = f; return f")
        + "dispatch = Kind()\nKEPT = dispatch.kept\n"
    ),
    "class, its new": (
        "KEPT = {}\nclass dispatch:\n    def __new__(cls, f):\n"
        + _refusing("        ", "KEPT", "self = KEPT[f.__name__] = object.__new__(cls)")
        + "        self.f = f\n        return self\n"
        + "    def __call__(self, *a): return self.f(*a)\n"
    ),
    "class, its init": (
        "class dispatch:\n    kept = {}\n    def __init__(self, f):\n"
        + _refusing("        ", "self.kept", "self.kept[f.__name__] = self; self.f = f")
        + "    def __call__(self, *a): return self.f(*a)\nKEPT = dispatch.kept\n"
    ),
    "metaclass": (
        "KEPT = {}\nclass Meta(type):\n    def __call__(cls, f):\n"
        + _refusing("        ", "KEPT", "self = KEPT[f.__name__] = super().__call__(f)")
        + "        return self\nclass dispatch(metaclass=Meta):\n"
        + "    def __init__(self, f): self.f = f\n"
        + "    def __call__(self, *a): return self.f(*a)\n"
    ),
    "class method": (
        "class Kind:\n    kept = {}\n    @classmethod\n    def put(cls, f):\n"
        + _refusing("        ", "cls.kept", "cls.kept[f.__name__] = f; return f")
        + "dispatch = Kind.put\nKEPT = Kind.kept\n"
    ),
}
USES = "@dispatch\ndef hit(power=1):\n    return power\n@dispatch\ndef other():\n    return 5\n"


@pytest.fixture(params=REGISTERS)
def register(request: pytest.FixtureRequest) -> str:
    return REGISTERS[request.param]


@pytest.mark.sampled(6)
def test_a_default_changes(live: LiveModule, register: str) -> None:
    module = live.start(register + USES)
    kept, other, known = module.KEPT, module.other, len(module.KEPT)
    report = live.edit(register + USES.replace("power=1", "power=2"))

    assert report.ok
    assert module.hit() == 2
    assert module.KEPT is kept
    assert len(kept) == known == 2
    assert module.other is other
    report.undo()
    assert module.hit() == 1
    assert len(kept) == known


@pytest.mark.sampled(6)
def test_the_register_is_another_module(live: LiveModule, register: str) -> None:
    home = live.other(register)
    source = "import OTHER as home\n" + USES.replace("@dispatch", "@home.dispatch")
    module = live.start(source)
    report = live.edit(source.replace("power=1", "power=2"))

    assert report.ok
    assert module.hit() == 2
    assert len(home.KEPT) == 2


def test_a_definition_goes(live: LiveModule, register: str) -> None:
    module = live.start(register + USES)
    report = live.edit(register + USES.partition("@dispatch\ndef other")[0])

    assert report.ok
    assert not hasattr(module, "other")
    assert len(module.KEPT) == 1


@pytest.mark.sampled(6)
def test_a_failed_edit_leaves_the_register(live: LiveModule, register: str) -> None:
    module = live.start(register + USES)
    before = {str(each) for each in module.KEPT}
    with pytest.raises(ZeroDivisionError):
        live.edit(register + USES.replace("power=1", "power=2") + "1 / 0\n")

    assert {str(each) for each in module.KEPT} == before
    assert module.hit() == 1


def test_a_set_that_is_only_read_is_left_alone(live: LiveModule) -> None:
    source = (
        "KNOWN = {'hit', 'other'}\n"
        "def dispatch(f):\n    if f.__name__ not in KNOWN: raise KeyError(f)\n    return f\n"
    )
    module = live.start(source + USES)
    report = live.edit(source + USES.replace("power=1", "power=2"))

    assert report.ok
    assert module.hit() == 2
    assert len(module.KNOWN) == 2


def test_what_is_counted_under_a_name_stays(live: LiveModule) -> None:
    source = "COUNTS = {}\ndef dispatch(f):\n    COUNTS.setdefault(f.__name__, 0)\n    return f\n"
    module = live.start(source + USES)
    module.COUNTS["hit"] = 17
    live.edit(source + USES.replace("power=1", "power=2"))

    assert module.COUNTS == {"hit": 17, "other": 0}


def test_a_record_that_goes_keeps_what_is_in_it(live: LiveModule) -> None:
    source = (
        "KEPT = []\nclass Rule:\n    def __init__(self, f): self.calls = [f]; self.f = f\n"
        "def dispatch(f):\n    KEPT.append(Rule(f))\n    return f\n"
    )
    module = live.start(source + USES)
    rule = module.KEPT[1]
    live.edit(source + USES.partition("@dispatch\ndef other")[0])

    assert [each.f.__name__ for each in module.KEPT] == ["hit"]
    assert [each() for each in rule.calls] == [5]


@pytest.mark.parametrize("kind", ["list", "set"])
def test_an_undo_takes_out_a_class_that_came_beside_others_made_anew(
    live: LiveModule, kind: str
) -> None:
    put = "append" if kind == "list" else "add"
    source = (
        f"class B:\n    subs = {kind}()\n    def __init_subclass__(cls): B.subs.{put}(cls)\n"
        "class C(B): x = 1\nclass D(B): x = 1\n"
    )
    module = live.start(source)
    report = live.edit(source.replace("x = 1", "x = 2") + "class E(B): x = 1\n")
    assert sorted(each.__name__ for each in module.B.subs) == ["C", "D", "E"]
    report.undo()

    assert sorted(each.__name__ for each in module.B.subs) == ["C", "D"]
    assert set(module.B.subs) == {module.C, module.D}
