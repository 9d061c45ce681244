"""What an import costs, and that the built wheel works with nothing but what it declares."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = [
    "jinja2", "lightgbm", "matplotlib", "pandas", "plotly", "psutil", "pyarrow", "rich", "scipy",
    "sklearn", "sqlalchemy", "torch", "typer", "xgboost",
]  # fmt: skip


def loaded_by(code):
    """Which heavy modules a fresh process has loaded after running some code."""
    tell = f"import sys, json; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_import_luthier_loads_nothing_heavier_than_numpy():
    assert loaded_by("import luthier") == []


def test_the_names_of_a_script_load_nothing_heavier_than_numpy():
    assert loaded_by("from luthier import Choice, Float, Int, Space, Stop, Study, Trial") == []


def test_a_random_study_in_memory_loads_neither_databases_nor_tables_nor_figures():
    code = (
        "from luthier import Study, Space, Float\n"
        "study = Study(Space(x=Float(-3, 9)), sampler='random')\n"
        "study.run(lambda trial: trial.params['x'] ** 2, trials=5)\n"
        "assert len(study) == 5"
    )
    assert loaded_by(code) == []


def test_a_private_detail_is_no_attribute_of_the_package():
    import luthier

    assert set(luthier.__all__) <= set(dir(luthier))
    with pytest.raises(AttributeError, match="has no attribute 'Studdy'"):
        _ = luthier.Studdy


SMOKE = """
import sys
sys.path.insert(0, sys.argv[1])
hidden = set(sys.argv[2].split(","))

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"{name} is no dependency of luthier", name=name)

sys.meta_path.insert(0, Hide())
import luthier
assert luthier.__file__.startswith(sys.argv[1]), luthier.__file__
from luthier import Choice, Float, Int, Space, Study
space = Space(x=Float(-3, 9), n=Int(2, 5), kind=Choice("a", "b"))
with Study(space, store="smoke.db", seed=3) as study:
    study.run(lambda trial: (trial.params["x"] - 2) ** 2 + trial.params["n"], trials=12)
    assert len(Study.open("smoke.db").frame()["number"]) == 12
    study.report("report.html")
    study.report("report.md")
from luthier.cli.app import app
print("smoke passed")
"""


def needed(name, seen):
    """The distributions that one declares, and what those declare, without extras."""
    from packaging.requirements import Requirement

    for line in metadata.requires(name) or []:
        requirement = Requirement(line)
        extras = requirement.extras or {""}
        key = re.sub(r"[-_.]+", "-", requirement.name).lower()
        wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in {"", *extras}
        )
        if wanted and key not in seen:
            seen.add(key)
            try:
                needed(key, seen)
            except metadata.PackageNotFoundError:
                seen.discard(key)  # for another system
    return seen


@pytest.mark.slow
def test_the_built_wheel_works_with_nothing_but_what_it_declares(tmp_path):
    """What the test environment has beside luthier's dependencies is hidden from it."""
    from zipfile import ZipFile

    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("luthier-*.whl")
    place = tmp_path / "unpacked"
    ZipFile(wheel).extractall(place)
    declared = (next(place.glob("*.dist-info")) / "METADATA").read_text()
    kept = set()
    for line in re.findall(r"^Requires-Dist: ([^;\n]+)$", declared, re.M):
        name = re.match(r"[\w.-]+", line)[0].lower()
        kept |= needed(name, {name})
    norm = {name: {re.sub(r"[-_.]+", "-", d).lower() for d in dists}
            for name, dists in metadata.packages_distributions().items()}  # fmt: skip
    hidden = {top for top, dists in norm.items() if not dists & kept and top != "luthier"}
    assert {"pytest", "pandas"} <= hidden

    done = subprocess.run(
        [sys.executable, "-c", SMOKE, str(place), ",".join(sorted(hidden))],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip

    assert done.stdout.endswith("smoke passed\n"), done.stderr
    assert (place / "luthier" / "py.typed").is_file()
