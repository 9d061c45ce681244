"""Two trials at a time, each in a process of its own; one that dies costs one trial."""

import os
import time

from luthier import Float, Int, Space, Study

space = Space(x=Float(-3, 9), n=Int(1, 6))


def objective(trial):
    """A slow function that sometimes takes its whole process with it."""
    trial.note(process=os.getpid())
    time.sleep(0.05)
    if trial.params["x"] < -2:
        os._exit(7)  # as a segmentation fault would
    return (trial.params["x"] - 2) ** 2 + trial.params["n"]


if __name__ == "__main__":
    study = Study(space).run(objective, trials=16, jobs=2)
    processes = {study.history.facts(row).get("process") for row in range(len(study))}
    print(f"{len(study)} trials were run by {len(processes - {None})} processes")
    for trial in study.results:
        if trial.state == "FAILED":
            print(f"trial {trial.number} failed: {trial.error['message']}")
    print(study.best)
