"""Imports point down only: every file is read, function bodies included, and held to one list."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import luthier

SOURCE = Path(__file__).parents[1] / "src" / "luthier"

# From top to bottom. What stands on one line never imports each other; a package is one unit.
LAYERS = """
    __main__
    cli
    problems
    web sklearn integrations
    importers testing
    study
    report
    importance
    models estimate
    opening
    run settings
    driver study_shown
    trial owners about log propose results recommend remarks retention spent
    samplers schedulers stores stored_parts
    named observed
    asked parts outcome
    history
    encoded lineage ranking tried
    switches
    space
    objectives events
    numerics parameters keywords checks
    errors
"""
HEIGHT = {
    unit: -depth for depth, line in enumerate(LAYERS.strip().splitlines()) for unit in line.split()
}


def unit_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def named(source: str, *, lazily: bool = True) -> set[str]:
    """What a file imports when it runs, with dots: all but ``if TYPE_CHECKING:``."""
    tree, found = ast.parse(source), set()
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"imports are absolute, not {ast.unparse(node)!r}"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif lazily and isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value.replace(":", ".")
            found |= {name} if name.replace(".", "").isidentifier() else set()
    return {name for name in found if name.startswith("luthier.") and name[-1] != "."}


def imported(source: str) -> set[str]:
    """The units of luthier that a file imports when it runs."""
    units = {name: name.split(".")[1] for name in named(source)}
    return {luthier._WHERE.get(unit, name).split(".")[1] for name, unit in units.items()}


FILES = sorted(
    path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.stem != "__init__"
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path):
    unit = unit_of(path)
    assert unit in HEIGHT, f"{unit} is new: give it a line in LAYERS, as low as it can stand"

    others = {name for name in imported(path.read_text()) if name in HEIGHT and name != unit}
    upward = {name for name in others if HEIGHT[name] >= HEIGHT[unit]}

    assert not upward, f"{unit} imports {', '.join(sorted(upward))}, which stand no lower"


@pytest.mark.parametrize(
    "source",
    [
        "from luthier.study import Study",
        "from luthier import Study",
        "from luthier import study",
        "import luthier.study",
        "def f():\n    from luthier.study import Study",
        "WHERE = 'luthier.study:Study'",
    ],
)
def test_the_reader_sees_every_way_to_import(source):
    assert imported(source) == {"study"}


def test_the_reader_skips_what_only_type_checkers_import():
    source = (
        "if TYPE_CHECKING:\n    from luthier.study import Study\nimport luthier\nname = 'luthier.'"
    )
    assert imported(source) == set()


def test_no_module_needs_itself():
    """Inside a package, too, imports form no ring; what is looked up by name may."""
    paths = {
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts): path for path in FILES
    }
    modules = {name.removesuffix(".__init__"): path for name, path in paths.items()}
    needs = {}
    for module, path in modules.items():
        names = named(path.read_text(), lazily=False)
        found = {name if name in modules else name.rpartition(".")[0] for name in names}
        needs[module] = (found & modules.keys()) - {module}

    TopologicalSorter(needs).prepare()  # raises CycleError, which names the ring
