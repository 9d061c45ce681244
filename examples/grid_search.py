"""GridSearchCV with a changed import: it can be killed and run again, and says what to expect.

Run it twice: the second time, the grid is in the store and only the winner is fitted.
"""

from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from luthier.sklearn import GridSearchCV, SearchCV

X, y = load_breast_cancer(return_X_y=True)
X, X_new, y, y_new = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)

model = make_pipeline(StandardScaler(), PCA(random_state=0), SVC())
grid = {
    "pca__n_components": [3, 10, None],
    "svc__C": [0.1, 1, 10, 100],
    "svc__gamma": ["scale", 0.001, 0.01, 0.1],
}


def show(name, search):
    """What the search says of itself, and what came of it."""
    print(f"{name}: {search.best_params_}")
    print(f"  over folds {search.best_score_:.3f}, honestly {search.honest_score_:.3f}", end=", ")
    print(f"on rows that it never saw {search.score(X_new, y_new):.3f}")
    print(f"  {search.overtuning_.words}")


if __name__ == "__main__":
    show("grid", GridSearchCV(model, grid, store="grid.db").fit(X, y))

    # Nothing to list: the default space of each step, for as long as there is time.
    search = SearchCV(model, time_limit=10, patience=20).fit(X, y)
    show("proposed", search)
    folds = search.cv_results_["n_folds"]
    print(f"  {len(folds)} candidates; racing ran {folds.sum()} of their {5 * len(folds)} folds")
