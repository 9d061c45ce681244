"""What all tests share."""

import os

# Before a library that starts threads is loaded: on data as small as a test's, threads that wait
# for one another take longer than the work, a hundred times as long where another process is busy.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import gc
import signal
from contextlib import suppress
from pathlib import Path

import hypothesis
import pytest

import luthier

# Triton, which PyTorch's builds for GPUs bring, crashes where TensorFlow was loaded before it.
with suppress(ImportError):
    import triton  # noqa: F401

# The same examples everywhere, and as much time as a busy machine needs: what fails in one place
# fails in all. `--hypothesis-profile=default` looks for other examples.
hypothesis.settings.register_profile(
    "same", derandomize=True, deadline=None, database=None, print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)  # fmt: skip
hypothesis.settings.load_profile("same")


# What is imported and collected stays to the end. To look through it for garbage again and again
# takes a fifth of the time of collecting tests, and some of the time of running them.
gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop():
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _children_import_the_same_luthier():
    """Processes that a test starts elsewhere find the package that this one has.

    An installed one is found anyway; one in a checkout only by its absolute path.
    """
    place = Path(luthier.__file__).resolve().parents[1]
    before = os.environ.get("PYTHONPATH", "")
    if place.name == "src":
        os.environ["PYTHONPATH"] = os.pathsep.join([str(place), before]).rstrip(os.pathsep)
    yield
    os.environ["PYTHONPATH"] = before


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_works():
    """A shell that starts the tests in the background has them ignore Ctrl-C; some send it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


LONG = {
    "test_losses_are_put_to_use",
    "test_a_study_reopened_after_every_trial_is_the_same",
    "test_with_a_fidelity_a_study_reopened_decides_the_same",
    "test_trials_that_are_lost_and_go_on_change_nothing",
    "test_stragglers_are_not_waited_for",
    "test_a_pool_of_threads_decides_by_the_log",
}


def pytest_collection_modifyitems(items):
    """The contract's longest cases run whole searches; a mark there would bind plug-ins to ours."""
    for item in items:
        if item.name in LONG:
            item.add_marker(pytest.mark.slow)
