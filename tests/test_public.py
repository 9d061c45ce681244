"""The public face: what is listed is documented, and what is documented is there."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
from sklearn import model_selection as theirs
from sklearn.experimental import enable_halving_search_cv  # noqa: F401

import luthier
from luthier import sklearn
from luthier.errors import MissingExtra
from luthier.history import KINDS

DOCS = Path(__file__).parents[1] / "docs"
PARTS = ["estimate", "integrations", "samplers", "schedulers", "sklearn", "stores", "testing"]
PUBLIC = ["luthier", *(f"luthier.{name}" for name in PARTS)]


def documented():
    """Every dotted name that a page of the reference takes from the docstrings."""
    pages = (DOCS / "reference").glob("*.md")
    return {name for page in pages for name in re.findall(r"^::: (\S+)", page.read_text(), re.M)}


def members(module):
    """The public names of a module, with what they stand for."""
    return {name: getattr(import_module(module), name) for name in import_module(module).__all__}


def test_every_public_name_is_in_the_reference_and_nothing_else_is_under_luthier():
    listed = {f"luthier.{name}" for name in luthier.__all__}
    page = (DOCS / "reference" / "python.md").read_text()

    assert listed == set(re.findall(r"^::: (luthier\.\w+)$", page, re.M))


@pytest.mark.parametrize("module", PUBLIC)
def test_every_listed_name_is_in_the_reference(module):
    taken = documented()

    missing = [name for name in members(module) if f"{module}.{name}" not in taken]

    assert module in taken or not missing, f"add ':::' lines to docs/reference for {missing}"


@pytest.mark.frameworks
def test_every_reference_entry_exists_where_everything_is_installed():
    pytest.importorskip("keras")
    test_every_reference_entry_exists()


def test_every_reference_entry_exists():
    for name in documented():
        module, _, attribute = name.rpartition(".")
        try:
            try:
                import_module(name)
            except ModuleNotFoundError:
                assert hasattr(import_module(module), attribute), name
        except MissingExtra:
            continue  # the frameworks' own suite has what it needs


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_class_and_function_has_a_docstring(module):
    bare = []
    for name, thing in members(module).items():
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        if not (thing.__doc__ or "").strip():
            bare.append(name)
        methods = vars(thing).items() if inspect.isclass(thing) else ()
        for method, value in methods:
            function = value.fget if isinstance(value, property) else inspect.unwrap(
                getattr(value, "__func__", value)
            )  # fmt: skip
            # A contract's tests say what they check by their names.
            ours = inspect.isfunction(function) and not method.startswith(("_", "test_"))
            if ours and not (function.__doc__ or "").strip():
                bare.append(f"{name}.{method}")

    assert not bare, f"{module}: no docstring on {', '.join(bare)}"


@pytest.mark.parametrize("name", [n for n in sklearn.__all__ if hasattr(theirs, n)])
def test_what_a_search_adds_to_scikit_learns_is_explained_once(name):
    added = [p for p in parameters(sklearn, name) if p not in parameters(theirs, name)]

    assert explained(sklearn.GridSearchCV) == added


def test_each_parameter_of_a_search_that_proposes_is_named():
    for search in (sklearn.SearchCV, sklearn.BayesSearchCV, sklearn.GeneticSearchCV):
        named = [*explained(sklearn.SearchCV), *re.findall(r"`(\w+)`", sklearn.SearchCV.__doc__)]

        assert set(parameters(search)) <= set(named)


def parameters(search, name=""):
    return list(inspect.signature(getattr(search, name) if name else search).parameters)


def explained(search):
    """The parameters that a docstring explains, in its order."""
    part = inspect.cleandoc(search.__doc__).split("Parameters\n----------\n")[1]
    return re.findall(r"^(\w+) : ", part.split("\n\nAttributes\n")[0], re.M)


def test_every_kind_of_event_is_documented():
    page = (DOCS / "reference" / "events.md").read_text()

    assert re.findall(r"^\| `(\w+)` \|", page, re.M) == list(KINDS)


def test_the_reference_names_every_sampler_and_scheduler():
    from luthier import samplers, schedulers

    page = (DOCS / "reference" / "parts.md").read_text()

    assert all(f'`"{name}"`' in page for name in [*samplers.NAMES, *schedulers.NAMES])


def test_the_error_tree_in_the_docstring_is_the_real_one():
    from luthier import errors

    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.LuthierError)
    }
    drawn = re.findall(r"^[│├└─ ]*([A-Z]\w+)", errors.__doc__.split("``Stop``")[0], re.M)

    assert tree == {name for name in drawn if name in vars(errors)}
    assert not [name for name in drawn if name.endswith("Error") and name not in tree]
