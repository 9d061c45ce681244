"""Records tables of learning curves, once; the files are part of the repository."""

from __future__ import annotations

import json
import time
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fidelity import learners
from benchmarks.fidelity.learners import Data, Learner
from benchmarks.portfolio.tables import Source, frame_of, prepared
from benchmarks.quality.running import read
from luthier import Space

CONFIGURATIONS = 512  # of each table, a power of 2
LEVELS = 20  # of a column of words, at most


@dataclass(frozen=True)
class Recipe:
    """A learner on a data set of at most `rows` rows, a third of which judge."""

    learner: Learner
    source: Source
    classes: bool
    rows: int = 1500

    @property
    def name(self) -> str:
        return f"{self.learner.name}-{self.source.item.lower().replace('_', '-')}"


RECIPES = (
    Recipe(learners.NETWORK, Source("sklearn", "digits", "target"), True),
    Recipe(learners.BOOSTING, Source("modeldata", "credit_data", "Status"), True),
    Recipe(learners.KERNEL, Source("ggplot2", "diamonds", "price"), False, 3000),
    Recipe(learners.NETWORK, Source("modeldata", "ames", "Sale_Price"), False),
    Recipe(learners.BOOSTING, Source("modeldata", "concrete", "compressive_strength"), False),
    Recipe(learners.FOREST, Source("modeldata", "hpc_data", "class"), True, 3000),
    Recipe(learners.BOOSTING, Source("modeldata", "mlc_churn", "churn"), True),
    Recipe(learners.NETWORK, Source("modeldata", "cells", "class", ("case",)), True),
    Recipe(learners.NETWORK, Source("modeldata", "deliveries", "time_to_delivery"), False),
    Recipe(learners.FOREST, Source("modeldata", "wa_churn", "churn"), True, 3000),
)


def load(recipe: Recipe) -> Data:
    """The data set, split once; what is learned of columns comes from the rows to train."""
    import pandas as pd
    from sklearn.model_selection import train_test_split

    source = recipe.source
    frame = frame_of(source).drop(columns=["rownames", *source.drop], errors="ignore")
    frame = frame.dropna(subset=[source.target])
    y = frame.pop(source.target)
    rng = np.random.default_rng(2027)
    rows = rng.permutation(len(frame))[: recipe.rows]
    frame, y = frame.iloc[rows], y.iloc[rows]
    numeric = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    words = [name for name in frame if name not in numeric and frame[name].nunique() <= LEVELS]
    frame = frame.assign(**{name: frame[name].astype(float) for name in numeric})
    frame = frame.assign(**{n: frame[n].astype(object).where(frame[n].notna(), "none").astype(str)
                            for n in words})  # fmt: skip
    target = (
        y.astype(float).to_numpy()
        if not recipe.classes
        else (np.unique(y.astype(str).to_numpy(), return_inverse=True)[1])
    )
    train, test = train_test_split(
        np.arange(len(frame)), test_size=1 / 3, random_state=7,
        stratify=target if recipe.classes else None,
    )  # fmt: skip
    if not recipe.classes:
        target = (target - target[train].mean()) / target[train].std()
    fold = prepared(frame, target, train, test, numeric, words)
    classes = len(np.unique(target)) if recipe.classes else 0
    return Data(fold.X, fold.y, fold.X_test, fold.y_test, classes)


def record(folder: Path, cache: Path, minutes: float) -> None:
    """Write ``folder/<table>.npz`` of each recipe, until all are there or the CPU time is spent.

    Curves of an unfinished table are kept in `cache`, and the next call goes on from there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    for recipe in RECIPES:
        path = folder / f"{recipe.name}.npz"
        if path.exists():
            continue
        data = load(recipe)
        space = recipe.learner.space(data)
        X = points(space, recipe.name)
        kept = cache / f"{recipe.name}.jsonl"
        lines = list(read(kept))
        with kept.open("w") as file:  # without the half line that a killed run leaves
            file.writelines(json.dumps(line) + "\n" for line in lines)
            file.flush()
            for i in range(len(lines), len(X)):
                if time.process_time() - began > 60 * minutes:
                    print(f"{minutes:g} CPU minutes are spent; the same command goes on.")
                    return
                line = curve(recipe, data, space, X[i], i)
                file.write(json.dumps(line) + "\n")
                file.flush()
                lines.append(line)
        save(path, recipe, data, space, X, lines)
        spent = sum(sum(line["seconds"]) for line in lines)
        print(f"{recipe.name}: {spent / 60:.1f} CPU minutes of training", flush=True)


def points(space: Space, name: str) -> Any:
    """The configurations as rows of the unit cube: a Sobol sequence with a seed of the table's.

    Numbers have the precision in which they are kept, so that a file gives the parameters that
    were trained.
    """
    from scipy.stats import qmc

    made = qmc.Sobol(len(space), rng=np.random.default_rng(zlib.crc32(name.encode())))
    return made.random(CONFIGURATIONS).astype(np.float32).astype(np.float64)


def curve(recipe: Recipe, data: Data, space: Space, x: Any, number: int) -> dict[str, Any]:
    rng = np.random.default_rng((zlib.crc32(recipe.name.encode()), number))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what did not converge
        losses, seconds = recipe.learner.curve(data, space.decode(x[None])[0], rng)
    return {
        "losses": [float(f"{value:.7g}") for value in losses],
        "seconds": [float(f"{value:.4g}") for value in seconds],
    }


def save(path: Path, recipe: Recipe, data: Data, space: Space, X: Any, lines: Any) -> None:
    about = {
        "name": recipe.name,
        "data": recipe.source.name,
        "rows": [len(data.y), len(data.y_test)],
        "columns": int(data.X.shape[1]),
        "classes": data.classes,
        "plain": data.plain,
        "afresh": recipe.learner.afresh,
        "space": space.to_json(),
    }
    fresh = path.with_suffix(".new.npz")
    np.savez_compressed(
        fresh,
        about=np.array(json.dumps(about)),
        X=X.astype(np.float32),
        steps=np.array(recipe.learner.steps, dtype=np.int32),
        losses=np.array([line["losses"] for line in lines], dtype=np.float32),
        seconds=np.array([line["seconds"] for line in lines], dtype=np.float32),
    )
    fresh.replace(path)
