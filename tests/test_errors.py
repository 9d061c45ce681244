import re

import pytest

from luthier import errors
from luthier.errors import LuthierError, MissingExtra, nearest, need


def test_the_tree_in_the_docstring_is_the_tree_of_classes():
    classes = {
        k for k in vars(errors).values() if isinstance(k, type) and k.__module__ == "luthier.errors"
    }
    tree = {k.__name__: [b.__name__ for b in k.__bases__] for k in classes if k is not errors.Stop}
    drawn: dict[str, list[str]] = {}
    above: list[str] = []
    for line in errors.__doc__.splitlines():
        found = re.match(r"([│├└─ ]*)(\w+)(?: \((\w+)\))?(?:  |$)", line)
        if found and (found[1] or found[2] == "LuthierError"):
            depth = len(found[1]) // 4
            above[depth:] = [found[2]]
            drawn[found[2]] = [above[depth - 1] if depth else "Exception"]
            drawn[found[2]] += [found[3]] if found[3] else []

    assert drawn == tree


def test_every_error_can_be_caught_as_one_of_ours_and_as_the_built_in_it_refines():
    assert issubclass(errors.SpaceError, LuthierError)
    assert issubclass(errors.SpaceError, ValueError)
    assert issubclass(errors.NothingFinished, LookupError)
    assert issubclass(errors.AllFailed, RuntimeError)
    assert issubclass(errors.StoreError, OSError)
    assert issubclass(MissingExtra, ImportError)


def test_stop_is_a_signal_and_not_one_of_our_errors():
    assert not issubclass(errors.Stop, LuthierError)


def test_need_gives_the_module_that_is_there():
    assert need("json.decoder", "data", "Reading").__name__ == "json.decoder"


def test_need_names_the_pip_install_of_what_is_missing():
    with pytest.raises(
        MissingExtra, match=r"Parquet needs nowhere_to_be_found.*pip install 'luthier\[data\]'"
    ):
        need("nowhere_to_be_found.inside", "data", "Parquet")


def test_need_does_not_blame_a_package_for_what_is_missing_inside_it(tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import another_one_missing")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleNotFoundError, match="another_one_missing") as caught:
        need("half_there", "data", "Reading")
    assert not isinstance(caught.value, MissingExtra)


def test_nearest_suggests_a_close_word_and_nothing_else():
    assert nearest("learning_rat", ["depth", "learning_rate"]) == " Did you mean 'learning_rate'?"
    assert nearest("zzz", ["depth", "learning_rate"]) == ""
    assert nearest("zzz", []) == ""
