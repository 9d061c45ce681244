"""A study in a file: stop this script however you like, run it again, and it goes on.

`trials=30` is how many the study shall have in all, so the finished study does nothing more.
"""

from luthier import Choice, Float, Space, Study

space = Space(x=Float(-3, 9), y=Float(0.1, 40, log=True), way=Choice("up", "down"))


def objective(trial):
    """A valley whose floor lies elsewhere on each way."""
    params = trial.params
    target = 2.5 if params["way"] == "up" else -1.0
    return (params["x"] - target) ** 2 + abs(params["y"] - 7)


if __name__ == "__main__":
    with Study(space, store="resume.db", name="valley", seed=5) as study:
        before = len(study)
        study.run(objective, trials=before + 12 if before < 24 else 30)
        print(f"{before} trials were there, now there are {len(study)}: {study.ended}")
        print(study.best)
