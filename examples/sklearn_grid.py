"""What GridSearchCV and RandomizedSearchCV take, searched by luthier."""

from scipy.stats import loguniform
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from luthier import Space, Study

X, y = load_breast_cancer(return_X_y=True)
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))

distributions = [
    {"logisticregression__solver": ["lbfgs"], "logisticregression__C": loguniform(1e-4, 100)},
    {
        "logisticregression__solver": ["liblinear"],
        "logisticregression__C": loguniform(1e-4, 100),
        "logisticregression__intercept_scaling": [0.5, 1.0, 4.0],
    },
]


def objective(trial):
    """Names with double underscores go straight to `set_params`."""
    return cross_val_score(model.set_params(**trial.params), X, y, cv=3).mean()


if __name__ == "__main__":
    space = Space.from_sklearn(distributions)
    print(space)
    print(Study(space, maximize="accuracy").run(objective, trials=15).best)
