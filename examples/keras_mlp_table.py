"""A Keras network for a table: layers, optimiser, schedule and the rest, with few epochs wasted.

Each configuration first gets one epoch; the best third goes on to three, and of those the best
third to nine.
"""

from sklearn.datasets import load_breast_cancer

from luthier import Study
from luthier.problems import mlp

if __name__ == "__main__":
    problem = mlp(*load_breast_cancer(return_X_y=True), epochs=9)
    with Study(
        problem.space,
        maximize="accuracy",
        scheduler="asha",
        fidelity=("epochs", 1, 9),
        store="table.db",
        seed=5,
    ) as study:
        study.run(problem, trials=14)
        print(study.best)
        begun = int((study.history.parent < 0).sum())
        epochs = len(study.history.step)
        print(f"{begun} configurations, {epochs} epochs; in full they take {9 * begun}")
