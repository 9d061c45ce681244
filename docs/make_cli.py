"""Writes docs/reference/cli.md from what the commands say of themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

HEAD = """# Command line

`luthier COMMAND --help` shows the same in the terminal. Results go to standard output; progress,
notes and errors to standard error.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | the run ended, but no trial has a result |
| 2 | the input cannot be used; the message says what to do |
| 130 | stopped by Ctrl-C; the same command goes on |

`luthier --version` prints the version; `python -m luthier` is the same command.
"""


def page() -> str:
    """The whole page."""
    from luthier.cli.app import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group
    return HEAD + "".join(_command(name, command) for name, command in commands.items())


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if not p.opts[0].startswith("-")]
    options = [p for p in command.params if p.opts[0].startswith("-") and p.opts != ["--help"]]
    shown = "".join(f" {_argument(p)}" if p.required else f" [{_argument(p)}]" for p in arguments)
    lines = [f"\n## luthier {name}\n", f"`luthier {name}{shown} [OPTIONS]`\n", f"{command.help}\n"]
    if arguments:
        lines += ["| argument | meaning |", "| --- | --- |"]
        lines += [f"| `{p.name}` | {_meaning(p)} |" for p in arguments]
        lines += [""]
    lines += ["| option | meaning |", "| --- | --- |"]
    lines += [f"| {_names(p)} | {_meaning(p)} |" for p in options]
    if command.epilog:
        example = command.epilog.removeprefix("Example: ").strip()
        lines += ["", "<!-- not run -->", "```sh", example, "```"]
    return "\n".join(lines) + "\n"


def _argument(parameter: Any) -> str:
    return str(parameter.name).upper()


def _names(parameter: Any) -> str:
    names = [*parameter.opts, *parameter.secondary_opts]
    value = "" if parameter.is_flag else f" {_argument(parameter)}"
    return ", ".join(f"`{name}{value}`" for name in names)


def _meaning(parameter: Any) -> str:
    told = (getattr(parameter, "help", None) or "").replace("|", "\\|").strip()
    if parameter.required:
        return f"{told} Required."
    default = parameter.default
    plain = isinstance(default, str | int | float | Path) and not isinstance(default, bool)
    return f"{told} Default: `{default}`." if plain and str(default) else told


if __name__ == "__main__":
    path = Path(__file__).parent / "reference" / "cli.md"
    path.write_text(page())
    print(f"wrote {path.relative_to(Path(__file__).parents[1])}")
