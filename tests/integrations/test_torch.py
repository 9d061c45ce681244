"""PyTorch by hand and with Lightning: stopped early, killed and resumed, safely loaded."""

import pytest

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("default")]

torch = pytest.importorskip("torch", reason="pip install '.[frameworks]'")

from sklearn.datasets import load_digits  # noqa: E402

from luthier.errors import StudyError  # noqa: E402
from luthier.integrations.steps import newest  # noqa: E402
from luthier.integrations.torch import FILE, Checkpoint  # noqa: E402


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return torch.tensor(X[:600] / 16, dtype=torch.float32), torch.tensor(y[:600])


def parts():
    torch.manual_seed(4)
    model = torch.nn.Sequential(torch.nn.Linear(64, 10), torch.nn.Dropout(0.2))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    return {"model": model, "optimizer": optimizer, "scheduler": scheduler}


def trained(trial, digits, epochs=6, **settings):
    made, (X, y) = parts(), digits
    model, loss = made["model"], torch.nn.functional.cross_entropy
    loop = Checkpoint(trial, epochs, **made, **settings)
    for _ in loop:
        model.train()
        for rows in torch.randperm(400).split(100):
            made["optimizer"].zero_grad()
            loss(model(X[rows]), y[rows]).backward()
            made["optimizer"].step()
        made["scheduler"].step()
        model.eval()
        with torch.no_grad():
            loop.report(loss(model(X[400:]), y[400:]).item())
    return loop, made


def test_who_goes_on_ends_exactly_where_who_was_never_stopped_does(trial_of, digits):
    """Weights, Adam's moments, the rate's schedule, dropout and shuffling: all is in it."""
    whole, expected = trained(trial_of(0), digits)
    parent = trial_of(1, budget=3.0)
    trained(parent, digits)
    child = trial_of(2, parent=parent)

    loop, got = trained(child, digits)

    assert [step for step, _ in child.line.reports] == [4, 5, 6]
    assert loop.value == whole.value
    for name in expected["model"].state_dict():
        assert torch.equal(got["model"].state_dict()[name], expected["model"].state_dict()[name])
    assert got["scheduler"].get_last_lr() == expected["scheduler"].get_last_lr() == [0.0025]


def test_a_stopped_loop_ends_and_leaves_its_last_state(trial_of, digits):
    trial = trial_of(0, stop_at=2)

    trained(trial, digits, every=5)

    assert [step for step, _ in trial.line.reports] == [1, 2]
    assert (newest(trial.folder) / FILE).is_file()


def test_a_checkpoint_that_would_run_code_is_refused(trial_of, digits, tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    parent = trial_of(0)
    trained(parent, digits, 1)
    torch.save({"model": Evil()}, newest(parent.folder) / FILE)

    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        trained(trial_of(1, parent=parent), digits)
    assert not (tmp_path / "ran").exists()


def test_parts_that_do_not_fit_are_refused(trial_of, digits):
    with pytest.raises(StudyError, match="model has no state_dict"):
        Checkpoint(trial_of(0), 3, model="linear")
    parent = trial_of(1)
    trained(parent, digits, 1)
    with pytest.raises(StudyError, match="holds model, optimizer, scheduler, and now there are mo"):
        Checkpoint(trial_of(2, parent=parent), 3, model=parts()["model"])


@pytest.mark.slow
def test_killed_in_mid_training_no_saved_epoch_is_trained_twice(killed_and_resumed):
    body = """
import torch
from sklearn.datasets import load_digits
from luthier.integrations.torch import Checkpoint

X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X[:500] / 16, dtype=torch.float32), torch.tensor(y[:500])
space, settings = Space(rate=Float(1e-3, 1e-1, log=True)), {}

def objective(trial):
    torch.manual_seed(trial.seed)
    model = torch.nn.Linear(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), trial.params["rate"])
    loss = torch.nn.functional.cross_entropy
    loop = Checkpoint(trial, 7, model=model, optimizer=optimizer)
    for epoch in loop:
        optimizer.zero_grad()
        loss(model(X[:400]), y[:400]).backward()
        optimizer.step()
        tick(epoch)
        loop.report(loss(model(X[400:]), y[400:]).item())
    return loop.value
"""
    first, second = killed_and_resumed(body, kill_at=4)

    assert first == [1, 2, 3, 4]
    assert second == [4, 5, 6, 7]
