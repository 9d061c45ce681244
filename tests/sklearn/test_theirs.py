"""scikit-learn's tests of its searches, run on ours: imported from the installed package."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SEARCH = "sklearn.model_selection.tests.test_search"
HALVING = "sklearn.model_selection.tests.test_successive_halving"
ROUTING = "sklearn.tests.test_metaestimators_metadata_routing"


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("module", "chosen", "least"),
    [
        (SEARCH, "", 140),
        (HALVING, "", 60),
        (ROUTING, "SearchCV", 20),
    ],
)
def test_their_tests_pass(module, chosen, least, tmp_path):
    command = [sys.executable, str(HERE / "theirs.py"), module, *(["-k", chosen] if chosen else [])]
    # In a folder of its own: their tests must not find our settings of pytest.
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    said = ran.stdout[-6000:] + ran.stderr[-2000:]
    assert ran.returncode == 0, said
    passed, failed, _ = map(int, ran.stdout.rsplit("COUNTED", 1)[1].split())
    assert failed == 0
    assert passed >= least, said
