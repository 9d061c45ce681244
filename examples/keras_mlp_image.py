"""A Keras network for images: convolutions first, and the epochs are a parameter too."""

from sklearn.datasets import load_digits

from luthier import Study
from luthier.problems import mlp

if __name__ == "__main__":
    digits = load_digits()
    problem = mlp(digits.images[:700], digits.target[:700], epochs=(2, 6))
    study = Study(problem.space, maximize="accuracy", scheduler="median", seed=5)
    study.run(problem, trials=4)
    print(study.best)
    print(f"images of shape {problem.learn[0].shape[1:]}, {len(problem.classes)} classes")
