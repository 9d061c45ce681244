"""The objective asks for its parameters as it runs: loops and branches are plain Python."""

from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from luthier import Study

X, y = load_iris(return_X_y=True)


def objective(trial):
    """Accuracy of a forest or of nearest neighbours, on features that the trial scales."""
    scaled = X.copy()
    for column in range(X.shape[1]):
        scaled[:, column] *= trial.float(f"weight_{column}", 0.1, 10, log=True)
    if trial.choice("model", "forest", "neighbours") == "forest":
        model = RandomForestClassifier(
            n_estimators=trial.int("trees", 5, 40, log=True), random_state=trial.seed
        )
    else:
        model = KNeighborsClassifier(n_neighbors=trial.int("neighbours", 1, 25))
    return cross_val_score(model, scaled, y, cv=3).mean()


if __name__ == "__main__":
    study = Study(maximize="accuracy").run(objective, trials=20)
    print(f"{len(study.space)} parameters were asked for: {', '.join(study.space.names)}")
    print(study.best)
