"""A support vector machine whose parameters depend on its kernel."""

from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from luthier import Choice, Float, Int, Space, Study

X, y = load_wine(return_X_y=True)

space = Space(
    C=Float(1e-3, 1e3, log=True, default=1.0),
    kernel=Choice("linear", "rbf", "poly", default="rbf"),
    gamma=Float(1e-4, 10, log=True, default=0.1, when={"kernel": ["rbf", "poly"]}),
    degree=Int(2, 5, default=3, when={"kernel": "poly"}),
    forbid=[{"kernel": "poly", "degree": 5}],  # too wild to be worth a trial
)


def objective(trial):
    """The mean accuracy over five folds; each fold is also reported."""
    model = make_pipeline(StandardScaler(), SVC(**trial.params))
    scores = cross_val_score(model, X, y, cv=5)
    for fold, score in enumerate(scores):
        trial.report(score, step=fold)
    return scores.mean()


if __name__ == "__main__":
    study = Study(space, maximize="accuracy", seed=1).run(objective, trials=30)
    print(f"default: {study[0].value:.3f}  {study[0].params}")
    print(f"best:    {study.best.value:.3f}  {study.best.params}")
