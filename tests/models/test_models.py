"""The package itself: names are found where they are said to be, and importing it is cheap."""

import subprocess
import sys
from types import ModuleType

import pytest

import luthier.models


def test_every_public_name_has_a_home():
    names = [name for names in luthier.models._HOMES.values() for name in names]

    assert sorted(names) == sorted(luthier.models.__all__)
    for name in luthier.models.__all__:  # a module of the same name would hide it
        assert not isinstance(getattr(luthier.models, name), ModuleType)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'modle'"):
        luthier.models.modle  # noqa: B018


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, luthier.models; "
        "print([m for m in ('sklearn', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
