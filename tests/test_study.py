"""Study: ask, tell, run, reopen, enqueue, best."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

import luthier
from luthier import Choice, Float, Int, Space, Stop, Study, schedulers
from luthier.errors import AllFailed, NothingFinished, SpaceError, StoreError, StudyError
from luthier.samplers import QMC, Grid, Random

SPACE = Space(
    x=Float(-3, 9),
    kind=Choice("plain", "curved"),
    power=Int(2, 40, log=True, when={"kind": "curved"}),
)


def bowl(trial):
    return (trial.params["x"] - 2.5) ** 2 + trial.params.get("power", 7) / 10


def params(study):
    return [result.params for result in study.results if result.state != "LOST"]


# -- the same trials, however it is run


@pytest.mark.parametrize("sampler", ["auto", "qmc", "random", "grid"])
def test_a_study_stopped_and_reopened_after_every_few_trials_is_the_uninterrupted_one(
    tmp_path, sampler
):
    whole = Study(SPACE, sampler=sampler, seed=3).run(bowl, trials=11)

    for trials in (1, 2, 5, 6, 11):
        part = Study(SPACE, sampler=sampler, seed=3, store=tmp_path / "s.db")
        part.run(bowl, trials=trials)
        part.close()

    again = Study.open(tmp_path / "s.db")
    assert params(again) == params(whole)
    assert [r.value for r in again.results] == [r.value for r in whole.results]


def test_asking_for_k_gives_what_k_asks_give():
    at_once = Study(SPACE, sampler="random", seed=5).ask(4)

    study = Study(SPACE, sampler="random", seed=5)
    one_by_one = [study.ask()[0] for _ in range(4)]

    assert [t.params for t in at_once] == [t.params for t in one_by_one]
    assert [t.number for t in at_once] == [0, 1, 2, 3]


def test_another_seed_gives_other_trials():
    one = Study(SPACE, sampler="random", seed=5).ask(3)
    two = Study(SPACE, sampler="random", seed=6).ask(3)

    assert [t.params for t in one] != [t.params for t in two]
    assert [t.seed for t in one] != [t.seed for t in two]


def test_seeds_of_trials_fit_numpy_and_differ():
    seeds = [trial.seed for trial in Study(SPACE, seed=5).ask(20)]

    assert len(set(seeds)) == 20
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(tmp_path):
    script = textwrap.dedent(
        """
        import os, sys
        from luthier import Choice, Float, Int, Space, Study
        SPACE = Space(x=Float(-3, 9), kind=Choice("plain", "curved"),
                      power=Int(2, 40, log=True, when={"kind": "curved"}))
        def bowl(trial):
            if trial.number == int(sys.argv[2]):
                os.kill(os.getpid(), 9)
            return (trial.params["x"] - 2.5) ** 2 + trial.params.get("power", 7) / 10
        Study(SPACE, sampler="random", seed=3, store=sys.argv[1]).run(bowl, trials=9)
        """
    )
    whole = Study(SPACE, sampler="random", seed=3).run(bowl, trials=9)

    for at in (4, 7, -1):
        command = [sys.executable, "-c", script, str(tmp_path / "s.db"), str(at)]
        code = subprocess.run(command, timeout=60, check=False).returncode
        assert code == (0 if at == -1 else -9)

    study = Study.open(tmp_path / "s.db")
    lost = [r for r in study.results if r.state == "LOST"]
    assert [r.number for r in lost] == [4, 7]
    assert [study[r.number + 1].parent for r in lost] == [4, 7]
    assert params(study) == params(whole)
    draws = study.history.draw[~study.history.lost]
    assert draws.tolist() == list(range(9))


@pytest.mark.slow
def test_a_trial_that_always_takes_its_process_with_it_ends_as_failed(tmp_path):
    script = (
        "import os, sys\n"
        "from luthier import Float, Space, Study\n"
        "s = Study(Space(x=Float(-3, 9)), store=sys.argv[1], retries=1)\n"
        "s.run(lambda t: os._exit(9) if t.task.draw == 1 else t.params['x'], trials=4)\n"
    )
    for _ in range(3):
        command = [sys.executable, "-c", script, str(tmp_path / "s.db")]
        subprocess.run(command, timeout=60, check=False)

    states = [r.state for r in Study.open(tmp_path / "s.db").results]
    assert states == ["DONE", "LOST", "FAILED", "DONE", "DONE"]


# -- telling


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (None, "None"),
        ("0.3", "'0.3'"),
        (True, "True"),
        ([0.3], r"\[0.3\]"),
        ({"score": 1.0}, "without 'loss'"),
    ],
)
def test_what_is_no_number_makes_a_failed_trial_that_says_so(value, word):
    study = Study(SPACE)
    (trial,) = study.ask()

    study.tell(trial, value)

    result = study[0]
    assert result.state == "FAILED"
    assert result.params == trial.params
    with pytest.raises(AssertionError, match=word):
        raise AssertionError(result.error["message"])


@pytest.mark.parametrize(
    "value", [1, np.float32(1), np.array(1.0), np.int64(1), {"loss": 1, "n": 3}]
)
def test_numbers_of_any_kind_are_results(value):
    study = Study(SPACE)

    study.tell(study.ask()[0], value)

    assert study.best.value == 1.0
    assert type(study.best.value) is float


def test_further_keys_are_metrics_and_the_users_sign_comes_back():
    study = Study(SPACE, maximize="accuracy")

    study.tell(study.ask()[0], {"accuracy": 0.75, "fit_seconds": np.float64(2.5)})
    study.tell(study.ask()[0], {"accuracy": 0.5})

    assert study.best.value == 0.75
    assert study.best.metrics == {"fit_seconds": 2.5}
    assert study.history.Y[:, 0].tolist() == [-0.75, -0.5]


def test_an_error_is_kept_with_its_traceback():
    study = Study(SPACE)

    def broken(trial):
        raise ZeroDivisionError("by hand")

    study.run(broken, trials=2)

    assert study[0].error["kind"] == "ZeroDivisionError"
    assert "by hand" in study[0].error["traceback"]
    assert "in broken" in study[0].error["traceback"]


def test_a_trial_is_told_once():
    study = Study(SPACE)
    (trial,) = study.ask()
    study.tell(trial, 1.0)

    with pytest.raises(StudyError, match="has ended already, as DONE"):
        study.tell(trial, 2.0)
    with pytest.raises(StudyError, match="there is no trial 7"):
        study.tell(7, 2.0)


def test_a_run_whose_first_ten_trials_fail_stops_with_the_first_traceback():
    study = Study(SPACE)

    with pytest.raises(AllFailed, match="KeyError: 'gamma'"):
        study.run(lambda trial: trial.params["gamma"], trials=500)

    assert len(study) == 10


@pytest.mark.parametrize("wants", [{"constraints": {"ms": "<= 10"}}, {"cost": "secnds"}])
def test_a_run_stops_whose_objective_does_not_return_what_the_study_wants(wants):
    study = Study(SPACE, sampler="auto", **wants)

    with pytest.raises(AllFailed, match=r"ms|secnds"):
        study.run(lambda trial: 1.5, trials=500)

    assert len(study) == 10


def test_what_trials_are_given_less_of_is_not_searched():
    space = {"epochs": Int(3, 9), "x": Float(-3, 9)}

    with pytest.raises(StudyError, match="'epochs' is a parameter of the space too"):
        Study(space, fidelity=("epochs", 1, 9), scheduler="asha")


def test_a_fidelity_alone_is_lent_and_not_given_whole_without_a_word():
    lent = Study(SPACE, fidelity=("epochs", 1, 9))
    seen = set()
    lent.run(lambda trial: seen.add(trial.budget) or trial.params["x"], trials=20)

    assert seen == {1, 3, 9}
    assert lent.scheduler == schedulers.Auto()
    assert Study(SPACE).scheduler == schedulers.Full()
    assert Study(SPACE, fidelity=("epochs", 1, 9), scheduler="full").ask()[0].budget == 9
    several = Study(SPACE, fidelity=("epochs", 1, 9), minimize=("loss", "ms"))
    assert several.scheduler == schedulers.Full()


@pytest.mark.parametrize("least", [1, 9])
def test_a_fidelity_of_one_amount_gives_that_amount(least):
    study = Study(SPACE, fidelity=("epochs", least, least), sampler="random")

    study.run(lambda trial: trial.params["x"] + trial.budget, trials=5)

    assert study.history.done.all()
    assert study.best.value == study.best.params["x"] + least


def test_a_study_is_a_sequence_of_results():
    study = Study(SPACE, sampler="random").run(bowl, trials=3)

    assert [trial.number for trial in study] == [0, 1, 2]
    with pytest.raises(NothingFinished, match=r"there is no trial 3; there are 3, from 0. study"):
        study[3]


def test_a_folder_is_a_path():
    with pytest.raises(StudyError, match="folder: expected a path, got 3"):
        Study(SPACE, folder=3)


def test_failures_after_a_success_do_not_stop_a_run():
    def objective(trial):
        if trial.number:
            raise RuntimeError("later")
        return 1.0

    study = Study(SPACE).run(objective, trials=15)

    assert study.history.counts[3] == 14


# -- limits


def test_trials_counts_what_there_is_and_more_counts_from_now():
    study = Study(SPACE).run(bowl, trials=4)

    study.run(bowl, trials=4)
    assert len(study) == 4
    assert "has its 4 trials" in study.ended
    study.run(bowl, more=3)
    assert len(study) == 7


def test_seconds_end_a_run_and_ask_running_trials_to_stop(monkeypatch):
    class Jumps:
        """A clock that is far ahead once two trials are under way."""

        process_time = time.process_time

        def monotonic():
            return time.monotonic() + 1000 * (len(under_way) == 2)

    monkeypatch.setattr("luthier.run.clock.time", Jumps)
    study, under_way = Study(SPACE), set()

    def endless(trial):
        for step in range(1, 10_000):
            trial.report(1 / step, step)
            if trial.should_stop():
                raise Stop
            under_way.add(trial.number)
            time.sleep(0.01)
        return 0.0

    study.run(endless, seconds=500, executor=_threads(2))

    assert [r.state for r in study.results] == ["STOPPED"] * 2
    assert "500 seconds are over" in study.ended


def _threads(n):
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(n)


def test_until_ends_a_run_at_a_value_or_when_a_function_says_so():
    low = Study(SPACE).run(bowl, trials=500, until=3.0)
    high = Study(SPACE, maximize="x").run(lambda t: t.params["x"], trials=500, until=8.0)
    told = Study(SPACE).run(bowl, trials=500, until=lambda study: len(study) == 6)

    assert low.best.value <= 3.0
    assert len(low) < 500
    assert high.best.value >= 8.0
    assert len(high) < 500
    assert len(told) == 6


def test_patience_ends_a_run_that_finds_nothing_better():
    study = Study(SPACE).run(lambda trial: abs(trial.number - 3), trials=500, patience=5)

    assert study.best.number == 3
    assert len(study) == 9


def test_a_finite_space_ends_with_a_clear_word_and_no_repeats():
    space = Space(a=Int(3, 7), b=Choice("u", "v"), c=Int(1, 3, when={"b": "v"}))

    study = Study(space, sampler="random").run(lambda t: t.params["a"], trials=1000)

    assert len(study) == space.size == 5 * (1 + 3)
    assert len({tuple(sorted(r.params.items())) for r in study.results}) == 20
    assert "nothing is left to try: all 20 points were tried" in study.ended
    assert study.ask(3) == []


def test_the_size_of_a_grid_is_known_before_it_starts():
    study = Study(Space(a=Float(-3, 9), b=Int(2, 4)), sampler=Grid(points=4))

    assert study.points == 12
    assert len(study.run(lambda t: t.params["a"])) == 12


def test_ctrl_c_ends_a_run_with_everything_stored_and_the_next_run_goes_on(tmp_path):
    whole = Study(SPACE, sampler="random", seed=3).run(bowl, trials=6)

    def interrupted(trial):
        if trial.number == 3:
            signal.raise_signal(signal.SIGINT)
        return bowl(trial)

    study = Study(SPACE, sampler="random", seed=3, store=tmp_path / "s.db")
    study.run(interrupted, trials=6)
    assert "Ctrl-C" in study.ended
    assert [r.state for r in study.results] == ["DONE", "DONE", "DONE", "LOST"]

    study.run(bowl, trials=6)
    assert params(study) == params(whole)


def test_ctrl_c_ends_a_run_whose_objective_catches_it():
    def trains(trial):
        if trial.number == 3:
            with suppress(KeyboardInterrupt):  # as scikit-learn's networks do
                signal.raise_signal(signal.SIGINT)
        return bowl(trial)

    study = Study(SPACE, sampler="random", seed=3)
    study.run(trains, trials=6)

    assert "Ctrl-C" in study.ended
    assert [r.state for r in study.results] == ["DONE"] * 4 + ["LOST"]
    assert study.run(trains, trials=6).history.ended == 6


# -- reports and stopping


def test_reports_reach_the_history_with_the_users_names():
    study = Study(SPACE, maximize="accuracy")

    def objective(trial):
        for fold in range(3):
            trial.report({"accuracy": 0.5 + fold / 10, "train": 0.9}, step=fold)
        return 0.6

    study.run(objective, trials=2)

    steps, losses = study.history.curve(1)
    assert steps.tolist() == [0, 1, 2]
    assert losses[:, 0].tolist() == [-0.5, -0.6, -0.7]
    assert study.history.reported(1)[2] == {"train": 0.9}


def test_the_median_rule_stops_bad_trials_and_they_are_never_best():
    study = Study(Space(x=Float(1, 9)), scheduler="median", sampler="random")

    def objective(trial):
        for step in range(1, 6):
            trial.report(trial.params["x"], step)
            if trial.should_stop():
                return -100.0  # a stopped trial's value does not count
        return trial.params["x"]

    study.run(objective, trials=40)

    stopped = [r for r in study.results if r.state == "STOPPED"]
    assert 5 < len(stopped) < 35
    assert study.best.value > 0
    assert all(r.value is None for r in stopped)


def test_a_report_that_is_no_number_fails_the_trial():
    study = Study(SPACE)

    study.run(lambda trial: trial.report("good", 1), trials=1)

    assert "'good' (str)" in study[0].error["message"]


def test_notes_are_kept_with_the_trial_and_the_study(tmp_path):
    study = Study(SPACE, store=tmp_path / "s.db")
    study.run(lambda trial: trial.note(rows=np.int64(5), odd={1}) or 1.0, trials=1)
    study.note(data="wine")

    again = Study.open(tmp_path / "s.db")
    assert again[0].facts == {"rows": 5, "odd": [1]}
    assert again.history.notes["data"] == "wine"


# -- reopening


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seed": 8}, "seed 7, and now seed is 8"),
        ({"sampler": QMC()}, r"sampler Random\(\), and now sampler is QMC\(skip=0\)"),
        ({"maximize": "loss"}, "minimize loss, and now objectives is maximize loss"),
    ],
)
def test_a_stored_study_with_other_settings_is_an_error_that_names_both(tmp_path, changed, words):
    Study(SPACE, sampler=Random(), seed=7, store=tmp_path / "s.db").close()

    with pytest.raises(StudyError, match=words):
        Study(SPACE, **{"sampler": Random(), "seed": 7, "store": tmp_path / "s.db", **changed})


def test_a_space_that_grew_keeps_every_trial(tmp_path):
    store = tmp_path / "s.db"
    Study(SPACE, store=store).run(bowl, trials=5)
    wider = SPACE.grow(x=Float(-30, 9), extra=Float(1, 3))

    study = Study(wider, store=store).run(bowl, trials=8)

    assert len(study) == 8
    assert np.isnan(study.history.X[:5, study.space.names.index("extra")]).all()
    assert all("extra" in r.params for r in study.results[5:])
    assert (study.history.X[:5, 0] > 0.6).all()


def test_a_narrower_space_keeps_trials_outside_its_bounds(tmp_path):
    store = tmp_path / "s.db"
    Study(SPACE, store=store, sampler="random").run(bowl, trials=12)

    study = Study(SPACE.grow(x=Float(2, 3)), store=store, sampler="random").run(bowl, trials=15)

    X = study.history.X[:, 0]
    assert ((X[:12] < 0) | (X[:12] > 1)).any()
    assert ((X[12:] >= 0) & (X[12:] <= 1)).all()


def test_options_that_cannot_be_stored_come_back_with_the_script_and_as_labels_without(tmp_path):
    store = tmp_path / "s.db"
    space = Space(f=Choice(math.sin, math.cos), x=Float(1, 3))
    Study(space, store=store).run(lambda t: t.params["f"](t.params["x"]), trials=4)

    shown = Study.open(store)
    assert {repr(r.params["f"]) for r in shown.results} == {"<sin>", "<cos>"}
    again = Study(Space(f=Choice(math.cos, math.sin), x=Float(1, 3)), store=store)
    again.run(lambda t: t.params["f"](t.params["x"]), trials=6)
    assert all(r.params["f"] in (math.sin, math.cos) for r in again.results)
    assert [repr(r.params["f"]) == "<sin>" for r in shown.results] == [
        r.params["f"] is math.sin for r in again.results[:4]
    ]


def test_a_parameter_cannot_change_its_type(tmp_path):
    Study(SPACE, store=tmp_path / "s.db").close()

    with pytest.raises(SpaceError, match="cannot change its type"):
        Study(Space(x=Int(1, 3)), store=tmp_path / "s.db")


def test_open_needs_a_name_when_there_are_several(tmp_path):
    for name in ("one", "two"):
        Study(SPACE, store=tmp_path / "s.db", name=name).close()

    with pytest.raises(StudyError, match="holds 2 studies: 'one', 'two'"):
        Study.open(tmp_path / "s.db")
    with pytest.raises(StoreError, match=r"no study 'onne'. Did you mean 'one'"):
        Study.open(tmp_path / "s.db", "onne")
    with pytest.raises(StoreError, match="there is no file"):
        Study.open(tmp_path / "other.db")


def test_a_custom_sampler_has_to_be_given_again(tmp_path):
    Study(SPACE, sampler=Custom(), store=tmp_path / "s.db").close()

    with pytest.raises(StudyError, match="not luthier's own"):
        Study.open(tmp_path / "s.db")
    assert len(Study.open(tmp_path / "s.db", sampler=Custom()).ask(2)) == 2


class Custom:
    def ask(self, space, history, k, rng):
        return Random().ask(space, history, k, rng)


def test_the_first_trial_is_the_default_to_the_last_digit(tmp_path):
    space = Space(lr=Float(1e-5, 1, log=True, default=0.08), c=Float(0.1, 7, default=2.3))

    assert Study(space).ask()[0].params == {"lr": 0.08, "c": 2.3}


# -- queueing


def test_queued_configurations_come_first_and_once():
    study = Study(SPACE)
    wanted = {"x": 1.5, "kind": "curved", "power": 9}

    assert study.enqueue(wanted)
    assert not study.enqueue(wanted)
    assert study.ask()[0].params == wanted
    assert not study.enqueue(wanted)
    assert study.enqueue(wanted, again=True)
    assert study.ask()[0].params == wanted


def test_what_a_queued_configuration_leaves_out_is_filled_in():
    space = Space(a=Float(1, 9, default=3), kind=Choice("u", "v", default="v"), b=Int(2, 7))
    study = Study(space)

    study.enqueue({"kind": "u"})

    got = study.ask()[0].params
    assert got["kind"] == "u"
    assert got["a"] == 3.0
    assert 2 <= got["b"] <= 7


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"y": 1}, r"'y' is not in the space"),
        ({"x": 99.0}, "outside the range"),
        ({"kind": "plain", "power": 3}, "only active when kind is 'curved'"),
        ([1, 2], "expected a dict"),
    ],
)
def test_a_queued_configuration_must_fit_the_space(params, word):
    with pytest.raises(SpaceError, match=word):
        Study(SPACE).enqueue(params)


def test_the_queue_survives_a_restart(tmp_path):
    study = Study(SPACE, store=tmp_path / "s.db")
    study.enqueue({"x": 1.5, "kind": "plain"})
    study.close()

    again = Study(SPACE, store=tmp_path / "s.db")
    assert again.ask()[0].params == {"x": 1.5, "kind": "plain"}
    again.close()


# -- what came of it


def test_best_and_front_know_when_there_is_nothing():
    study = Study(SPACE)
    with pytest.raises(NothingFinished, match=r"study.run\(objective"):
        _ = study.best
    study.run(lambda trial: 1 / 0, trials=2)
    with pytest.raises(LookupError, match="ZeroDivisionError"):
        _ = study.best


def test_several_objectives_have_a_front():
    study = Study(Space(x=Float(-3, 9)), minimize="cost", maximize="gain", sampler="random")

    study.run(lambda t: {"cost": (t.params["x"] - 2) ** 2, "gain": t.params["x"]}, trials=30)

    xs = [r.params["x"] for r in study.front]
    assert min(xs) > 1.0
    assert max(xs) == max(r.params["x"] for r in study.results)
    with pytest.raises(StudyError, match=r"study\.front"):
        _ = study.best


def test_frame_has_a_row_per_trial_and_the_users_sign():
    study = Study(SPACE, maximize="accuracy").run(lambda t: {"accuracy": 0.5, "n": 3}, trials=3)

    frame = study.frame()

    assert list(frame["accuracy"]) == [0.5] * 3
    assert list(frame["n"]) == [3] * 3
    assert list(frame["state"]) == ["DONE"] * 3
    assert set(frame["kind"]) <= {"plain", "curved"}


def test_reprs_say_what_matters():
    study = Study(SPACE, seed=4).run(bowl, trials=3)

    assert "3 done" in repr(study)
    assert "best: Trial" in repr(study)
    assert "<table>" in study._repr_html_()
    assert repr(study.ask()[0]).startswith("Trial(3: x=")


def test_reprs_show_how_far_the_best_came_where_no_trial_had_all_and_the_front():
    early = Study(SPACE, fidelity=("epochs", 3, 9), scheduler="asha", sampler="random")
    early.run(lambda t: t.report(-0.25, step=3) or -0.25, trials=1)
    many = Study(SPACE, minimize=("loss", "ms"), sampler="random")
    many.run(lambda t: {"loss": 1.5, "ms": -2.0}, trials=1)

    assert "best: Trial 0: stopped at step 3 with -0.25" in repr(early)
    assert "<td>0</td><td>-0.25 at step 3</td>" in early._repr_html_()
    assert "front: 1 trial\n" in repr(many)
    bound = Study(SPACE, minimize=("loss", "ms"), constraints={"mb": "<= 3"}, sampler="random")
    bound.run(lambda t: {"loss": 1.5, "ms": -2.0, "mb": 4}, trials=1)
    assert "front: no trial keeps the constraints\n" in repr(bound)
    assert "<td>1.5</td><td>-2</td>" in many._repr_html_()


def test_explain_says_what_proposes_next_and_why():
    modelled = Study(SPACE).run(bowl, trials=8)
    many = Study(SPACE, minimize=("loss", "cost"))
    many.run(lambda t: {"loss": 1.5, "cost": -2.0}, trials=6)

    assert "process" in modelled.explain()
    assert "2 objectives" in many.explain()
    running = Study(sampler="random").run(
        lambda t: t.int("n", 1, 9) if t.choice("k", "a", "b") == "a" else 1.0, trials=12
    )
    assert running.explain().endswith("there only sometimes: n with k 'a'.")
    assert Study(SPACE, sampler="random").explain().startswith("Random(): Draws uniformly")


def test_tune_does_it_in_one_call():
    study = luthier.tune(bowl, SPACE, trials=12, seed=2, sampler="random")

    assert len(study) == 12
    assert study.best.value == min(r.value for r in study.results)


def test_trials_have_folders_beside_the_store(tmp_path):
    def objective(trial):
        (trial.folder / "weights.txt").write_text(str(trial.number))
        return 1.0

    Study(SPACE, store=tmp_path / "s.db").run(objective, trials=2)

    assert (tmp_path / "s-trials" / "study" / "00001" / "weights.txt").read_text() == "1"


def test_threads_that_tell_at_once_lose_nothing(tmp_path):
    study = Study(SPACE, store=tmp_path / "s.db", sampler="random")

    def work():
        for _ in range(10):
            (trial,) = study.ask()
            study.tell(trial, bowl(trial))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    study.close()
    assert [r.state for r in Study.open(tmp_path / "s.db").results] == ["DONE"] * 40
