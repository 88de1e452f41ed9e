"""Groups of commands: click and typer."""

from __future__ import annotations

from textwrap import dedent

import pytest

import livepatch
from tests.frameworks.serving import framework
from tests.live import LiveModule

pytestmark = pytest.mark.slow

CLICK = """
    import click
    RUNS = []
    @click.group()
    def cli(): RUNS.append("cli")
    @cli.command()
    @click.option("--n", default=1)
    def one(n): click.echo(f"one {n}")
    @cli.command()
    def two(): click.echo("two")
    """
TYPER = """
    import typer
    app = typer.Typer()
    @app.command()
    def one(n: int = 1): typer.echo(f"one {n}")
    @app.command()
    def two(): typer.echo("two")
    """


def test_click_group(live: LiveModule) -> None:
    framework("click")
    from click.testing import CliRunner

    module = live.start(CLICK)
    held, run = module.cli, CliRunner()
    before = run.invoke(held, ["one"]).output
    live.change('"two"', '"TWO"')
    live.change("default=1", "default=5")
    live.edit(live.source + '@cli.command()\ndef three(): click.echo("three")\n')
    outputs = [run.invoke(held, [name]).output for name in ("one", "two", "three")]
    live.edit(live.source.replace('@cli.command()\ndef two(): click.echo("TWO")\n', ""))
    gone = run.invoke(held, ["two"])

    assert before == "one 1\n"
    assert outputs == ["one 5\n", "TWO\n", "three\n"]
    assert held is module.cli
    assert sorted(held.commands) == ["one", "three"]
    assert gone.exit_code == 2
    assert module.RUNS == ["cli"] * 4


def test_click_group_has_the_commands_of_other_files_and_of_its_former_name(
    live: LiveModule,
) -> None:
    framework("click")
    from click.testing import CliRunner

    jobs = "import click\nfrom . import cli\n@cli.command()\ndef job(): click.echo('job')\n"
    source = dedent(CLICK) + "from . import jobs\n"
    live.package(__init__=source, jobs=jobs)
    module, run = live.module, CliRunner()

    def edit(text: str) -> None:
        (live.root / live.name / "__init__.py").write_text(text, encoding="utf-8")
        livepatch.reload(module, strategy=live.strategy)

    option = source.replace("def cli()", '@click.option("--v")\ndef cli(v)')
    edit(option)
    assert sorted(module.cli.commands) == ["job", "one", "two"]
    assert run.invoke(module.cli, ["--v", "1", "job"]).output == "job\n"
    edit(option.replace("cli.command", "tool.command").replace("def cli", "def tool"))
    assert {"one", "two"} <= module.tool.commands.keys()
    assert run.invoke(module.tool, ["one", "--n", "5"]).output == "one 5\n"


def test_typer_application(live: LiveModule) -> None:
    framework("typer")
    from typer.testing import CliRunner

    module = live.start(TYPER)
    held, run = module.app, CliRunner()
    before = run.invoke(held, ["one"]).output
    live.change('"two"', '"TWO"')
    live.change("n: int = 1", "n: int = 5")
    live.edit(live.source + '@app.command()\ndef three(): typer.echo("three")\n')
    outputs = [run.invoke(held, [name]).output for name in ("one", "two", "three")]

    assert before == "one 1\n"
    assert outputs == ["one 5\n", "TWO\n", "three\n"]
    assert held is module.app
    assert len(held.registered_commands) == 3
