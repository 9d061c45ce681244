"""Reports of studies whose trials are given less than the whole."""

from luthier import Float, Space, Study
from luthier.report import Report


def train(trial):
    """Goes on from its parent, whose steps it knows by its budget."""
    first = 1
    if trial.parent_folder is not None:
        first = int((trial.parent_folder / "epoch").read_text()) + 1
    for epoch in range(first, 28):
        (trial.folder / "epoch").write_text(str(epoch))
        trial.report(trial.params["x"] + 1 / epoch, epoch)
        if trial.should_stop():
            break
    return trial.params["x"] + 1 / epoch


def page(tmp_path, trials):
    study = Study(
        Space(x=Float(1, 9)), scheduler="asha", sampler="random", fidelity=("epochs", 1, 27),
        seed=1, folder=tmp_path / "trials",
    ).run(train, trials=trials)  # fmt: skip
    return study, Report(study.history).save(tmp_path / "report.md").read_text()


def test_before_anything_ended_the_result_is_who_came_furthest(tmp_path):
    study, text = page(tmp_path, 12)

    step, loss = study.best.reached
    assert f"Trial {study.best.number} came furthest, to {step}, with a loss of {loss:.4g}" in text
    assert "No trial was given all 27 epochs yet" in text
    assert "epochs from 1 to 27" in text
    assert "ASHA(eta=3)" in text


def test_a_configuration_that_went_on_has_one_curve_from_its_first_step(tmp_path):
    study, text = page(tmp_path, 150)

    assert study.history.done.any()
    best = study.best
    assert f"Trial {best.number} was best at step 27 of 27" in text
    told = text[text.index("Learning curves") :]
    assert f"|    1 | {best.value + 1 - 1 / 27:.4f} |" in told
    assert f"|   27 | {best.value:.4f} |" in told
    assert "saved by stopping early" in text
    assert "last step" in text
