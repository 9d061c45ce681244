"""What the documentation shows is run: every Python block, and the commands that are quick.

The blocks of a page share one namespace and one temporary folder, in the order of the page.

- ``python``: executed. A ``text`` block right after it is what it must print; ``...`` stands for
  anything.
- ``sh``: its ``luthier`` lines are held against the real options; then it is run, unless
  ``<!-- not run -->`` stands before it.
- any block with ``title="name"`` is written to that file instead.

Pages about large libraries run with the tests that are marked ``frameworks``.
"""

import contextlib
import doctest
import functools
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Many processes or models are started on each of their runs.
SLOW = {
    f"docs/how-to/{name}.md"
    for name in (
        "beyond-the-winner",
        "csv",
        "define-by-run",
        "executors",
        "honest",
        "limits",
        "parts",
        "report",
        "resume",
        "search",
        "space-files",
        "steer",
        "stop-early",
        "trade-offs",
        "training-loops",
    )
}
SLOW.add("docs/tutorial.md")
FRAMEWORKS = {"docs/how-to/networks.md": ("keras", "torch")}  # pages by what they import
FENCE = re.compile(r"(<!-- not run -->\n)?^```(\w*)(.*)\n((?s:.*?))^```$", re.M)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    kind: str
    text: str
    line: int
    file: str
    run: bool


def name_of(page):
    return str(page.relative_to(ROOT))


def marks(page):
    """Of the test that runs a page."""
    if name_of(page) in FRAMEWORKS:
        return [pytest.mark.frameworks, pytest.mark.filterwarnings("default")]
    return [pytest.mark.slow] if name_of(page) in SLOW else []


def blocks(page):
    source = page.read_text()
    made = []
    for match in FENCE.finditer(source):
        title = re.search(r'title="([^"]+)"', match[3])
        line = source.count("\n", 0, match.start(4)) + 1
        made.append(Block(match[2], match[4], line, title[1] if title else "", not match[1]))
    return made


@pytest.fixture(scope="session")
def shell(tmp_path_factory):
    """An environment in which `luthier` and `python` are those under test."""
    folder = tmp_path_factory.mktemp("bin")
    for name, code in (
        ("luthier", f'exec "{sys.executable}" -c "from luthier.cli import main; main()" "$@"'),
        ("python", f'exec "{sys.executable}" "$@"'),
    ):
        (folder / name).write_text(f"#!/bin/sh\n{code}\n")
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}


def execute(block, namespace, page):
    """What a Python block prints."""
    code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(code, namespace)
    return shown.getvalue()


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=marks(p)) for p in PAGES],
    ids=name_of,
)
def test_every_block_of_a_page_runs(page, tmp_path, monkeypatch, shell):
    for name in FRAMEWORKS.get(name_of(page), ()):
        pytest.importorskip(name, reason="pip install '.[frameworks]'")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    namespace, printed = {"__name__": "page"}, None
    for block in blocks(page):
        where = f"{name_of(page)}, line {block.line}"
        if block.file:
            Path(block.file).write_text(block.text)
            monkeypatch.delitem(sys.modules, Path(block.file).stem, raising=False)
        elif block.kind == "python" and block.run:
            printed = execute(block, namespace, page)
            continue
        elif block.kind == "text" and printed is not None:
            same = doctest.OutputChecker().check_output(
                block.text, printed, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            )
            assert same, f"{where} shows\n{block.text}\nand it printed\n{printed}"
        elif block.kind == "sh" and block.run and page.parent != ROOT:
            command = ["bash", "-euo", "pipefail", "-c", block.text]
            done = subprocess.run(command, env=shell, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, f"{where}\n{done.stdout}{done.stderr}"
        printed = None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_shown_has_the_options_that_it_is_given(page):
    for block in blocks(page):
        if block.kind != "sh":
            continue
        joined = block.text.replace("\\\n", " ")
        for words in re.findall(r"(?:^|&& |\| |; )luthier ([^|;&\n]*)", joined, re.M):
            name, *given = shlex.split(words, comments=True)
            if name.startswith("-"):
                continue
            known = options(name)
            for word in given:
                if word.startswith("-") and not re.fullmatch(r"-\d.*", word):
                    assert word.partition("=")[0] in known, f"{page.name}: luthier {words}"


@functools.cache
def commands():
    import typer

    from luthier.cli.app import app

    return typer.main.get_command(app).commands


def options(name):
    assert name in commands(), f"there is no command {name!r}"
    return {"--help"} | {
        option
        for parameter in commands()[name].params
        for option in [*parameter.opts, *parameter.secondary_opts]
    }


def test_every_command_and_option_is_in_the_reference():
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    for name, command in commands().items():
        assert f"## luthier {name}\n" in page
        part = page.split(f"## luthier {name}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            shown = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.name
            assert shown == "--help" or f"`{shown}" in part, f"luthier {name} {shown}"


def test_the_command_line_reference_is_what_the_commands_say_of_themselves():
    import importlib.util

    spec = importlib.util.spec_from_file_location("make_cli", ROOT / "docs" / "make_cli.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    fresh = (ROOT / "docs" / "reference" / "cli.md").read_text() == module.page()

    assert fresh, "a command has changed; run: python docs/make_cli.py"


def test_every_page_is_in_the_navigation():
    shown = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text()))

    assert shown == {str(p.relative_to(ROOT / "docs")) for p in PAGES if ROOT / "docs" in p.parents}


def test_every_link_to_a_file_of_the_repository_leads_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{name_of(page)} links to {target}"


def test_the_readme_starts_with_two_commands_of_one_line():
    start = (ROOT / "README.md").read_text().split("## Start\n")[1].split("\n## ")[0]
    first, second, *_ = re.findall(r"^```sh\n((?s:.*?))^```$", start, re.M)

    assert first.count("\n") == second.count("\n") == 1
    assert "luthier demo" in first
    assert "pytest" in second


def test_every_error_is_documented():
    page = (ROOT / "docs" / "reference" / "errors.md").read_text()

    assert "::: luthier.errors" in page


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs", reason="pip install '.[docs]' builds the site; .ci/run does")
    pytest.importorskip("mkdocstrings")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").is_file()
