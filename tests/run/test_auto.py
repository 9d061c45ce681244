"""As many trials at once as there is room for, on machines of several sizes."""

import pytest
from objectives import Recorder

from luthier import Float, Limit, Space, Study
from luthier.run import machine
from luthier.run.guard import Look
from luthier.run.workers import Auto


def works(trial):
    return trial.params["x"]


@pytest.fixture
def auto(monkeypatch):
    """A function that makes `Auto` on a machine, whose trials have used this."""
    made = []

    def make(*looks, cores=8, memory=10**10, running=(), limit=None, **how):
        monkeypatch.setattr(machine, "cores", lambda: cores)
        monkeypatch.setattr(machine, "free_memory", lambda: memory)
        one = Auto(works, Recorder(), limit or Limit(), **how)
        one._ended.extend(looks)
        for child, look in zip(one._children.children, running, strict=False):
            monkeypatch.setattr(child, "look", lambda look=look: look)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("looks", "cores", "memory", "expected"),
    [
        ([], 8, 10**10, 1),
        ([Look(2.0, 1.9, 10**8)], 8, 10**10, 8),
        ([Look(2.0, 3.9, 10**8)], 2, 10**10, 1),
        ([Look(2.0, 3.9, 10**8)], 8, 10**10, 4),
        ([Look(2.0, 0.1, 10**8)], 8, 10**10, 8),
        ([Look(2.0, 1.9, 3 * 10**9)], 8, 10**10, 3),
        ([Look(2.0, 1.9, 10**8), Look(2.0, 11.9, 10**8)], 8, 10**10, 1),
        ([Look(2.0, 1.9, 10**11)], 8, 10**10, 1),
    ],
)
def test_capacity_follows_what_trials_have_used(auto, looks, cores, memory, expected):
    one = auto(*looks, cores=cores, memory=memory)

    assert one.capacity == expected
    assert {child.threads for child in one._children.children} == {cores // expected}


def test_a_running_trial_counts_once_it_has_run_for_a_while(auto):
    assert auto(running=[Look(0.3, 0.3, 10**8)]).capacity == 1
    assert auto(running=[Look(3.0, 2.9, 10**8)]).capacity == 8


def test_what_runs_keeps_the_memory_that_it_has(auto):
    """One trial holds 4 GB, and 5 are free: room for two."""
    one = auto(memory=5 * 10**9, running=[Look(3.0, 2.9, 4 * 10**9)])

    assert one.capacity == 2


def test_limits_on_cores_and_gpus_bound_it(auto, monkeypatch):
    monkeypatch.setenv("LUTHIER_GPUS", "0,1,2")

    assert auto(Look(2.0, 1.9, 10**8), limit=Limit(cores=3)).capacity == 2
    assert auto(Look(2.0, 1.9, 10**8), limit=Limit(gpus=1)).capacity == 3


@pytest.mark.parametrize(
    ("looks", "running", "memory", "expected", "threads"),
    [
        ([], [], 10**10, 1, 1),
        ([Look(0.1, 0.1, 10**8)], [], 10**10, 8, 1),
        ([Look(2.0, 3.9, 10**8)], [], 10**10, 8, 1),  # it need not keep four busy
        ([Look(2.0, 1.9, 3 * 10**9)], [], 10**10, 3, 2),
        ([Look(2.0, 1.9, 10**11)], [], 10**10, 1, 8),
        ([], [Look(0.9, 0.9, 10**8)], 10**10, 1, 1),
        ([], [Look(3.0, 2.9, 10**9)], 10**10, 5, 1),  # taken for 2 GB, until it has ended
    ],
)
def test_tasks_that_are_alike_share_the_processors(auto, looks, running, memory, expected, threads):
    one = auto(*looks, running=running, memory=memory, spread=True)

    assert one.capacity == expected
    assert {child.threads for child in one._children.children} == {threads}


def test_where_memory_bounds_them_the_first_starts_anew_with_more_threads_and_once(auto):
    one = auto(spread=True)
    told = [child.anew for child in one._children.children if one.capacity == 1]
    one._ended.append(Look(2.0, 1.9, 3 * 10**9))

    assert one.capacity == 3
    assert told == [False] * 8
    assert all(child.anew for child in one._children.children)
    one._children.children[0].anew = False
    assert one.capacity == 3
    assert not one._children.children[0].anew


def test_it_shares_out_no_more_than_it_was_told(auto):
    assert auto(Look(2.0, 1.9, 10**8), cores=3, spread=True).capacity == 3


@pytest.mark.slow
def test_an_auto_run_does_all_its_trials():
    study = Study(Space(x=Float(-3, 9)), sampler="random", seed=3)

    study.run(works, trials=6, jobs="auto")

    alone = Study(Space(x=Float(-3, 9)), sampler="random", seed=3).run(works, trials=6)
    assert sorted(t.value for t in study.results) == sorted(t.value for t in alone.results)
