"""A process that works on a study in a store; the tests start it and kill it.

python driver.py STORE TRIALS SEED          makes trials, printing each number that was told
python driver.py STORE TRIALS SEED FOLDER   the same by Study.run, once three of these have begun
"""

import os
import sys
import time
from pathlib import Path

from luthier import Choice, Float, Int, Space, Study

SPACE = Space(x=Float(-3, 9), n=Int(2, 40), a=Choice("u", "v", None))


def loss(params):
    return (params["x"] - 2.5) ** 2 + params["n"]


def objective(trial):
    trial.report(loss(trial.params) + 1, 1)
    return loss(trial.params)


def main(store, trials, seed, folder=None):
    study = Study(SPACE, sampler="random", store=store, seed=int(seed))
    if folder is not None:
        begun = Path(folder)

        def slow(trial):
            """Its first trial waits until every process has one, however late that was started."""
            (begun / str(os.getpid())).touch()
            while len(list(begun.iterdir())) < 3:
                time.sleep(0.01)
            time.sleep(0.01)  # long enough for others to get hold of the store
            return objective(trial)

        study.run(slow, trials=int(trials))
        return
    while study.history.ended < int(trials):
        for trial in study.ask():
            study.tell(trial, objective(trial))
            print(trial.number, repr(loss(trial.params)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
