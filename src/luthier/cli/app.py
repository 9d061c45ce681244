"""The commands and their options. What they do is in the modules beside this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luthier.cli.console import Voice, guard

MODELS = (
    "linear, ridge, lasso, elasticnet, svm, tree, forest, extratrees, boosting, knn, mlp, "
    "xgboost, lightgbm, keras_mlp, any"
)
METRICS = (
    "accuracy, balanced_accuracy, f1, mcc, roc_auc, average_precision, log_loss; "
    "rmse, mae, medae, r2, mape, rmsle"
)

app = typer.Typer(
    name="luthier",
    help="Tunes the hyperparameters of machine learning models, and says honestly what it gained.",
    epilog="Begin with: luthier demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

DATA, HOW, SEARCH, OUTPUT = "Data", "Model and score", "Search", "Output"

Json = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON.", rich_help_panel=OUTPUT)
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress, no tables.", rich_help_panel=OUTPUT)
]
Trials = Annotated[
    int | None,
    typer.Option(help="Trials the study shall have in all.", rich_help_panel=SEARCH),
]
Time = Annotated[
    str | None,
    typer.Option(help="Stop after this long: 90s, 10m, 1h30m.", rich_help_panel=SEARCH),
]
Jobs = Annotated[
    str,
    typer.Option(
        "--jobs",
        "-j",
        help="Trials at the same time; auto: as many as there is room for.",
        rich_help_panel=SEARCH,
    ),
]
LimitTime = Annotated[
    str | None,
    typer.Option(help="End and fail a trial that takes longer: 90s, 10m.", rich_help_panel=SEARCH),
]
LimitMemory = Annotated[
    str | None,
    typer.Option(
        help="End and fail a trial that takes more memory: 2GB, 512MB.", rich_help_panel=SEARCH
    ),
]
Sampler = Annotated[
    str,
    typer.Option(
        help="Who proposes: auto, gp, tpe, cmaes, differential, genetic, grid, random, qmc.",
        rich_help_panel=SEARCH,
    ),
]
Seed = Annotated[
    int, typer.Option(help="The same seed gives the same trials.", rich_help_panel=SEARCH)
]
Where = Annotated[
    str,
    typer.Argument(help="Output directory of a run, a store such as runs.db, or a database URL."),
]
Name = Annotated[
    str | None, typer.Option("--name", help="Which study, if the store holds several.")
]


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Begins every command."""
    if show:
        import luthier

        print(luthier.__version__)
        raise typer.Exit


@app.command()
@guard
def demo(
    trials: Annotated[int, typer.Option(help="How many to run.", rich_help_panel=SEARCH)] = 40,
    jobs: Jobs = "2",
    seed: Seed = 0,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where the files go.", rich_help_panel=OUTPUT)
    ] = Path("luthier-demo"),
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tune a model on data that come with scikit-learn; takes less than a minute.

    Ends with default against tuned on rows that the search never saw. A second time it shows the
    result again.
    """
    from luthier.cli.commands import tune as work
    from luthier.cli.options import room
    from luthier.cli.tuning import DEMO, Options

    options = Options(data=f"{DEMO}diabetes", target="target", model="svm", seed=seed, test="0.3")
    work(options, trials, None, room(jobs), out, "", Voice(json, quiet))


@app.command(
    epilog="Example: luthier tune houses.csv --target price --model forest --trials 100 --jobs 2"
)
@guard
def tune(
    data: Annotated[Path, typer.Argument(help="CSV, TSV or Parquet, compressed or not.")],
    target: Annotated[
        str, typer.Option("--target", "-t", help="Column to predict.", rich_help_panel=DATA)
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help=f"{MODELS}; or a class such as sklearn.ensemble.AdaBoostClassifier with --space.",
            rich_help_panel=HOW,
        ),
    ] = "boosting",
    metric: Annotated[
        str,
        typer.Option(
            help=f"{METRICS}. Chosen by the data if not given.",
            rich_help_panel=HOW,
        ),
    ] = "",
    cv: Annotated[int, typer.Option(help="Folds; 1 holds a fifth aside.", rich_help_panel=HOW)] = 5,
    trials: Trials = None,
    time: Time = None,
    jobs: Jobs = "1",
    limit_time: LimitTime = None,
    limit_memory: LimitMemory = None,
    sampler: Sampler = "auto",
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="race skips the folds of trials that will not win; full runs them all, and is "
            "the default. With --fidelity, who gives more: auto, which is the default then, "
            "asha, pasha, hyperband, bohb, dehb, freezethaw.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    fidelity: Annotated[
        str,
        typer.Option(
            help="Judge points with less at first: a share of the training rows, such as "
            "n_samples:0.1:1, or of what the model takes, such as n_estimators:10:300.",
            rich_help_panel=SEARCH,
        ),
    ] = "",
    seed: Seed = 0,
    test: Annotated[
        str,
        typer.Option(
            help="Share of rows that the search never sees, or a file of them.",
            rich_help_panel=DATA,
        ),
    ] = "0.2",
    valid: Annotated[
        Path | None,
        typer.Option(help="File to judge trials on, instead of folds.", rich_help_panel=DATA),
    ] = None,
    group: Annotated[
        str,
        typer.Option(help="Column whose equal values stay together.", rich_help_panel=DATA),
    ] = "",
    time_column: Annotated[
        str,
        typer.Option(help="Column of the rows' order in time.", rich_help_panel=DATA),
    ] = "",
    drop: Annotated[
        list[str] | None,
        typer.Option(help="Column to leave out; may be repeated.", rich_help_panel=DATA),
    ] = None,
    task: Annotated[
        str,
        typer.Option(
            help="classification or regression, if it is not told rightly from the target.",
            rich_help_panel=DATA,
        ),
    ] = "",
    space: Annotated[
        Path | None,
        typer.Option(help="TOML or JSON file with the space to search.", rich_help_panel=SEARCH),
    ] = None,
    store: Annotated[
        str,
        typer.Option(
            help="File or database URL for the log; OUT/study.db if not given.",
            rich_help_panel=OUTPUT,
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Where the files go; luthier-DATA-MODEL if not given.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find the best hyperparameters of a model for a table of data.

    Runs 50 trials unless --trials or --time say otherwise. The same command again continues where
    it stopped, and does nothing when the study has its trials.
    """
    from luthier.cli.commands import tune as work
    from luthier.cli.options import room, seconds
    from luthier.cli.tuning import Options

    options = Options(
        data=str(data),
        target=target,
        model=model,
        metric=metric,
        cv=cv,
        sampler=sampler,
        scheduler=scheduler or ("auto" if fidelity else "full"),
        fidelity=fidelity,
        test=test,
        valid=str(valid or ""),
        seed=seed,
        task=task,
        group=group,
        time_column=time_column,
        drop=tuple(drop or ()),
        space=str(space or ""),
    )
    place = out or Path(f"luthier-{data.name.split('.')[0]}-{model.split('.')[-1]}")
    made = room(jobs, limit_time, limit_memory)
    work(options, trials, seconds(time), made, place, store, Voice(json, quiet))


@app.command()
@guard
def resume(
    where: Where = ".",
    trials: Trials = None,
    more: Annotated[int | None, typer.Option(help="Trials to add.", rich_help_panel=SEARCH)] = None,
    time: Time = None,
    jobs: Jobs = "1",
    limit_time: LimitTime = None,
    limit_memory: LimitMemory = None,
    name: Name = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run, with all options that it was begun with but --time and --jobs."""
    from luthier.cli.commands import resume as work
    from luthier.cli.options import room, seconds

    made = room(jobs, limit_time, limit_memory)
    work(where, name, trials, more, seconds(time), made, Voice(json, quiet))


@app.command(
    epilog="Example: luthier run train:objective --minimize loss --trials 100 --store runs.db"
)
@guard
def run(
    objective: Annotated[str, typer.Argument(help="module:function or file.py:function.")],
    space: Annotated[
        Path | None,
        typer.Option(
            help="TOML or JSON file with the space; without one, the function asks its trial.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    minimize: Annotated[
        list[str] | None, typer.Option(help="What to make small.", rich_help_panel=HOW)
    ] = None,
    maximize: Annotated[
        list[str] | None, typer.Option(help="What to make large.", rich_help_panel=HOW)
    ] = None,
    trials: Trials = None,
    time: Time = None,
    jobs: Jobs = "1",
    limit_time: LimitTime = None,
    limit_memory: LimitMemory = None,
    sampler: Sampler = "auto",
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Who stops trials early: full (nobody, the default), median, percentile, "
            "patience, threshold, race, asha, hyperband, auto. With --fidelity, who gives them "
            "more: auto, which is the default then, asha, pasha, hyperband, bohb, dehb, "
            "freezethaw, population.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    fidelity: Annotated[
        str | None,
        typer.Option(
            help="What a trial can be given less of, as NAME:LEAST:MOST, such as epochs:1:81.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            help="What proposals are weighed against: seconds, or a metric that is returned.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    seed: Seed = 0,
    store: Annotated[
        str, typer.Option(help="File or database URL for the log.", rich_help_panel=OUTPUT)
    ] = "luthier.db",
    name: Annotated[
        str | None,
        typer.Option(
            "--name", help="Of the study; the function's if not given.", rich_help_panel=OUTPUT
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tune a function of your own: it takes a trial and returns a number or a dict of them.

    Runs 100 trials unless --trials or --time say otherwise; the same command again continues.
    """
    from luthier.cli.commands import run as work
    from luthier.cli.options import amount, room, seconds

    lent = None if fidelity is None else amount(fidelity)
    work(
        objective,
        space,
        {"minimize": tuple(minimize or ()) or None, "maximize": tuple(maximize or ()) or None,
         "sampler": sampler, "scheduler": scheduler, "fidelity": lent, "cost": cost,
         "seed": seed},
        store,
        name,
        trials,
        seconds(time),
        room(jobs, limit_time, limit_memory),
        Voice(json, quiet),
    )  # fmt: skip


@app.command()
@guard
def show(where: Where = ".", name: Name = None, json: Json = False) -> None:
    """How a study stands: its trials, the best of them, and what tuning gained."""
    from luthier.cli.looking import show as work

    work(where, name, Voice(json))


@app.command()
@guard
def best(where: Where = ".", name: Name = None, json: Json = False) -> None:
    """The best hyperparameters, one a line, or as JSON."""
    from luthier.cli.looking import best as work

    work(where, name, Voice(json))


@app.command()
@guard
def trials(
    where: Where = ".",
    name: Name = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="At most so many.")] = 20,
    sort: Annotated[str, typer.Option(help="value, number or seconds.")] = "value",
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed.")] = False,
    json: Json = False,
) -> None:
    """The trials of a study, best first."""
    from luthier.cli.looking import trials as work

    work(where, name, limit, sort, failed, Voice(json))


@app.command()
@guard
def tidy(
    where: Where = ".",
    name: Name = None,
    keep: Annotated[int, typer.Option(help="How many of the best keep their folders.")] = 5,
    folder: Annotated[
        Path | None, typer.Option(help="Where the trials keep files, if not beside the store.")
    ] = None,
    json: Json = False,
) -> None:
    """Remove the folders, with checkpoints, of trials that ended and are not among the best.

    Folders of running trials and of those that may be gone on from stay.
    """
    from luthier.cli.looking import tidy as work

    work(where, name, keep, folder, Voice(json))


@app.command()
@guard
def export(
    where: Where = ".",
    name: Name = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", "-o", help="A .csv, .json or .parquet file; else standard output."),
    ] = None,
    form: Annotated[str, typer.Option("--format", "-f", help="csv, json or parquet.")] = "",
) -> None:
    """Every trial as a table, for other tools."""
    from luthier.cli.looking import export as work

    work(where, name, to, form)


@app.command()
@guard
def report(
    where: Where = ".",
    name: Name = None,
    to: Annotated[Path | None, typer.Option("--to", "-o", help="A .html or .md file.")] = None,
) -> None:
    """Write the report of a study again."""
    from luthier.cli.looking import report as work

    work(where, name, to)
