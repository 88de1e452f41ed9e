"""Classes that SQLAlchemy or Django has in its register are not made again; methods follow."""

from __future__ import annotations

from typing import Any

import django
import pytest
from django.conf import settings

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

MAPPED = """
    from sqlalchemy import Integer, String, create_engine, select
    from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
    LIMIT = 1
    class Base(DeclarativeBase): pass
    class Player(Base):
        __tablename__ = "player"
        id = mapped_column(Integer, primary_key=True)
        name = mapped_column(String)
        def greet(self): return "hello " + self.name
    class Plain: pass
    engine = create_engine("sqlite://")
"""
MODEL = """
    from django.db import models
    class Shared(models.Model):
        class Meta:
            abstract = True
            app_label = "shop"
    class Item(models.Model):
        name = models.CharField(max_length=20)
        class Meta:
            app_label = "LIVE"
        def greet(self): return "hello " + self.name
"""


@pytest.fixture
def _django() -> None:
    if not settings.configured:
        settings.configure(DATABASES={}, INSTALLED_APPS=[])
        django.setup()


def codes(refused: Any) -> list[tuple[str, str]]:
    return [(each.code, each.path) for each in refused.value.refusals]


@pytest.mark.one_mode("the unchanged class is not made again")
def test_mapped_class_is_not_made_a_second_time(live: LiveModule) -> None:
    module = live.start(MAPPED)
    player, mapper = module.Player(name="ada"), module.Player.__mapper__
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.change("LIMIT = 1", "LIMIT = 2")

    assert ("LP127", f"{live.name}.Player") in codes(refused)
    assert "SQLAlchemy" in str(refused.value)
    assert "rerun='changed'" in str(refused.value)
    assert module.LIMIT == 1
    assert module.Player.__mapper__ is mapper
    assert (type(player), player.greet()) == (module.Player, "hello ada")


def test_methods_of_a_mapped_class_follow_where_its_statement_does_not_run(
    live: LiveModule,
) -> None:
    module = live.start(MAPPED)
    module.Base.metadata.create_all(module.engine)
    with module.Session(module.engine) as session:
        player = module.Player(name="ada")
        session.add(player)
        session.commit()
        report = live.edit(
            MAPPED.replace("hello", "welcome").replace("LIMIT = 1", "LIMIT = 2"), rerun="changed"
        )
        found = session.scalars(module.select(module.Player)).one()
    module.engine.dispose()

    assert report.ok
    assert found is player
    assert (found.greet(), module.LIMIT) == ("welcome ada", 2)


def test_an_edit_beside_a_mapped_class_is_not_refused(
    live: LiveModule,
) -> None:
    module = live.start(MAPPED)
    player, mapper = module.Player(name="ada"), module.Player.__mapper__
    edited = MAPPED.replace("LIMIT = 1", "LIMIT = 2").replace("hello", "welcome")
    dry = live.edit(edited, rerun="changed", dry_run=True)
    report = live.reload(rerun="changed")

    assert dry.ok
    assert report.ok
    assert module.LIMIT == 2
    assert module.Player.__mapper__ is mapper
    assert (type(player), player.greet()) == (module.Player, "welcome ada")


def test_statement_of_a_mapped_class_that_changed_is_refused(live: LiveModule) -> None:
    module = live.start(MAPPED)
    columns = list(module.Player.__table__.columns.keys())
    column = "name = mapped_column(String)"
    for rerun in ("changed", "all"):
        with pytest.raises(livepatch.ReloadRefused) as refused:
            live.edit(
                MAPPED.replace(column, f"{column}\n        rank = mapped_column(Integer)"),
                rerun=rerun,
            )
        assert ("LP127", f"{live.name}.Player") in codes(refused)

    assert list(module.Player.__table__.columns.keys()) == columns


@pytest.mark.one_mode("the unchanged class is not made again")
def test_dry_run_says_that_it_would_be_refused(live: LiveModule) -> None:
    live.start(MAPPED)
    report = live.change("LIMIT = 1", "LIMIT = 2", dry_run=True)

    assert not report.ok
    assert {each.code for each in report.refusals} == {"LP127"}


@pytest.mark.one_mode("the unchanged class is not made again")
def test_base_of_a_mapped_class_elsewhere_is_not_made_anew(live: LiveModule) -> None:
    module = live.start("class Named:\n    def greet(self): return 1\n")
    other = live.other("""
        from sqlalchemy import Integer
        from sqlalchemy.orm import DeclarativeBase, mapped_column
        import LIVE
        class Base(DeclarativeBase): pass
        class Player(LIVE.Named, Base):
            __tablename__ = "player"
            id = mapped_column(Integer, primary_key=True)
    """)
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.change("return 1", "return 2")
    report = live.reload(rerun="changed")

    assert codes(refused) == [("LP127", f"{live.other_name}.Player")]
    assert report.ok
    assert other.Player().greet() == module.Named().greet() == 2


@pytest.mark.one_mode("the unchanged class is not made again")
@pytest.mark.usefixtures("_django")
def test_model_of_django_is_not_made_a_second_time(live: LiveModule) -> None:
    module = live.start(MODEL)
    item = module.Item(name="tea")
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.change("hello", "welcome")
    report = live.reload(rerun="changed")

    assert codes(refused) == [("LP127", f"{live.name}.Item")]
    assert "Django" in str(refused.value)
    assert report.ok
    assert item.greet() == "welcome tea"
    assert type(item) is module.Item


@pytest.mark.usefixtures("_django")
def test_field_of_a_model_that_comes_is_refused(live: LiveModule) -> None:
    module = live.start(MODEL)
    field = "name = models.CharField(max_length=20)"
    with pytest.raises(livepatch.ReloadRefused):
        live.change(field, f"{field}\n    n = models.IntegerField()", rerun="changed")

    assert [each.name for each in module.Item._meta.get_fields()] == ["id", "name"]


@pytest.mark.usefixtures("_django")
def test_form_of_a_model_is_made_again(live: LiveModule) -> None:
    home = live.other(MODEL.replace("LIVE", f"forms_{live.name}"))
    source = f"""
        from django import forms
        from {home.__name__} import Item
        class ItemForm(forms.ModelForm):
            class Meta:
                model = Item
                fields = ["name"]
            def greet(self): return 1
    """
    module = live.start(source)
    held = [module.ItemForm, module.ItemForm({"name": "tea"})]
    report = live.change("return 1", "return 2")

    assert report.ok
    assert held[1].greet() == 2
    assert held[0] is module.ItemForm is type(held[1])

    live.change('["name"]', "[]")

    assert held[0] is module.ItemForm is type(held[1])
    assert not module.ItemForm({}).fields
