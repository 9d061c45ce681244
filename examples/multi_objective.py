"""A model that shall be accurate and small: the trials that no other beats in both."""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from luthier import Float, Int, Space, Study

X, y = load_digits(return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, random_state=0)

space = Space(
    max_depth=Int(2, 20),
    min_samples_leaf=Int(1, 30, log=True),
    ccp_alpha=Float(1e-5, 0.1, log=True),
)


def objective(trial):
    """Two objectives by name; further keys are kept as metrics."""
    tree = DecisionTreeClassifier(**trial.params, random_state=0).fit(X_train, y_train)
    return {
        "accuracy": tree.score(X_valid, y_valid),
        "leaves": tree.get_n_leaves(),
        "train_accuracy": tree.score(X_train, y_train),
    }


if __name__ == "__main__":
    study = Study(space, maximize="accuracy", minimize="leaves").run(objective, trials=40)
    for trial in sorted(study.front, key=lambda trial: trial.values["leaves"]):
        print(f"{trial.values['leaves']:4.0f} leaves  accuracy {trial.values['accuracy']:.3f}")
