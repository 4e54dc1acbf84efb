"""Every command of ours shows an example that it would take, and speaks to programs too."""

from __future__ import annotations

import re
import shlex
from pkgutil import iter_modules

import pytest
from django.core.management import load_command_class

from tests.guards.sources import OURS, ROOT, name_of

COMMANDS = [
    (package, module.name)
    for package in OURS
    for module in iter_modules([str(ROOT / package / "management" / "commands")])
]
# They ask no store of the settings, and say themselves what they refuse.
ASK_NO_STORE = {"demo", "quickstart_admin", "torture"}
EXAMPLE = re.compile(r"manage\.py (\w+)((?: [^\s;|]+)*)")


def help_of(package: str, name: str) -> list[str]:
    """The paragraphs of its help, each in one line."""
    parser = load_command_class(package, name).create_parser("manage.py", name)
    return [" ".join(part.split()) for part in parser.format_help().split("\n\n")]


def test_there_are_commands() -> None:
    assert {"eventstore", "teddy_es"} <= {package for package, _ in COMMANDS}


@pytest.mark.parametrize(("package", "name"), COMMANDS)
def test_a_command_has_json_and_an_example(package: str, name: str) -> None:
    where = f"{package}/management/commands/{name}.py"
    text = "\n".join(help_of(package, name))

    assert "--json" in text, f"{where}: programs call it too; give it --json."
    assert re.search(r"Examples?: ", text), f"{where}: end its help with an example."


@pytest.mark.parametrize(("package", "name"), COMMANDS)
def test_the_example_is_a_command_line_that_it_takes(package: str, name: str) -> None:
    known = {command: owner for owner, command in COMMANDS}
    [shown] = [part for part in help_of(package, name) if "Example" in part]
    lines = EXAMPLE.findall(shown.partition("Example")[2])

    assert name in {command for command, _ in lines}, (
        f"{name} --help: show `manage.py {name} …` as its example, not {shown!r}."
    )
    for command, arguments in lines:
        command_class = load_command_class(known[command], command)
        parser = command_class.create_parser("manage.py", command)
        parser.parse_args(shlex.split(arguments.rstrip(".")))


@pytest.mark.parametrize(("package", "name"), COMMANDS)
def test_a_command_tells_what_the_store_refuses_in_a_line(
    package: str, name: str
) -> None:
    where = ROOT / package / "management" / "commands" / f"{name}.py"
    is_told = "reported_in_a_line()" in where.read_text("utf-8")

    assert is_told == (name not in ASK_NO_STORE), (
        f"{name_of(where)}: call the store within `reported_in_a_line()` (eventstore/management/troubles.py), or a refusal is"
        " a traceback; a command that asks no store stands in ASK_NO_STORE."
    )
