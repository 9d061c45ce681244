"""Driver: what trials speak to, and what goes with it. Its acts are tested through `Study`."""

import gc

from luthier import Float, Space, Study

SPACE = Space(x=Float(-3, 9))


def test_files_of_a_study_in_memory_stay_as_long_as_a_trial_may_use_them():
    (trial,) = Study(SPACE, seed=5).ask()
    folder = trial.folder
    gc.collect()
    assert folder.is_dir()

    del trial
    gc.collect()

    assert not folder.parent.exists()


def test_a_trial_reports_to_the_driver_even_when_nobody_holds_the_study():
    (trial,) = Study(SPACE, seed=5, scheduler="median").ask()
    trial.report(2.5, step=3)
    trial.line.stop_all()

    assert trial.should_stop()
    assert trial.line.history.curve(trial.number)[0].tolist() == [3]


def test_folders_are_tidied_only_while_it_is_asked_for(tmp_path):
    study = Study(SPACE, seed=5, folder=tmp_path)
    trials = study.ask(3)
    kept = [trial.folder for trial in trials]
    with study.driver.keeping(1):
        study.tell(trials[0], 7.5)
        study.tell(trials[1], 4.5)
    study.tell(trials[2], 9.5)

    assert [folder.is_dir() for folder in kept] == [False, True, True]
