"""What tests of searches share: one that is killed with ``kill -9``, and how two are compared."""

import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

STORY = """
    import json, os, sys
    from sklearn.datasets import load_iris
    from sklearn.tree import DecisionTreeClassifier
    from luthier import Int
    from luthier.sklearn import SearchCV

    store, at, searched, settings = sys.argv[1:]

    class Killing(DecisionTreeClassifier):
        fits = 0
        def fit(self, X, y):
            Killing.fits += 1
            if Killing.fits == int(at):
                os.kill(os.getpid(), 9)
            return super().fit(X, y)
        def __repr__(self):
            return "Killing()"

    X, Y = load_iris(return_X_y=True)
    search = SearchCV(Killing(random_state=0), {searched: Int(1, 30)}, store=store,
                      **json.loads(settings)).fit(X[::2], Y[::2])
    results = search.cv_results_
    print(Killing.fits, results["params"], results.get("n_resources"), results["mean_test_score"],
          search.best_index_, search.honest_score_)
"""


@pytest.fixture
def story(tmp_path):
    """A search over a parameter in a process that kills itself at its `at`-th fit; at 0, never.

    It gives the number of fits, and all that came of it, as words.
    """
    script = tmp_path / "story.py"
    script.write_text(textwrap.dedent(STORY))

    def told(store, at, searched, **settings):
        given = [str(tmp_path / store), str(at), searched, json.dumps(settings)]
        ran = subprocess.run(
            [sys.executable, str(script), *given], capture_output=True, text=True, check=False
        )
        assert ran.returncode == (-9 if at else 0), ran.stderr[-2000:]
        return ran.stdout.split(" ", 1)

    return told


@pytest.fixture
def same():
    """Two searches found the same, times aside."""

    def check(a, b):
        a, b = a.cv_results_, b.cv_results_
        assert a["params"] == b["params"]
        assert list(a) == list(b)
        for name in a:
            if "_time" not in name and "param" not in name:
                np.testing.assert_array_equal(a[name], b[name], name)

    return check


class Counted(DecisionTreeClassifier):
    """Counts its fits, and may be interrupted at one."""

    fits = 0
    interrupted = None

    def fit(self, X, y):
        if Counted.fits == Counted.interrupted:
            Counted.interrupted = None
            raise KeyboardInterrupt
        Counted.fits += 1
        return super().fit(X, y)


@pytest.fixture
def counted():
    """A tree that counts its fits, from none."""
    Counted.fits, Counted.interrupted = 0, None
    return Counted
