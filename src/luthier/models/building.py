"""Building: a kind of model, its default space, and the estimator that a point of it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from luthier.errors import MissingExtra, SpaceError, StudyError, nearest
from luthier.models.presets.shelf import Shape, Shelf, translated
from luthier.parameters import Choice, Parameter
from luthier.space import Space

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """One kind of model: its default space and how to build it.

    Attributes
    ----------
    scale : bool
        Numbers are brought to mean 0 and variance 1 first.
    codes : bool
        Categories with many levels become ordinal codes rather than indicator columns.
    dense : bool
        It cannot take a sparse matrix.
    gaps : bool
        It takes missing numbers as they are.
    probabilities : bool
        It gives class probabilities, which `log_loss` needs.
    target_scale : bool
        Some of its settings are in units of a number to predict, so that may be scaled first.
    fixed : dict, optional
        Settings that are not searched: they make a fit end, or choose the penalty.
    fixed_for : callable, optional
        Further ones, from the task and the class's own settings.
    """

    name: str
    title: str
    classifier: str
    regressor: str
    shelve: Callable[[Shelf], None]
    scale: bool = False
    codes: bool = False
    dense: bool = False
    gaps: bool = False
    probabilities: bool = True
    target_scale: bool = False
    fixed: Mapping[str, Any] | None = None
    finish: Callable[[dict[str, Any], Params], dict[str, Any]] | None = None
    extra: str = ""
    fixed_for: Callable[[str, Params], dict[str, Any]] | None = None

    def space(self, task: str, rows: int = 1000) -> Space:
        """The default space for a task; `rows` of training data bound what counts rows."""
        shelf = Shelf(shape=Shape(task, rows))
        self.fill(shelf)
        return Space(shelf.found)

    def fill(self, shelf: Shelf) -> None:
        """Put the parameters on a shelf."""
        self.shelve(shelf)
        if self.target_scale and not shelf.classifies:
            shelf.choice("target_scale", "none", "standard", default="none")

    @property
    def dotted(self) -> bool:
        """Whether it is a class that the user named, whose space is the user's too."""
        return "." in self.name

    def named(self, task: str) -> str:
        """The dotted name of the library's class for a task."""
        return self.classifier if task == "classification" else self.regressor

    def kind(self, task: str) -> Any:
        """The library's class for a task.

        Raises
        ------
        StudyError
            If there is no such class.
        MissingExtra
            If the library is not installed.
        """
        return named_class(self.named(task), self.extra)

    def build(self, params: Params, task: str, seed: int = 0) -> Any:
        """The estimator of a point; names that are not given keep the library's default.

        Raises
        ------
        StudyError
            If the model does not know the task, or the library refuses the parameters.
        MissingExtra
            If the library is not installed.
        """
        kind = self.kind(task)
        scaled = dict(params).pop("target_scale", "none") == "standard"
        settings = self._translated(task, params)
        known = kind().get_params()
        settings = {**self._fixed(task, known), **settings}
        if "random_state" in known:
            settings["random_state"] = int(seed) % 2**32
        try:
            estimator = kind().set_params(**settings)
        except (TypeError, ValueError) as error:
            raise StudyError(
                f"{self.named(task)} does not accept {settings!r}: {error}. Correct the space."
            ) from error
        return _target_scaled(estimator) if scaled else estimator

    def _translated(self, task: str, params: Params) -> dict[str, Any]:
        """Arguments of the estimator from the parameters of a trial."""
        made = {key: value for key, value in params.items() if key != "target_scale"}
        if self.dotted:
            return made
        shelf = Shelf(shape=Shape(task))
        self.shelve(shelf)
        made = translated(shelf.words, made)
        return self.finish(made, {}) if self.finish else made

    def _fixed(self, task: str, known: Params) -> dict[str, Any]:
        made = {name: value for name, value in (self.fixed or {}).items() if name in known}
        return made | (self.fixed_for(task, known) if self.fixed_for else {})


def _target_scaled(estimator: Any) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(regressor=estimator, transformer=StandardScaler())


@dataclass(frozen=True)
class AnyOf:
    """The model is itself a choice: ``model`` names it, ``<model>__<name>`` its parameters."""

    members: tuple[Model, ...]
    name: str = "any"
    title: str = "any model"

    def space(self, task: str, rows: int = 1000) -> Space:
        """One `Choice` and, under each option, that model's default space."""
        names = [member.name for member in self.members]
        shelf: dict[str, Parameter] = {
            "model": Choice(*names, default="boosting" if "boosting" in names else names[0])
        }
        for member in self.members:
            own = Shelf(f"{member.name}__", {"model": member.name}, shape=Shape(task, rows))
            member.fill(own)
            shelf |= own.found
        return Space(shelf)

    def chosen(self, params: Params) -> tuple[Model, dict[str, Any]]:
        """The model that a point names, and its parameters without their prefix."""
        named = params.get("model", self.members[0].name)
        member = next((m for m in self.members if m.name == named), None)
        if member is None:
            names = [m.name for m in self.members]
            raise SpaceError(
                f"model={named!r} is none of {', '.join(names)}.{nearest(str(named), names)}"
            )
        prefix = f"{member.name}__"
        return member, {k[len(prefix) :]: v for k, v in params.items() if k.startswith(prefix)}

    def build(self, params: Params, task: str, seed: int = 0) -> Any:
        """The estimator of a point."""
        member, own = self.chosen(params)
        return member.build(own, task, seed)


def check_names(chosen: Model | AnyOf, space: Space, task: str, allowed: tuple[str, ...]) -> None:
    """Check a user's space against what the model takes, before anything runs.

    Parameters
    ----------
    allowed : tuple of str
        Further names that are no parameters of the model, such as those of the text columns.

    Raises
    ------
    SpaceError
        If a name is neither a parameter of the estimator nor one of the default space.
    """
    if isinstance(chosen, AnyOf):
        known = {*chosen.space(task).names, *allowed}
    else:
        known = {*chosen.kind(task)().get_params(), *allowed}
        if not chosen.dotted:
            known |= set(chosen.space(task).names)
    for name in space.names:
        if name not in known:
            raise SpaceError(
                f"{chosen.name} has no parameter {name!r}.{nearest(name, known)} "
                f"It takes {', '.join(sorted(known))}."
            )


def named_class(dotted: str, extra: str = "") -> Any:
    """The class of a dotted name.

    Raises
    ------
    StudyError
        If there is none.
    MissingExtra
        If there is no such module, and it comes with an extra.
    """
    module, _, name = dotted.rpartition(".")
    try:
        home = import_module(module)
    except ModuleNotFoundError as error:
        if extra:
            raise MissingExtra(
                f"Model {extra!r} needs the package {extra}, which is not installed. "
                f"Run: pip install 'luthier[{extra}]'"
            ) from error
        raise StudyError(
            f"{dotted}: there is no module {error.name!r}. Check the spelling, or install it."
        ) from error
    found = getattr(home, name, None)
    if not isinstance(found, type):
        public = [n for n in dir(home) if isinstance(getattr(home, n, None), type)]
        raise StudyError(
            f"{dotted}: module {module!r} has no class {name!r}.{nearest(name, public)} "
            "Check the spelling."
        )
    return found
