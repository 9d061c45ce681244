"""Without a library its module says what to install, and nothing else is touched."""

import json
import subprocess
import sys

import pytest

MODULES = {
    "catboost": "catboost",
    "keras": "keras",
    "lightgbm": "lightgbm",
    "lightning": "lightning",
    "tensorboard": "tensorboard",
    "torch": "torch",
    "xgboost": "xgboost",
}


@pytest.fixture(scope="module")
def said():
    """What each module says where its library is not installed; one process serves them all."""
    code = f"""
import importlib, json, sys
from luthier.errors import MissingExtra
said = {{}}
for name in {list(MODULES)!r}:
    sys.modules[name] = None  # as if it were not installed
    try:
        importlib.import_module("luthier.integrations." + name)
    except MissingExtra as error:
        said[name] = str(error)
    del sys.modules[name]
print(json.dumps(said))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", MODULES)
def test_without_its_library_a_module_names_the_extra(name, said):
    assert f"pip install 'luthier[{MODULES[name]}]'" in said[name]


@pytest.mark.slow
def test_the_network_to_begin_with_names_the_extra_too():
    code = """
import sys
sys.modules["keras"] = None
from luthier.errors import MissingExtra
from luthier.models.catalog import model
from luthier import problems
for ask in (lambda: model("keras_mlp", "regression"), lambda: problems.mlp):
    try:
        ask()
    except MissingExtra as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout.count("pip install 'luthier[keras]'") == 2, done.stderr


def test_steps_need_no_library_at_all():
    code = (
        "import sys, luthier.integrations.steps, luthier.integrations.keras_tuner as _;"
        "print([m for m in ('sklearn', 'keras', 'torch', 'lightgbm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr
