"""What was computed from registers, or given to calls, and what groups of commands keep."""

from __future__ import annotations

import pytest

from tests.live import LiveModule, Rerun

pytestmark = pytest.mark.sampled(10)

BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])

REGISTER = """
    import functools
    R = []
    D = {}
    def step(f):
        R.append(f)
        D[f.__name__] = f
        return f
    @step
    def load(x): return [x]
    @step
    def clean(xs): return xs
    first = R[0]
    last = R[-1]
    head, *rest = R
    copied = list(R)
    part = R[:1]
    table = dict(D)
    names = list(D)
    run = functools.partial(R[0], 1)
    pair = R[0], 1
    def pick(): return R[0]
    picked = pick()
    same = R
    class Flow:
        first = R[0]
        steps = list(R)
        def go(self, begin=R[0]): return begin
    def start(begin=R[0]): return begin
    class Holder:
        def __init__(self, steps): self.steps = steps
    holder = Holder(R)
    single = Holder(R[0])
"""
LOAD = "    @step\n    def load(x): return [x]\n"
CLEAN = "    @step\n    def clean(xs): return xs\n"
ABOVE = "    @step\n    def above(x): return x\n"
AT_FRONT = {
    *("first", "head", "copied", "part", "table", "run", "pair", "picked", "single", "start"),
    *("Flow.first", "Flow.steps", "Flow.go"),
}
CHANGES = {
    "above": (LOAD, ABOVE + LOAD, AT_FRONT | {"rest", "names"}),
    "below": (CLEAN, CLEAN + ABOVE, {"last", "rest", "copied", "table", "names", "Flow.steps"}),
    "gone": (LOAD, "", AT_FRONT | {"rest", "names"}),
    "moved": (LOAD + CLEAN, CLEAN + LOAD, AT_FRONT | {"last", "rest", "names"}),
    "bare": (LOAD, LOAD.replace("    @step\n", ""), AT_FRONT | {"rest", "names"}),
    "another default": ("def load(x)", "def load(x, y=1)", set[str]()),
}


def test_another_name_of_a_register_is_not_named(live: LiveModule) -> None:
    module = live.start("H = [1]\nH.append(2)\nSAME = H\nBOTH = [H, 1]\nN = len(H)\n")
    report = live.change("append(2)", "append(3)", rerun="changed")

    assert module.SAME is module.H is module.BOTH[0]
    assert _named(report) == {"N"}


def _named(report: object) -> set[str]:
    notices = report.notices  # type: ignore[attr-defined]
    return {each.path.partition(".")[2] for each in notices if each.code == "LP313"}


@pytest.mark.parametrize(("old", "new", "stale"), CHANGES.values(), ids=CHANGES)
def test_what_was_taken_from_a_register_is_named_where_it_would_be_another(
    live: LiveModule, old: str, new: str, stale: set[str]
) -> None:
    live.start(REGISTER)
    report = live.edit(REGISTER.replace(old, new), rerun="changed")

    assert _named(report) == stale


OBJECTS = """
    class Register:
        def __init__(self):
            self.items, self.version, self.by_name = [], 1, {}
        def add(self, f):
            self.items.append(f)
            self.by_name[f.__name__] = f
            return f
        def all(self): return list(self.items)
        def number(self): return self.version
        def __len__(self): return len(self.items)
        def __iter__(self): return iter(self.items)
    class Site:
        def __init__(self): self.register = Register()
    site = Site()
    register = site.register
    class Plugin:
        kinds = {}
        def __init_subclass__(cls): Plugin.kinds[cls.__name__] = cls
    @register.add
    def first(): pass
    class One(Plugin): pass
    count = len(register)
    length = len(register.items)
    names = [each.__name__ for each in register]
    listed = [each.__name__ for each in register.all()]
    sorted_names = sorted(register.by_name)
    of_site = [each.__name__ for each in site.register.items]
    def titles(): return [each.__name__.title() for each in register]
    through = titles()
    number = register.number()
    version = register.version
    kinds = sorted(Plugin.kinds)
    token = register.add(titles)
    all_of_it = register.all
    register_alone = {"register": register}
"""
TAKEN = {"count", "length", "names", "listed", "sorted_names", "of_site", "through"}


def test_what_was_computed_from_an_object_that_keeps_a_register_is_named(live: LiveModule) -> None:
    live.start(OBJECTS)
    one = "    @register.add\n    def first()"
    two = f"    @register.add\n    def zeroth(): pass\n{one}"
    report = live.edit(OBJECTS.replace(one, two), rerun="changed")
    assert _named(report) == TAKEN
    live.edit(OBJECTS, rerun="changed")
    one = "class One(Plugin): pass\n"
    report = live.edit(OBJECTS.replace(one, f"{one}    class Two(Plugin): pass\n"), rerun="changed")
    assert _named(report) == {"kinds"}


GIVEN = """
    import functools
    def limit(): return 1
    def late(): return limit()
    def hit(x=0): return x
    class Bus:
        size = 3
        def emit(self, x): return x
    bus = Bus()
    class Called:
        def __init__(self, x): self.x = x
    def keeping(x):
        def kept(*args): return x
        return kept
    value = limit()
"""
ASSIGNED = {
    "keeping(limit())": True,
    "functools.partial(print, limit())": True,
    "functools.partial(Called, x=late())": True,
    "keeping([limit(), 2])": True,
    "keeping(value)": True,
    "keeping(limit()) if hit else None": True,
    "type('Kind', (), {'limit': limit()})": True,
    "functools.partial(hit, Bus.size)": True,
    "functools.partial(hit, 1)": False,
    "functools.partial(bus.emit, 1)": False,
    "functools.partial(Bus.emit, bus)": False,
    "keeping(functools.partial(hit, 2))": False,
    "keeping(keeping(hit))": False,
    "functools.partial(keeping, lambda: limit())": False,
}


@pytest.mark.parametrize(("said", "stale"), ASSIGNED.items())
def test_a_definition_that_a_call_made_of_what_has_changed_is_named(
    live: LiveModule, said: str, *, stale: bool
) -> None:
    source = f"{GIVEN}    run = {said}\n"
    live.start(source)
    changes = [("return 1", "return 2"), ("x=0): return x", "x=0): return -x")]
    changes.append(
        ("size = 3", "size = 4")
        if "size" in said
        else ("self, x): return x", "self, x): return -x")
    )
    for old, new in changes:
        source = source.replace(old, new)
    report = live.edit(source, rerun="changed")

    assert ("run" in _named(report)) is stale


GROUPS = """
    class Group:
        def __init__(self, f):
            self.f, self.commands, self.order = f, {}, []
        def __call__(self): return self.f()
        def command(self, name=None):
            def enter(f):
                self.commands[name or f.__name__] = f
                self.order.append(f)
                return f
            return enter
        def group(self, f):
            self.commands[f.__name__] = group(f)
            return self.commands[f.__name__]
    def group(f): return Group(f)
    @group
    def cli(): pass
    @cli.command()
    def greet(): return "hi"
    @cli.command()
    def other(): return "other"
    @cli.group
    def db(): pass
    @db.command("init")
    def db_init(): return 1
"""
GREET = '    @cli.command()\n    def greet(): return "hi"\n'
GROUP_EDITS = {
    "another name": ('"init"', '"setup"'),
    "renamed": ("def greet", "def welcome"),
    "one more": (GREET, f"    @cli.command()\n    def status(): return 0\n{GREET}"),
    "one less": (GREET, ""),
    "bare": (GREET, GREET.replace("    @cli.command()\n", "")),
}


@BOTH
@pytest.mark.parametrize(("old", "new"), GROUP_EDITS.values(), ids=GROUP_EDITS)
def test_a_group_of_commands_has_those_of_the_source(
    live: LiveModule, rerun: Rerun, old: str, new: str
) -> None:
    module = live.start(GROUPS)
    held, cli = live.hold("cli"), module.cli
    cli.commands["run"] = len  # the program's own
    before = [list(cli.commands), list(cli.order), list(module.db.commands)]
    report = live.edit(GROUPS.replace(old, new), rerun=rerun)
    fresh: dict[str, object] = {"__name__": "fresh"}
    exec(live.source, fresh)
    wanted = fresh["cli"], fresh["db"]
    cli = module.cli
    assert held == [cli]
    assert cli.commands.pop("run") is len
    assert list(cli.commands) == list(wanted[0].commands)  # type: ignore[attr-defined]
    assert [f.__name__ for f in cli.order] == [f.__name__ for f in wanted[0].order]  # type: ignore[attr-defined]
    assert all(f is getattr(module, f.__name__) for f in cli.order)
    assert cli.commands["db"] is module.db
    assert list(module.db.commands) == list(wanted[1].commands)  # type: ignore[attr-defined]
    cli.commands["run"] = len
    report.undo()
    cli = module.cli
    assert [list(cli.commands), list(cli.order), list(module.db.commands)] == before


BACK = """
    LIMIT = 1
    def registered(cls):
        cls.key = "old"
        return cls
    class Field:
        def __set_name__(self, owner, name): owner.limit = LIMIT
"""
WITH_CLASS = """
    @registered
    class Lower:
        field = Field()
        size = LIMIT
        table = [LIMIT]
        count = 0
"""


@BOTH
@pytest.mark.parametrize("is_held", [True, False])
def test_a_class_that_is_back_says_what_its_source_says_now(
    live: LiveModule, rerun: Rerun, *, is_held: bool
) -> None:
    module = live.start(BACK + WITH_CLASS)
    module.Lower.count = 5
    held = [module.Lower] if is_held else []
    live.edit(BACK, rerun=rerun)
    changed = BACK.replace("LIMIT = 1", "LIMIT = 2").replace('"old"', '"new"')
    live.edit(changed, rerun=rerun)
    report = live.edit(changed + WITH_CLASS, rerun=rerun)
    lower = module.Lower
    assert (lower.key, lower.limit, lower.size, lower.count) == ("new", 2, 2, 5)
    assert all(each is lower for each in held)
    named = {each.path.rpartition(".")[2] for each in report.notices}
    assert {"key", "limit", "size", "table", "count"} == named


COMPUTED = """
    import functools
    class Base:
        def port(self): return 80
    class Settings(Base):
        size = 3
        def port(self): return super().port()
        def __call__(self): return self.port()
        def __getitem__(self, key): return self.port()
        def __len__(self): return self.port()
        @property
        def url(self): return self.port()
    settings = Settings()
    numbers = {"ten": lambda: 10}
    def traced(f):
        @functools.wraps(f)
        def wrapper(): return f(), "traced"
        return wrapper
    @traced
    def wrapped(): return 1
    def make():
        def inner(): return 5
        return inner
    made = make()
    def key(x): return x
    def given(*args, **kwargs): return lambda f: f
"""
VALUES = {
    "settings.port()": ("return 80", "return 81"),
    "settings.size": ("size = 3", "size = 4"),
    "settings()": ("return 80", "return 81"),
    "settings['port']": ("return 80", "return 81"),
    "len(settings)": ("return 80", "return 81"),
    "settings.url": ("return 80", "return 81"),
    "numbers['ten']()": ("lambda: 10", "lambda: 11"),
    "wrapped()": ('"traced"', '"Traced"'),
    "made()": ("return 5", "return 6"),
    "max([1, 2], key=key)": ("def key(x): return x", "def key(x): return -x"),
}
KEPT = {
    "default": "def user(value={}): return value",
    "keyword": "def user(*, value={}): return value",
    "decorator": "@given({})\n    def user(): pass",
    "method": "class user:\n        def method(self, value={}): return value",
    "attribute": "class user:\n        value = {}",
    "lambda": "user = lambda value={}: value",
    "partial": "user = functools.partial(print, {})",
}


@pytest.mark.parametrize("said", VALUES)
@pytest.mark.parametrize("keeps", KEPT)
def test_what_a_definition_keeps_of_what_has_changed_arrives_or_is_named(
    live: LiveModule, keeps: str, said: str
) -> None:
    source = f"{COMPUTED}    {KEPT[keeps].format(said)}\n    other = len('a')\n"
    module = live.start(source)
    kept = {"default": "user()", "method": "user().method()", "attribute": "user.value"}
    kept |= {"keyword": "user()", "lambda": "user()", "partial": "user.args[0]"}
    before = eval(kept.get(keeps, "None"), vars(module))
    report = live.edit(source.replace(*VALUES[said]), rerun="changed")
    arrived = eval(kept.get(keeps, "None"), vars(module)) != before
    named = {each.partition(".")[0] for each in _named(report)}
    ran = any(each.path.endswith(".user") for each in report.definitions)
    assert arrived or "user" in named or (keeps == "decorator" and ran)
    assert "other" not in named


SETTINGS = """
    import functools
    @functools.lru_cache
    def load(): return {"limit": 1}
    class Site:
        @functools.lru_cache
        def limit(self): return 1
        @staticmethod
        @functools.cache
        def name(): return "a"
    site = Site()
    LIMIT = load()["limit"]
    LIMITS = site.limit(), Site.name()
    TABLE = {"load": load}
    def start(limit=load()["limit"]): return limit
"""


def test_a_statement_that_runs_is_given_nothing_that_a_cache_remembers_of_old_code(
    live: LiveModule,
) -> None:
    module = live.start(SETTINGS)
    load, remembered = module.load, module.load()
    changed = SETTINGS.replace('"limit": 1', '"limit": 2').replace("return 1", "return 2")
    changed = changed.replace('["limit"]\n    LIMITS', '["limit"] + 0\n    LIMITS')
    changed = changed.replace("site.limit(), Site.name()", "[site.limit(), Site.name()]")
    changed = changed.replace('{"load": load}', '{"load": load, "again": load}')
    with pytest.raises(ZeroDivisionError):
        live.edit(f"{changed}    1 / 0\n", rerun="changed")
    assert load() is remembered
    report = live.edit(changed.replace('return "a"', 'return "b"'), rerun="changed")
    assert (module.LIMIT, module.LIMITS) == (2, [2, "b"])
    assert (module.load()["limit"], module.site.limit(), module.start()) == (2, 2, 2)
    assert module.load is load is module.TABLE["load"] is module.TABLE["again"]
    report.undo()
    assert (module.load()["limit"], module.site.limit(), module.Site.name()) == (1, 1, "a")


CLASSES = """
    class Names:
        def table(self): return "one"
        @staticmethod
        def size(): return "one"
    class Model:
        def __init_subclass__(cls, table=None): cls.table = table
    def tagged(text):
        def tag(cls):
            cls.tag = text
            return cls
        return tag
    @tagged(Names.size())
    class User(Model, table=Names().table()):
        alias = Names.size()
        hits = 0
"""


@BOTH
def test_what_a_class_is_given_by_methods_that_have_changed_arrives(
    live: LiveModule, rerun: Rerun
) -> None:
    module = live.start(CLASSES)
    module.User.hits = 3
    report = live.edit(CLASSES.replace('"one"', '"two"'), rerun=rerun)
    user = module.User
    assert (user.tag, user.table, user.alias, user.hits) == ("two", "two", "two", 3)
    report.undo()
    user = module.User
    assert (user.tag, user.table, user.alias, user.hits) == ("one", "one", "one", 3)


EVENTS = """
    HANDLERS = {"start": [], "stop": []}
    def on(event):
        def enter(f):
            HANDLERS[event].append(f)
            return f
        return enter
    @on("start")
    def greet(): pass
    @on("stop")
    def log(): pass
    @on("stop")
    def last(): pass
"""


@BOTH
def test_a_handler_of_another_event_stands_where_its_statement_does(
    live: LiveModule, rerun: Rerun
) -> None:
    module = live.start(EVENTS)
    report = live.edit(EVENTS.replace('@on("start")', '@on("stop")'), rerun=rerun)
    assert module.HANDLERS["stop"] == [module.greet, module.log, module.last]
    assert module.HANDLERS["start"] == []
    report.undo()
    assert {"start": [module.greet], "stop": [module.log, module.last]} == module.HANDLERS


IN_TURN = """
    TABLE = []
    def enter(each): TABLE.append(each)
    enter("a")
    enter("b")
    COUNT = len(TABLE)
"""
A, B, COUNT = (f"    {each}\n" for each in ('enter("a")', 'enter("b")', "COUNT = len(TABLE)"))


@pytest.mark.parametrize("wanted", [B + A + COUNT, A + COUNT + B])
def test_what_calls_of_a_function_had_entered_in_another_order_is_named(
    live: LiveModule, wanted: str
) -> None:
    live.start(IN_TURN)
    report = live.edit(IN_TURN.replace(A + B + COUNT, wanted), rerun="changed")

    assert [(each.code, each.path.partition(".")[2]) for each in report.notices] == [
        ("LP314", "TABLE")
    ]


def test_an_undo_gives_back_an_object_that_has_a_weak_proxy(live: LiveModule) -> None:
    source = """
    import weakref
    class Site:
        def __init__(self):
            self.views, self.itself = {}, weakref.proxy(self)
        def view(self, f):
            self.views[f.__name__] = f
            return f
    site = Site()
    @site.view
    def hello(): pass
    """
    module = live.start(source)
    report = live.edit(source.replace("def hello", "def welcome"), rerun="all")
    assert list(module.site.views) == ["welcome"]
    report.undo()
    assert list(module.site.views) == ["hello"]
