"""A Keras network for texts: words are hashed, embedded and averaged.

The texts are made up, so that nothing is downloaded: a few words of each say what it is about.
"""

import numpy as np

from luthier import Study
from luthier.problems import mlp

ABOUT = {
    "weather": ["rain", "sun", "wind", "cloud", "storm", "cold", "warm"],
    "music": ["string", "bow", "violin", "note", "chord", "tune", "bridge"],
    "food": ["bread", "soup", "apple", "spice", "oven", "butter", "warm"],
}
FILLER = ["the", "a", "and", "then", "it", "was", "very", "of", "all", "that", "we", "had"]


def texts(n, rng):
    """n texts of 12 words, three of which are about their subject; and the subjects."""
    made, subjects = [], []
    for _ in range(n):
        subject = str(rng.choice(list(ABOUT)))
        words = [*rng.choice(FILLER, 9), *rng.choice(ABOUT[subject], 3)]
        made.append(" ".join(rng.permutation(words)))
        subjects.append(subject)
    return made, subjects


if __name__ == "__main__":
    problem = mlp(*texts(500, np.random.default_rng(3)), epochs=6, length=12)
    study = Study(problem.space, maximize="accuracy", scheduler="median", seed=5)
    study.run(problem, trials=4)
    print(study.best)
    print(f"subjects: {', '.join(problem.classes)}")
