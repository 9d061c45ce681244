"""Which steps of a pipeline two candidates have in common."""

import threading

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from luthier.sklearn import prefixes

TREE = DecisionTreeClassifier(random_state=0)
Y = np.arange(7.0)


def test_keys_tell_what_a_step_depends_on():
    """Its own parameters and those before it; of the last step none."""
    pipeline = make_pipeline(StandardScaler(), PCA(), LogisticRegression())
    plain = prefixes.keys(pipeline, {"logisticregression__C": 1.0})
    assert plain == prefixes.keys(pipeline, {"logisticregression__C": 2.0})
    later = prefixes.keys(pipeline, {"pca__n_components": 2})
    assert later[0] == plain[0]
    assert later[1] != plain[1]
    first = prefixes.keys(pipeline, {"standardscaler__with_mean": True})
    assert first[0] != prefixes.keys(pipeline, {"standardscaler__with_mean": 1})[0]
    assert first[1] != plain[1]
    assert prefixes.keys(pipeline, {"steps": []}) is None
    assert prefixes.keys(pipeline, {"pca": threading.Lock()}) is None


def test_what_cannot_be_shared():
    """One step, a memory of its own, words on the way, data for other steps."""
    pipeline = make_pipeline(StandardScaler(), TREE)
    last = "decisiontreeclassifier__sample_weight"
    assert prefixes.shareable(pipeline, {last: Y})
    assert not prefixes.shareable(pipeline, {"standardscaler__sample_weight": Y})
    assert not prefixes.shareable(TREE, {})
    assert not prefixes.shareable(make_pipeline(TREE), {})
    assert not prefixes.shareable(make_pipeline(StandardScaler(), TREE, memory="/tmp"), {})
    assert not prefixes.shareable(make_pipeline(StandardScaler(), TREE, verbose=True), {})
