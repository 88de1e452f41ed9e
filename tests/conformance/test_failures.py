"""Whatever stops a reload, the process is as it was, and the next reload works."""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule, Rerun

pytestmark = pytest.mark.sampled(8)

GAME = """
    LIMIT = 1
    CACHE = {"a": 1}
    class Base:
        def heal(self): return 1
    class Player(Base):
        count = 0
        def __init__(self): self.name = "ada"
        def hit(self): return 1
    class Archer(Player): pass
    def hit(): return 1
    def heal(power=1): return power
"""
CHANGED = GAME.replace("return 1", "return 2").replace("LIMIT = 1", "LIMIT = 2")
FAILURES: dict[str, tuple[str, Any]] = {
    "syntax": (CHANGED + "    def broken(:\n", SyntaxError),
    "null_byte": (CHANGED + "    \0\n", (SyntaxError, ValueError)),
    "name": (CHANGED + "    no_such_name\n", NameError),
    "first_statement": ("    no_such_name\n" + CHANGED, NameError),
    "import": (CHANGED + "    import no_such_module_at_all\n", ImportError),
    "class_body": (CHANGED + "    class Late:\n        no_such_name\n", NameError),
    "decorator": (CHANGED + "    @no_such_name\n    def late(): pass\n", NameError),
    "default": (CHANGED + "    def late(a=no_such_name): pass\n", NameError),
    "base": (CHANGED + "    class Late(int, str): pass\n", TypeError),
    "removal": ("    del LIMIT\n    del CACHE\n    del Player\n    1 / 0\n", ZeroDivisionError),
    "mutation": ("    vars().clear()\n    raise LookupError\n", LookupError),
    "system_exit": (CHANGED + "    raise SystemExit(3)\n", SystemExit),
    "keyboard_interrupt": (CHANGED + "    raise KeyboardInterrupt\n", KeyboardInterrupt),
    "assertion": (CHANGED + "    assert LIMIT == 9\n", AssertionError),
    "reshaped": (
        CHANGED.replace("Player(Base)", "Player(Base, dict)") + "    1 / 0\n",
        ZeroDivisionError,
    ),
}


class Holdings:
    """What a test holds of the game, and what it looks like."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.player = module.Player()
        self.bound = self.player.hit
        self.mapping = {module.Player: 1, module.hit: 2, "a": module.heal}
        self.items = [module.hit, module.Player, module.Player.hit, module.CACHE]
        self.group = (module.hit, frozenset({module.Base}))

    def picture(self) -> dict[str, Any]:
        """Everything observable about the process that a reload must leave alone."""
        module = self.module
        return {
            "namespace": [(name, id(value)) for name, value in vars(module).items()],
            "classes": [
                [(name, id(value)) for name, value in vars(cls).items()]
                for cls in (module.Base, module.Player, module.Archer)
            ],
            "bases": [cls.__mro__ for cls in (module.Base, module.Player, module.Archer)],
            "subclasses": [module.Base.__subclasses__(), module.Player.__subclasses__()],
            "code": [
                function.__code__ for function in (module.hit, module.heal, module.Player.hit)
            ],
            "defaults": module.heal.__defaults__,
            "instance": (id(type(self.player)), dict(vars(self.player))),
            "bound": (id(self.bound.__func__), self.bound()),
            "mapping": [(id(key), id(value)) for key, value in self.mapping.items()],
            "items": [id(item) for item in self.items],
            "group": (id(self.group), [id(item) for item in self.group]),
            "calls": (module.hit(), module.heal(), self.player.hit(), self.player.heal()),
            "module": (module.__doc__, module.__file__, id(module.__spec__), id(module.__loader__)),
            "place": list(sys.modules)[-1:] and id(sys.modules[module.__name__]),
        }


@pytest.mark.parametrize("failure", FAILURES)
def test_failed_reload_leaves_everything_as_it_was(live: LiveModule, failure: str) -> None:
    holdings = Holdings(live.start(GAME))
    before = holdings.picture()
    source, error = FAILURES[failure]
    with pytest.raises(error):
        live.edit(source)

    assert holdings.picture() == before


@pytest.mark.sampled(13)
@pytest.mark.parametrize("failure", FAILURES)
def test_reload_after_the_fix_works(live: LiveModule, failure: str) -> None:
    module = live.start(GAME)
    holdings = Holdings(module)
    source, error = FAILURES[failure]
    with pytest.raises(error):
        live.edit(source)
    live.edit(CHANGED)

    assert holdings.bound() == holdings.player.hit() == module.hit() == 2
    assert holdings.items[:3] == [module.hit, module.Player, module.Player.hit]
    assert type(holdings.player) is module.Player
    assert module.LIMIT == 2


def test_two_failures_in_a_row_leave_everything_as_it_was(live: LiveModule) -> None:
    holdings = Holdings(live.start(GAME))
    before = holdings.picture()
    for failure in ("name", "removal", "syntax", "reshaped"):
        source, error = FAILURES[failure]
        with pytest.raises(error):
            live.edit(source)

    assert holdings.picture() == before


def test_error_reaches_the_caller_unchanged(live: LiveModule) -> None:
    module = live.start("class GameError(Exception): pass\ndef hit(): return 1\n")
    other = live.other("class Stop(Exception): pass\nstop = Stop('text', 5)\n")
    with pytest.raises(other.Stop) as failure:
        live.edit("import OTHER\nraise OTHER.stop\n")

    assert failure.value is other.stop
    assert failure.value.args == ("text", 5)
    assert module.hit() == 1


@pytest.mark.since(3, 11)  # exception notes
def test_error_carries_a_note_about_the_reload(live: LiveModule) -> None:
    live.start("A = 1\n")
    with pytest.raises(ZeroDivisionError) as failure:
        live.edit("1 / 0\n")

    assert any(live.name in note for note in failure.value.__notes__)


def test_traceback_of_the_error_points_into_the_new_source(live: LiveModule) -> None:
    live.start("A = 1\n")
    with pytest.raises(ZeroDivisionError) as failure:
        live.edit("A = 1\nB = 2\n1 / 0\n")
    last = failure.traceback[-1]

    assert str(last.path) == str(live.path)
    assert last.lineno + 1 == 3


def test_syntax_error_names_the_file_and_line(live: LiveModule) -> None:
    live.start("A = 1\n")
    with pytest.raises(SyntaxError) as failure:
        live.edit("A = 1\nB = = 2\n")

    assert failure.value.filename == str(live.path)
    assert failure.value.lineno == 2


def test_syntax_error_runs_nothing(live: LiveModule) -> None:
    other = live.other("runs = []\n")
    live.start("import OTHER\nOTHER.runs.append(1)\n")
    with pytest.raises(SyntaxError):
        live.edit("import OTHER\nOTHER.runs.append(2)\ndef broken(:\n")

    assert other.runs == [1]


def test_names_the_failed_run_added_go(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    with pytest.raises(ZeroDivisionError):
        live.edit("A = 1\nB = 2\ndef late(): pass\nclass Late: pass\n1 / 0\n")

    assert not {"B", "late", "Late"} & set(vars(module))


def test_failed_reload_restores_removed_names(live: LiveModule) -> None:
    module = live.start("A = 1\ndef hit(): return 1\n")
    with pytest.raises(ZeroDivisionError):
        live.edit("del A, hit\n1 / 0\n")

    assert module.A == 1
    assert module.hit() == 1


def test_failed_reload_keeps_the_order_of_the_namespace(live: LiveModule) -> None:
    module = live.start("A = 1\nB = 2\nC = 3\n")
    before = list(vars(module))
    with pytest.raises(ZeroDivisionError):
        live.edit("del A\nA = 5\n1 / 0\n")

    assert list(vars(module)) == before


def test_failed_reload_keeps_subclasses_of_a_base_elsewhere_in_order(live: LiveModule) -> None:
    other = live.other("class Base: pass\n")
    live.start("from OTHER import Base\nclass A(Base): pass\nclass B(Base): pass\n")
    late = [type("Late", (other.Base,), {})]
    before = other.Base.__subclasses__()
    with pytest.raises(ZeroDivisionError):
        live.edit("from OTHER import Base\nclass B(Base): pass\nclass A(Base): pass\n1 / 0\n")

    assert other.Base.__subclasses__() == before
    assert late[0] is before[-1]


def test_failed_reload_takes_back_what_the_run_did_to_its_own_old_class(live: LiveModule) -> None:
    module = live.start("class Player:\n    limit = 1\n")
    player = module.Player()
    with pytest.raises(ZeroDivisionError):
        live.edit("Player.limit = 5\nPlayer.extra = 6\n1 / 0\n")

    assert player.limit == 1
    assert not hasattr(player, "extra")


def test_failed_reload_leaves_kept_globals(live: LiveModule) -> None:
    module = live.start("CACHE = {}\n")
    module.CACHE["a"] = 1
    held = [module.CACHE]
    with pytest.raises(ZeroDivisionError):
        live.edit("CACHE = {}\n1 / 0\n", keep=("CACHE",))

    assert module.CACHE is held[0]
    assert held[0] == {"a": 1}


def test_module_that_leaves_sys_modules_while_it_runs(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    with pytest.raises((ZeroDivisionError, KeyError)):  # importlib itself looks it up again
        live.edit("import sys\nsys.modules.pop(__name__)\nA = 2\n1 / 0\n")

    assert sys.modules[live.name] is module
    assert module.A == 1


def test_failing_holder_of_the_user_takes_everything_back(live: LiveModule) -> None:
    class Stubborn:
        __slots__ = ("content",)

        def __init__(self, content: Any) -> None:
            self.content = content

    def repoint(_holder: Stubborn, _replace: Any) -> None:
        message = "not today"
        raise LookupError(message)

    livepatch.register_holder(Stubborn, repoint)
    holdings = Holdings(live.start(GAME))
    before = holdings.picture()
    stubborn = Stubborn(holdings.module.Player)
    with pytest.raises(LookupError, match="not today"):
        live.edit(
            CHANGED.replace("Player(Base)", "Player(Mixin, Base)").replace(
                "class Base", "class Mixin: pass\n    class Base"
            )
        )

    assert holdings.picture() == before
    assert stubborn.content is holdings.module.Player


def test_hash_that_raises_while_a_key_moves_takes_everything_back(live: LiveModule) -> None:
    source = """
        class Key:
            broken = False
            def __hash__(self):
                if self.broken: raise LookupError("no hash")
                return 1
        def hit(): return 1
    """
    module = live.start(source)
    table = {module.Key(): 1, module.Key: 2, "b": 3}
    held = [module.Key, module.hit]
    failed = False
    try:
        live.edit(
            source.replace("class Key", "class Base: pass\n        class Key(Base)")
            .replace("broken = False", "broken = True")
            .replace("return 1", "return 2")
        )
    except LookupError:
        failed = True

    assert list(table.values()) == [1, 2, 3]
    assert table[module.Key] == 2
    assert held == [module.Key, module.hit]
    assert held[1]() == (1 if failed else 2)


@pytest.mark.one_mode("the unchanged class is not made again")
def test_metaclass_that_refuses_the_second_class(live: LiveModule) -> None:
    other = live.other("""
        seen = set()
        class Once(type):
            def __new__(meta, name, bases, namespace):
                if name in seen: raise TypeError("only once")
                seen.add(name)
                return super().__new__(meta, name, bases, namespace)
    """)
    source = """
        from OTHER import Once
        class Player(metaclass=Once):
            def hit(self): return 1
    """
    module = live.start(source)
    player = module.Player()
    with pytest.raises(TypeError, match="only once"):
        live.change("return 1", "return 2")

    assert type(player) is module.Player
    assert player.hit() == 1
    assert other.seen == {"Player"}


def test_init_subclass_that_raises(live: LiveModule) -> None:
    live.other("""
        class Base:
            def __init_subclass__(cls, allowed=True, **rest):
                if not allowed: raise PermissionError(cls.__name__)
    """)
    source = "from OTHER import Base\nclass A(Base): pass\nclass B(Base): pass\n"
    module = live.start(source)
    held = [module.A, module.B]
    with pytest.raises(PermissionError):
        live.change("class B(Base)", "class B(Base, allowed=False)")

    assert held == [module.A, module.B]
    assert module.Base.__subclasses__() == held


def test_error_in_set_name(live: LiveModule) -> None:
    live.other("""
        class Field:
            def __init__(self, ok): self.ok = ok
            def __set_name__(self, owner, name):
                if not self.ok: raise KeyError(name)
    """)
    module = live.start("from OTHER import Field\nclass Player:\n    power = Field(1)\n")
    held = [module.Player, module.Player.power]
    with pytest.raises((KeyError, RuntimeError)):
        live.change("Field(1)", "Field(0)")

    assert held == [module.Player, module.Player.power]


def test_importlib_reload_still_works_after_a_failure(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    with pytest.raises(SyntaxError):
        live.edit("A = = 2\n")
    live.write("A = 33\n")
    importlib.reload(module)

    assert module.A == 33


def test_generator_suspended_through_a_failed_reload_goes_on(live: LiveModule) -> None:
    module = live.start("def numbers():\n    yield 1\n    yield 2\n")
    held = [module.numbers()]
    seen = [next(held[0])]
    with pytest.raises(ZeroDivisionError):
        live.edit("def numbers():\n    yield 3\n1 / 0\n")

    assert [*seen, *held[0]] == [1, 2]


def test_warning_turned_into_an_error_is_a_failure_like_any(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    live.write("A = 2\nimport warnings\nwarnings.warn('no')\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning):
            live.reload()

    assert module.A == 1


def test_failed_import_of_a_sibling_leaves_the_sibling_as_python_does(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    (live.root / f"{live.other_name}.py").write_text("1 / 0\n", encoding="utf-8")
    with pytest.raises(ZeroDivisionError):
        live.edit("import OTHER\nA = 2\n")

    assert live.other_name not in sys.modules
    assert module.A == 1


def test_named_tuple_that_becomes_another_kind_of_class_is_refused(live: LiveModule) -> None:
    source = "import typing\nclass P(typing.NamedTuple):\n    a: int = 1\n"
    module = live.start(source)
    held = [module.P()]
    with pytest.raises(livepatch.ReloadRefused, match="LP12"):
        live.edit("class P(Exception): pass\n")

    assert type(held[0]) is module.P
    assert held[0] == (1,)


def test_named_tuple_made_by_a_failed_load_and_given_away(live: LiveModule) -> None:
    other = live.other("made = []\n")
    live.start("A = 1\n")
    with pytest.raises(ZeroDivisionError):
        live.edit("""
            import typing, OTHER
            class P(typing.NamedTuple):
                a: int = 1
            OTHER.made.append(P())
            1 / 0
        """)

    assert [tuple(made) for made in other.made] in ([], [(1,)])


def test_refused_edit_leaves_what_has_got_a_second_name(live: LiveModule) -> None:
    source = """
        def f(): return 1
        class A:
            __slots__ = ("x",)
        """
    module = live.start(source)
    held, instance = [module.f], module.A()
    live.write("g = f\ndef f(): return 2\nclass A: __slots__ = ('x', 'y')\nraise RuntimeError\n")
    with pytest.raises(RuntimeError):
        live.reload()

    assert held == [live.module.f]
    assert held[0]() == 1
    assert type(instance) is live.module.A


def test_name_that_hides_a_builtin_does_not_hide_it_from_the_new_source(live: LiveModule) -> None:
    source = "_map = map\ndef map(f, *many): return list(_map(f, *many))\n"
    held = live.start(source).map
    live.edit("_map, _len = map, len\ndef map(f, *many): return tuple(_map(f, *many))\n")

    assert held is live.module.map
    assert held(str, [1]) == ("1",)
    assert live.module._map is map
    live.write("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        live.reload()
    assert live.module.map is held


@pytest.mark.parametrize("ending", ["dry run", "error", "refusal"])
@pytest.mark.one_mode("the class of which the edit makes another one is not made again")
def test_young_class_of_a_user_is_not_taken_out_with_the_load(
    live: LiveModule, ending: str
) -> None:
    """A factory's class, just made, was taken for one that the load had made."""
    source = """
        def factory():
            class Local:
                def size(self): return 1
            return Local
        class Point(int): pass
        """
    module = live.start(source)
    local, point = module.factory(), module.Point(1)
    held = [local]
    edits = {"dry run": "", "error": "1 / 0\n", "refusal": "class Point(str): pass\n"}
    live.write(live.source.replace("return 1", "return 2") + edits[ending])
    if ending == "dry run":
        live.reload(dry_run=True)
    else:
        with pytest.raises((ZeroDivisionError, livepatch.ReloadRefused)):
            live.reload()

    assert held == [local]
    assert local().size() == 1
    assert type(point) is live.module.Point


def test_class_inside_a_decorator_object_stays_when_the_load_fails(live: LiveModule) -> None:
    source = """
        class Wrap:
            def __init__(self, wrapped): self.wrapped = wrapped
            def __call__(self): return self.wrapped()
        @Wrap
        class K:
            def size(self): return 1
        """
    held = live.start(source).K
    live.write(live.source + "1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        live.reload()

    assert live.module.K is held
    assert held().size() == 1


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("way", ["failure", "dry run"])
def test_a_library_that_was_imported_on_the_way_stays_and_a_module_beside_does_not(
    live: LiveModule, rerun: Rerun, way: str
) -> None:
    library = "this_library_of_none"
    folder = live.root / "lib" / "site-packages"
    folder.mkdir(parents=True)
    (folder / f"{library}.py").write_text("A = 1\n", encoding="utf-8")
    (live.root / f"{live.other_name}.py").write_text("A = 1\n", encoding="utf-8")
    live.start("")
    sys.path.insert(0, str(folder))
    try:
        live.write(f"import {library}, OTHER\n" + ("1 / 0\n" if way == "failure" else ""))
        if way == "failure":
            with pytest.raises(ZeroDivisionError):
                live.reload(rerun=rerun)
        else:
            live.reload(rerun=rerun, dry_run=True)
        stayed = sys.modules.get(library)

        assert stayed is not None
        assert live.other_name not in sys.modules
        live.edit(f"import {library}\n", rerun=rerun)
        assert vars(live.module)[library] is stayed
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(library, None)
