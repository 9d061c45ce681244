"""Runs scikit-learn's own tests with luthier's searches in place of its own.

A program of its own: the names have to be exchanged before the tests are imported, and nothing
else may have used scikit-learn's. ``python theirs.py MODULE... [pytest's options]``.
"""

import sys

import pytest
import sklearn.model_selection as home
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import _search, _search_successive_halving

from luthier import sklearn as ours

NAMES = ("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
MODULES = (home, _search, _search_successive_halving)


class Counted:
    """How the tests ended."""

    def __init__(self):
        self.count = dict.fromkeys(("passed", "failed", "skipped"), 0)

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.count[report.outcome] += 1


def main(arguments):
    """Exchange, run, put back."""
    before = [(m, name, getattr(m, name)) for m in MODULES for name in NAMES if hasattr(m, name)]
    counted = Counted()
    try:
        for module, name, _ in before:
            setattr(module, name, getattr(ours, name))
        options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-W", "ignore", "--pyargs"]
        code = pytest.main([*options, *arguments], plugins=[counted])
    finally:
        for module, name, theirs in before:
            setattr(module, name, theirs)
    print("COUNTED", *counted.count.values())
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
