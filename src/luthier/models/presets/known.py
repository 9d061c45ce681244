"""Which estimators have default ranges, by package and class; none of them is imported here."""

from __future__ import annotations

from functools import partial
from typing import Any

from luthier.models.presets import (
    bayes,
    descent,
    ensembles,
    inside,
    kernels,
    linear,
    neighbours,
    network,
    steps,
    trees,
)
from luthier.models.presets.entry import Entry

_RIDGE = Entry(linear.ridge, linear.LINEAR)
_GENERALISED = Entry(linear.generalised, linear.LINEAR)
_UNCERTAIN = Entry(linear.uncertain, linear.LINEAR)
_DESCENT = Entry(descent.descent, descent.DESCENT, descent.descent_reads)
_AGGRESSIVE = Entry(descent.passive_aggressive, descent.DESCENT)
_NEIGHBOURS = Entry(neighbours.neighbours, neighbours.NEIGHBOURS)
_COUNTS = Entry(bayes.counts, bayes.BAYES)
_TREE = Entry(trees.tree, trees.TREES)
_EXTRA_TREE = Entry(trees.extra_tree, trees.TREES)
_FOREST = Entry(trees.forest, trees.TREES)
_EXTRA_TREES = Entry(trees.extra_trees, trees.TREES)
_BOOSTING = Entry(trees.gradient_boosting, trees.BOOSTING)
_HISTOGRAMS = Entry(trees.histogram_boosting, trees.BOOSTING)
_NETWORK = Entry(network.network, network.NETWORK, network.network_reads, network.network_finish)
_PROCESS = Entry(kernels.process, kernels.PROCESS)
_XGBOOST = Entry(trees.xgboost, trees.BOOSTING, trees.xgboost_reads)
_LIGHTGBM = Entry(trees.lightgbm, trees.BOOSTING, trees.lightgbm_reads, trees.lightgbm_finish)
_CATBOOST = Entry(trees.catboost, trees.BOOSTING, finish=trees.catboost_finish)
_WORDS = Entry(steps.words, steps.TEXT, steps.words_reads, steps.words_finish)
_CLUSTERS = Entry(steps.clusters, steps.STEPS)
_WRAPPED = Entry(steps.nothing, "", inside=inside.wrapped)
_VOTING = Entry(
    ensembles.voting,
    ensembles.MEMBERS,
    ensembles.voting_reads,
    ensembles.voting_finish,
    inside.members,
)
_STACKING = Entry(
    ensembles.stacking, ensembles.MEMBERS, None, ensembles.members_finish, inside.members
)
_PIPELINE = Entry(steps.nothing, "", inside=inside.steps)


def _ensemble(shelve: Any, source: str, task: str) -> Entry:
    finish = partial(ensembles.own_trees, task)
    return Entry(shelve, source, None, finish, inside.member)


MODELS = {
    # linear
    "LinearRegression": Entry(linear.least_squares, linear.LINEAR),
    "LogisticRegression": Entry(
        linear.logistic, linear.LINEAR, linear.logistic_reads, linear.logistic_finish
    ),
    "Ridge": _RIDGE,
    "RidgeClassifier": _RIDGE,
    "Lasso": Entry(linear.lasso, linear.LINEAR),
    "ElasticNet": Entry(linear.elastic_net, linear.LINEAR),
    "BayesianRidge": _UNCERTAIN,
    "ARDRegression": _UNCERTAIN,
    "HuberRegressor": Entry(linear.huber, linear.LINEAR),
    "QuantileRegressor": _GENERALISED,
    "PoissonRegressor": _GENERALISED,
    "GammaRegressor": _GENERALISED,
    "TweedieRegressor": _GENERALISED,
    "PLSRegression": Entry(linear.components, linear.LINEAR),
    "LinearSVC": Entry(linear.linear_svc, linear.LINEAR, finish=linear.linear_svc_finish),
    "LinearSVR": Entry(linear.linear_svr, linear.LINEAR, finish=linear.linear_svr_finish),
    "SGDClassifier": _DESCENT,
    "SGDRegressor": _DESCENT,
    "Perceptron": Entry(descent.perceptron, descent.DESCENT),
    "PassiveAggressiveClassifier": _AGGRESSIVE,
    "PassiveAggressiveRegressor": _AGGRESSIVE,
    # kernels, neighbours, counts
    "SVC": Entry(kernels.svc, kernels.SVM, finish=kernels.ending),
    "SVR": Entry(kernels.svr, kernels.SVM, finish=kernels.ending),
    "NuSVC": Entry(kernels.nu_svc, kernels.SVM, finish=kernels.ending),
    "NuSVR": Entry(kernels.nu_svr, kernels.SVM, finish=kernels.ending),
    "KernelRidge": Entry(kernels.kernel_ridge, kernels.RIDGE),
    "GaussianProcessClassifier": _PROCESS,
    "GaussianProcessRegressor": _PROCESS,
    "KNeighborsClassifier": _NEIGHBOURS,
    "KNeighborsRegressor": _NEIGHBOURS,
    "GaussianNB": Entry(bayes.gaussian, bayes.BAYES),
    "BernoulliNB": _COUNTS,
    "CategoricalNB": _COUNTS,
    "ComplementNB": _COUNTS,
    "MultinomialNB": _COUNTS,
    "LinearDiscriminantAnalysis": Entry(bayes.linear_discriminant, bayes.DISCRIMINANT),
    "QuadraticDiscriminantAnalysis": Entry(bayes.quadratic_discriminant, bayes.DISCRIMINANT),
    # trees and networks
    "DecisionTreeClassifier": _TREE,
    "DecisionTreeRegressor": _TREE,
    "ExtraTreeClassifier": _EXTRA_TREE,
    "ExtraTreeRegressor": _EXTRA_TREE,
    "RandomForestClassifier": _FOREST,
    "RandomForestRegressor": _FOREST,
    "ExtraTreesClassifier": _EXTRA_TREES,
    "ExtraTreesRegressor": _EXTRA_TREES,
    "GradientBoostingClassifier": _BOOSTING,
    "GradientBoostingRegressor": _BOOSTING,
    "HistGradientBoostingClassifier": _HISTOGRAMS,
    "HistGradientBoostingRegressor": _HISTOGRAMS,
    "MLPClassifier": _NETWORK,
    "MLPRegressor": _NETWORK,
    # of others
    "AdaBoostClassifier": _ensemble(ensembles.adaboost, ensembles.ADABOOST, "classification"),
    "AdaBoostRegressor": _ensemble(ensembles.adaboost, ensembles.ADABOOST, "regression"),
    "BaggingClassifier": _ensemble(ensembles.bagging, ensembles.BAGGING, "classification"),
    "BaggingRegressor": _ensemble(ensembles.bagging, ensembles.BAGGING, "regression"),
    "VotingClassifier": _VOTING,
    "VotingRegressor": _VOTING,
    "StackingClassifier": _STACKING,
    "StackingRegressor": _STACKING,
    "CalibratedClassifierCV": Entry(
        ensembles.calibrated, ensembles.CALIBRATED, inside=inside.member
    ),
    "MultiOutputClassifier": _WRAPPED,
    "MultiOutputRegressor": _WRAPPED,
    "OneVsOneClassifier": _WRAPPED,
    "OneVsRestClassifier": _WRAPPED,
    "TransformedTargetRegressor": _WRAPPED,
    "Pipeline": _PIPELINE,
}
STEPS = {
    "ColumnTransformer": Entry(steps.nothing, "", inside=inside.columns),
    "FeatureUnion": Entry(steps.nothing, "", inside=inside.union),
    "CountVectorizer": _WORDS,
    "KBinsDiscretizer": Entry(steps.bins, steps.STEPS),
    "KMeans": _CLUSTERS,
    "KNNImputer": Entry(steps.near_imputer, steps.STEPS),
    "MiniBatchKMeans": _CLUSTERS,
    "Nystroem": Entry(steps.kernel_map, steps.STEPS),
    "OneHotEncoder": Entry(steps.indicators, steps.STEPS),
    "PCA": Entry(steps.principal, steps.STEPS),
    "PolynomialFeatures": Entry(steps.polynomial, steps.STEPS),
    "QuantileTransformer": Entry(steps.quantiles, steps.STEPS),
    "RBFSampler": Entry(steps.kernel_map, steps.STEPS),
    "SelectKBest": Entry(steps.best_columns, steps.STEPS),
    "SelectPercentile": Entry(steps.best_share, steps.STEPS),
    "SimpleImputer": Entry(steps.imputer, steps.STEPS),
    "SplineTransformer": Entry(steps.splines, steps.STEPS),
    "TargetEncoder": Entry(steps.target_encoder, steps.STEPS),
    "TfidfVectorizer": _WORDS,
    "TruncatedSVD": Entry(steps.truncated, steps.STEPS),
}
KNOWN: dict[tuple[str, str], Entry] = {
    **{("sklearn", name): entry for name, entry in (MODELS | STEPS).items()},
    ("imblearn", "Pipeline"): _PIPELINE,
    **{("xgboost", name): _XGBOOST for name in ("XGBClassifier", "XGBRegressor")},
    **{("lightgbm", name): _LIGHTGBM for name in ("LGBMClassifier", "LGBMRegressor")},
    **{("catboost", name): _CATBOOST for name in ("CatBoostClassifier", "CatBoostRegressor")},
}


def kind_of(estimator: Any) -> tuple[str, str]:
    """The package and the class of an estimator."""
    kind = type(estimator)
    return kind.__module__.partition(".")[0], kind.__name__


def entry_of(estimator: Any) -> Entry | None:
    """What is known of an estimator, or None."""
    return KNOWN.get(kind_of(estimator))
