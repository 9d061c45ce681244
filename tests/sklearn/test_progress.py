"""The line that a search shows."""

import math

from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from luthier import sklearn as ours
from luthier.sklearn.progress import describe


def test_a_line():
    """Counts, the best and the time."""
    assert (
        describe(7, 2, 4, 0.98765432, 61.2)
        == "2 of 4 candidates · 7 folds fitted · best 0.98765 · 1:01"
    )
    assert describe(1, 1, None, -math.inf, 0.0) == "1 candidates · 1 folds fitted · 0:00"


def test_it_shows_only_where_wanted(capfd):
    """Nothing away from a terminal, unless asked for."""
    X, y = load_iris(return_X_y=True)
    search = ours.GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=3)
    search.fit(X, y)
    assert capfd.readouterr().err == ""
    search.set_params(progress=True).fit(X, y)
    assert "2 of 2 candidates · 6 folds fitted · best" in capfd.readouterr().err
