"""GridSearchCV with a changed import: it can be killed and run again, and says what to expect.

Run it twice: the second time, the grid is in the store and only the winner is fitted.
"""

from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from luthier import Float, Int, Space
from luthier.sklearn import GridSearchCV, SearchCV

X, y = load_breast_cancer(return_X_y=True)
X, X_new, y, y_new = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)

model = make_pipeline(StandardScaler(), PCA(random_state=0), SVC())
grid = {
    "pca__n_components": [3, 10, None],
    "svc__C": [0.1, 1, 10, 100],
    "svc__gamma": ["scale", 0.001, 0.01, 0.1],
}


space = Space(
    pca__n_components=Int(2, 30),
    svc__C=Float(0.1, 100, log=True),
    svc__gamma=Float(1e-4, 0.1, log=True),
)


def show(search):
    """What the search says of itself, and what its winner scores in truth."""
    print(f"{type(search).__name__}: {search.best_params_}")
    print(search.summary())
    print(f"On rows that it never saw it has {search.score(X_new, y_new):.3f}.\n")


if __name__ == "__main__":
    show(GridSearchCV(model, grid, store="grid.db").fit(X, y))
    show(SearchCV(model, space, time_limit=10, patience=20).fit(X, y))
