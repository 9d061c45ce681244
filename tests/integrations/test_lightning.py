"""Lightning: stopped early, killed and resumed, promoted."""

import logging

import pytest

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("default")]

torch = pytest.importorskip("torch", reason="pip install '.[frameworks]'")
lightning = pytest.importorskip("lightning", reason="pip install '.[frameworks]'")

from sklearn.datasets import load_digits  # noqa: E402

from luthier.errors import StudyError  # noqa: E402
from luthier.integrations.lightning import Report, fit  # noqa: E402
from luthier.integrations.steps import newest  # noqa: E402

CPU = {"accelerator": "cpu", "devices": 1}


class Net(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        self.net, self.rates = torch.nn.Linear(64, 10), []

    def training_step(self, batch, _):
        loss = torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])
        self.log("loss", loss)
        return loss

    def validation_step(self, batch, _):
        self.log("val_loss", torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1]))

    def on_train_epoch_start(self):
        self.rates.append(self.optimizers().param_groups[0]["lr"])

    def configure_optimizers(self):
        adam = torch.optim.Adam(self.parameters(), 0.02)
        return [adam], [torch.optim.lr_scheduler.StepLR(adam, 2, 0.5)]


@pytest.fixture(scope="module")
def loaders():
    X, y = load_digits(return_X_y=True)
    X, y = torch.tensor(X[:600] / 16, dtype=torch.float32), torch.tensor(y[:600])
    learn = torch.utils.data.TensorDataset(X[:400], y[:400])
    test = torch.utils.data.TensorDataset(X[400:], y[400:])
    return [torch.utils.data.DataLoader(part, batch_size=100) for part in (learn, test)]


def trained(trial, loaders, epochs=6, **settings):
    module = Net()
    return fit(trial, module, *loaders, epochs=epochs, **CPU, **settings), module


def test_who_goes_on_ends_exactly_where_who_was_never_stopped_does(trial_of, loaders):
    expected, whole = trained(trial_of(0), loaders)
    parent = trial_of(1, budget=3.0)
    first, begun = trained(parent, loaders)
    child = trial_of(2, parent=parent)

    got, resumed = trained(child, loaders)

    assert [step for step, _ in parent.line.reports] == [1, 2, 3]
    assert [step for step, _ in child.line.reports] == [4, 5, 6]
    assert begun.rates + resumed.rates == whole.rates == [0.02, 0.02, 0.01, 0.01, 0.005, 0.005]
    assert got == expected
    assert got["loss"] == got["val_loss"] < first["loss"]
    assert "train_loss" in got
    assert torch.equal(resumed.net.weight, whole.net.weight)


def test_a_trial_that_is_told_to_stop_stops_and_leaves_its_last_state(trial_of, loaders):
    trial = trial_of(0, stop_at=2)

    trained(trial, loaders, every=5)

    assert [step for step, _ in trial.line.reports] == [1, 2]
    assert newest(trial.folder).name == "step-00000002"


def test_checkpoints_are_made_without_a_word(trial_of, loaders, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("lightning.pytorch"), "propagate", True)
    with caplog.at_level(logging.INFO, "lightning.pytorch"):
        trained(trial_of(0), loaders, 2)

    assert "Trainer.fit" in caplog.text
    assert "weights_only" not in caplog.text


def test_the_callback_alone_gives_the_value_to_return(trial_of, loaders):
    report = Report(trial_of(0), 2)

    lightning.Trainer(
        max_epochs=report.last, callbacks=[report], logger=False, enable_checkpointing=False,
        enable_progress_bar=False, **CPU,
    ).fit(Net(), *loaders)  # fmt: skip

    assert report.value == report.steps.value
    assert set(report.value) == {"loss", "train_loss", "val_loss"}


def test_a_child_with_nothing_left_has_the_parents_value(trial_of, loaders):
    parent = trial_of(0)
    first, _ = trained(parent, loaders, 2)

    assert trained(trial_of(1, parent=parent), loaders, 2)[0] == first


def test_a_wrong_monitor_is_an_error(trial_of, loaders):
    with pytest.raises(StudyError, match="'val_auc' is none of the logged values: there is "):
        trained(trial_of(0), loaders, 1, monitor="val_auc")


@pytest.mark.slow
def test_killed_in_mid_training_no_saved_epoch_is_trained_twice(killed_and_resumed):
    body = """
import lightning, torch
from sklearn.datasets import load_digits
from luthier.integrations.lightning import fit

X, y = load_digits(return_X_y=True)
data = torch.utils.data.TensorDataset(torch.tensor(X[:400] / 16).float(), torch.tensor(y[:400]))
space, settings = Space(rate=Float(1e-3, 1e-1, log=True)), {}

class Net(lightning.LightningModule):
    def __init__(self, rate):
        super().__init__()
        self.net, self.rate = torch.nn.Linear(64, 10), rate
    def training_step(self, batch, _):
        return torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])
    def validation_step(self, batch, _):
        self.log("val_loss", self.training_step(batch, _))
    def on_train_epoch_start(self):
        tick(self.current_epoch + 1)
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), self.rate)

def objective(trial):
    learn, test = (torch.utils.data.DataLoader(data, batch_size=200) for _ in range(2))
    module = Net(trial.params["rate"])
    return fit(trial, module, learn, test, epochs=7, accelerator="cpu", devices=1)
"""
    first, second = killed_and_resumed(body, kill_at=4)

    assert first == [1, 2, 3, 4]
    assert second == [4, 5, 6, 7]
