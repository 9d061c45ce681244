"""LightGBM: bad trials are stopped early, and the number of trees is read off the curve.

Stop the script however you like and run it again: the trial that was growing goes on from its
last checkpoint.
"""

from lightgbm import LGBMRegressor
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from luthier import Float, Int, Space, Study
from luthier.integrations.lightgbm import fit

X, X_scored, y, y_scored = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
space = Space(
    learning_rate=Float(0.005, 0.5, log=True),
    num_leaves=Int(2, 31, log=True),
    min_child_samples=Int(2, 40, log=True),
)


def objective(trial):
    """The error on the scored rows, with the number of trees that rows kept aside prefer."""
    model = LGBMRegressor(n_estimators=400, n_jobs=1, verbosity=-1, **trial.params)
    grown = fit(trial, model, X, y, scored=(X_scored, y_scored), metric="rmse", patience=30)
    trial.note(trees=grown.best)
    return grown.value


if __name__ == "__main__":
    with Study(space, scheduler="median", store="curve.db", seed=5) as study:
        study.run(objective, trials=25)
        stopped = int(study.history.stopped.sum())
        print(study.best)
        print(f"with {study.best.facts['trees']} trees; {stopped} of 25 trials were stopped early")
