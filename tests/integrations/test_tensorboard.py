"""TensorBoard reads what is written for it: curves, parameters, results."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("default")]

pytest.importorskip("tensorboard", reason="pip install '.[frameworks]'")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from tensorboard.plugins.hparams import metadata  # noqa: E402

from luthier import Choice, Float, Space, Study  # noqa: E402
from luthier.integrations.tensorboard import TensorBoard  # noqa: E402

SPACE = Space(x=Float(-3, 9), kind=Choice("tree", None))


def objective(trial):
    for step in (1, 2, 3):
        trial.report({"score": step + trial.params["x"], "extra": 10.5 * step}, step)
        if trial.number == 2:
            raise ValueError("broken")
    return {"score": 4 + trial.params["x"], "seconds_of_it": 1.5}


def read(folder):
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def curve(folder, tag):
    return [
        (event.step, pytest.approx(event.value, rel=1e-6)) for event in read(folder).Scalars(tag)
    ]


def of_plugin(folder, tag):
    content = read(folder).SummaryMetadata(tag).plugin_data.content
    return metadata.parse_session_start_info_plugin_data(content)


def study_of(**settings):
    return Study(SPACE, maximize="score", sampler="random", seed=3, **settings)


def test_a_run_followed_has_every_curve_with_the_users_sign(tmp_path):
    study = study_of().run(objective, trials=4, progress=TensorBoard(tmp_path / "runs"))

    x = study[1].params["x"]
    assert curve(tmp_path / "runs/00001", "score") == [
        (1, 1 + x),
        (2, 2 + x),
        (3, 3 + x),
        (3, 4 + x),
    ]
    assert curve(tmp_path / "runs/00001", "extra") == [(1, 10.5), (2, 21), (3, 31.5)]
    assert curve(tmp_path / "runs/00002", "score") == [(1, 1 + study[2].params["x"])]


def test_parameters_and_results_are_in_the_hparams_tab(tmp_path):
    study = study_of().run(objective, trials=3)
    TensorBoard(tmp_path).write(study.history)

    told = of_plugin(tmp_path / "00000", metadata.SESSION_START_INFO_TAG).hparams
    assert told["x"].number_value == study[0].params["x"]
    assert told["kind"].string_value == str(study[0].params["kind"])
    for row, status in ((0, 1), (2, 2)):
        content = read(tmp_path / f"{row:05d}").SummaryMetadata(metadata.SESSION_END_INFO_TAG)
        end = metadata.parse_session_end_info_plugin_data(content.plugin_data.content)
        assert end.status == status
    content = read(tmp_path).SummaryMetadata(metadata.EXPERIMENT_TAG).plugin_data.content
    experiment = metadata.parse_experiment_plugin_data(content)
    assert [info.name for info in experiment.hparam_infos] == ["x", "kind"]
    assert experiment.hparam_infos[0].domain_interval.max_value == 9
    assert [info.name.tag for info in experiment.metric_infos] == ["score"]


def test_a_study_that_goes_on_is_there_once(tmp_path):
    store = tmp_path / "study.db"
    for trials in (2, 4):
        with study_of(store=store) as study:
            study.run(objective, trials=trials, progress=TensorBoard(tmp_path / "runs"))

    TensorBoard(tmp_path / "again").write(study.history)
    TensorBoard(tmp_path / "once more").write(study)
    for row in range(4):
        assert len(list((tmp_path / f"runs/{row:05d}").iterdir())) == 1
        one, other, third = (
            (tmp_path / name / f"{row:05d}" / "events.out.tfevents.0.luthier").read_bytes()
            for name in ("runs", "again", "once more")
        )
        assert one == other == third


def test_a_space_that_is_defined_by_running_is_described_when_it_is_known(tmp_path):
    def asks(trial):
        return trial.float("rate", 0.25, 0.75)

    study = Study(seed=3).run(asks, trials=2, progress=TensorBoard(tmp_path))

    told = of_plugin(tmp_path / "00000", metadata.SESSION_START_INFO_TAG).hparams
    assert told["rate"].number_value == study[0].params["rate"]


def test_tensorflow_is_not_needed():
    code = (
        "import sys; sys.modules['tensorflow'] = None; import luthier.integrations.tensorboard;"
        "print(sys.modules['tensorflow'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout.strip() == "None", done.stderr
