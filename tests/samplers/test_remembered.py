import copy
import pickle

import joblib
import pytest

from luthier.samplers.remembered import Remembered


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copy_has_forgotten_and_remembers_on_its_own(again):
    cache = Remembered(key=3.5)

    made = again(cache)
    made["other"] = -1

    assert type(made) is Remembered
    assert dict(made) == {"other": -1}
    assert dict(cache) == {"key": 3.5}


def test_what_is_remembered_has_no_part_in_a_fingerprint():
    assert joblib.hash(Remembered(key=3.5)) == joblib.hash(Remembered())
