"""Space: named parameters, and the map between their values and rows of the unit cube.

A row of ``X`` has one cell per parameter, in the order in which they were declared. A cell is
NaN where the parameter is inactive: its conditions do not hold, or, when a space is defined by
running, the trial never asked for it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from keyword import iskeyword
from pathlib import Path
from typing import Any

from numpy.random import Generator

from luthier.errors import SpaceError, nearest
from luthier.parameters import Array, Choice, Float, Int, Label, Mask, Parameter, Raw
from luthier.space import changes, configurations, draws, files, json, likely, points, usual
from luthier.space.configurations import Params
from luthier.space.cube import Cube
from luthier.space.declared import declared
from luthier.space.forbidden import Forbidden, Rule
from luthier.space.likely import Belief
from luthier.space.sklearn import parameters_of


class Space:
    """Named parameters to search over. Immutable: what changes it returns a new one.

    Parameters
    ----------
    parameters : mapping, optional
        From names to `Float`, `Int` or `Choice`; a plain number, string, bool or None is a
        constant. Names that are no Python identifiers go here.
    forbid : sequence, optional
        Combinations never to try, each as for `forbid`: a dict, or a function of the parameters.
    **named
        More parameters.

    Raises
    ------
    SpaceError
        If a condition names an unknown parent or value, or conditions form a ring.

    Examples
    --------
    >>> space = Space(C=Float(1e-3, 1e3, log=True), kernel=Choice("linear", "rbf", "poly"),
    ...               degree=Int(2, 5, when={"kernel": "poly"}))
    """

    def __init__(
        self,
        parameters: Mapping[str, Any] | None = None,
        /,
        *,
        forbid: Mapping[str, Any] | Rule | Sequence[Mapping[str, Any] | Rule] = (),
        **named: Any,
    ) -> None:
        if parameters is not None and not isinstance(parameters, Mapping):
            raise SpaceError(
                f"Space: expected a dict from names to parameters, got {parameters!r}. "
                "Write Space(lr=Float(1e-5, 0.1, log=True)), or Space.load(path) for a file."
            )
        if isinstance(forbid, Float | Int | Choice):
            raise SpaceError(
                "Space: forbid= takes combinations never to try. For a parameter of that name "
                'write Space({"forbid": ...}).'
            )
        made = declared({**(parameters or {}), **named})
        if isinstance(forbid, Mapping) or callable(forbid):
            forbid = [forbid]
        self._set(Forbidden(Cube(made, checked=made)).more(forbid, {}))

    def _set(self, forbid: Forbidden) -> None:
        """All that a space holds: what is forbidden, and the cube that it is forbidden in."""
        self._forbid = forbid
        self._cube = forbid.cube
        self._parameters = self._cube.parameters
        self.names = self._cube.names

    @classmethod
    def _made(cls, forbid: Forbidden) -> Space:
        space = cls.__new__(cls)
        space._set(forbid)
        return space

    # -- conditions ---------------------------------------------------------------------------

    def active(self, X: Array) -> Mask:
        """Which cells of rows in the cube are switched on by their parents' values.

        Returns
        -------
        (k, d) bool
            A child of an inactive parent is inactive.
        """
        return self._cube.conditions.active(X)

    # -- arrays -------------------------------------------------------------------------------

    def sample(self, k: int, rng: Generator, *, likely: bool = False, usual: bool = False) -> Array:
        """Draw allowed points uniformly.

        Parameters
        ----------
        k : int
            How many.
        likely : bool
            Draw parameters that have `likely` from what is believed of them.
        usual : bool
            Draw those with a well-known name around what they usually are, see `usual`.

        Returns
        -------
        (k, d)
            Rows of the unit cube, NaN where inactive.

        Raises
        ------
        SpaceError
            If no allowed point is found in 10,000 draws.
        """
        beliefs = self._beliefs if likely else {}
        if usual:
            beliefs = {**self._leanings, **beliefs}
        return draws.sample(self._forbid, beliefs, k, rng)

    def allowed(self, X: Array) -> Mask:
        """Which rows avoid every forbidden combination. Shape (k,)."""
        return self._forbid.allowed(X)

    def decode(self, X: Array) -> list[dict[str, Any]]:
        """Parameters of each row, as plain Python values; inactive names are left out.

        Parameters
        ----------
        X : (k, d)
            Rows of the unit cube; cells outside [0, 1] are brought inside first.
        """
        return [self.values(self.raw(x)) for x in self._cube.checked(X)]

    def encode(self, params: Sequence[Params]) -> Array:
        """Rows of the unit cube for parameters. Undone by `decode`.

        Numbers outside their range land outside [0, 1]; names that are missing or inactive
        become NaN.

        Returns
        -------
        (k, d)

        Raises
        ------
        SpaceError
            If a name is unknown, or a value is of the wrong type or none of the options.
        """
        return self._cube.rows(configurations.loose(params, self._cube))

    def repair(self, X: Array) -> Array:
        """The nearest rows that are points of this space.

        Cells are brought into [0, 1] and, where a parameter has cells, to the middle of theirs;
        missing ones that should be active are put to 0.5; inactive ones become NaN; a forbidden
        row is replaced by the nearest of 256 allowed draws.

        Returns
        -------
        (k, d)
        """
        return draws.repair(self._forbid, X)

    def snap(self, X: Array) -> Array:
        """Each cell moved to the middle of its value's cell; continuous ones stay. Shape (k, d)."""
        return self._cube.snap(X)

    def fill(self, X: Array) -> Array:
        """The rows with NaN put to 0.5, for methods that need numbers. Shape (k, d)."""
        return draws.fill(X)

    def onehot(self, X: Array) -> Array:
        """The rows with each unordered choice spread over one column per option.

        Returns
        -------
        (k, e)
            1 in the column of the option that is set, else 0; all 0 where the choice is
            inactive or its option was taken away. Other parameters keep their one column.
        """
        return self._cube.onehot(X)

    # -- what the user believes ---------------------------------------------------------------

    @cached_property
    def _beliefs(self) -> dict[int, Belief]:
        return likely.beliefs(self._cube.pairs)

    @cached_property
    def usual(self) -> Mapping[str, float]:
        """The unit of what parameters usually are that have a well-known name.

        Of those without `default` and `likely` alone. They are in `luthier.space.usual`.
        """
        names = self.names
        return {names[j]: unit for j, unit in usual.usual(self._cube.pairs).items()}

    @cached_property
    def _leanings(self) -> dict[int, Belief]:
        return usual.beliefs(self._cube.pairs)

    @property
    def believed(self) -> bool:
        """Whether a parameter has `likely`."""
        return bool(self._beliefs)

    def log_likely(self, X: Array) -> Array:
        """How likely points are by what is believed of their active parameters, as a logarithm.

        Returns
        -------
        (k,)
            0 for a point as likely as in a uniform draw.
        """
        return likely.log_density(self._beliefs, X)

    def log_likely_slope(self, X: Array) -> Array:
        """The derivatives of `log_likely` with respect to each cell. Shape (k, d)."""
        return likely.slope(self._beliefs, X)

    # -- raw values: what the log keeps ---------------------------------------------------------

    def raw(self, x: Array) -> dict[str, Raw]:
        """The raw values of one row, active names only, in the order of the space."""
        return self._cube.raw(x)

    def values(self, raw: Mapping[str, Raw]) -> dict[str, Any]:
        """Parameters as the objective gets them."""
        return self._cube.values(raw)

    def labels(self, raw: Mapping[str, Raw]) -> dict[str, Any]:
        """Parameters for tables and figures: numbers, and the names of options."""
        return self._cube.labels(raw)

    def rows(self, raws: Sequence[Mapping[str, Raw]]) -> Array:
        """Rows for raw values, NaN where a name is missing. Shape (k, d)."""
        return self._cube.rows(raws)

    def key(self, raw: Mapping[str, Raw]) -> Hashable:
        """Equal for two configurations exactly when their parameters are."""
        return tuple(map(raw.get, self.names))

    def check(self, params: Params, *, partial: bool = False) -> dict[str, Raw]:
        """The raw values of parameters that a user gave.

        Parameters
        ----------
        params : mapping
            From names to values.
        partial : bool
            Let active names be missing.

        Raises
        ------
        SpaceError
            If a name is unknown, inactive or missing, a value does not fit, or the combination
            is forbidden.
        """
        return configurations.check(params, self._forbid, partial=partial)

    def complete(self, raw: Mapping[str, Raw], rng: Generator) -> dict[str, Raw]:
        """`raw` with what is missing taken from the defaults, else drawn uniformly.

        Where the defaults are forbidden, they are drawn too.

        Raises
        ------
        SpaceError
            If no allowed configuration is found in 10,000 draws.
        """
        return draws.complete(self._forbid, raw, rng)

    # -- defaults, size, every point --------------------------------------------------------------

    def default(self) -> dict[str, Any] | None:
        """The default configuration, or None unless every active parameter has a default."""
        raw = self.default_raw()
        return None if raw is None else self.values(raw)

    def default_raw(self) -> dict[str, Raw] | None:
        """`default` in raw values."""
        return configurations.default(self._forbid)

    @cached_property
    def size(self) -> int | float:
        """How many distinct configurations there are.

        ``inf`` where a parameter is continuous, and where forbidden combinations leave more
        than 200,000 to count one by one.
        """
        return points.size(self._forbid)

    def points(self) -> Iterator[dict[str, Raw]]:
        """Every configuration of a finite space once, in raw values, in a fixed order."""
        return points.points(self._forbid)

    def walk(self, levels: Mapping[str, Sequence[Raw]]) -> Iterator[dict[str, Raw]]:
        """Every allowed configuration made of the given raw values, once each.

        Parameters
        ----------
        levels : mapping
            For each name, the raw values to use. The last name varies fastest.
        """
        return points.walk(self._forbid, levels)

    # -- forbidden combinations -------------------------------------------------------------------

    def forbid(self, *clauses: Mapping[str, Any] | Rule, **rules: Rule) -> Space:
        """A space that also leaves out some combinations.

        Parameters
        ----------
        *clauses
            Dicts such as ``{"solver": "liblinear", "penalty": ["l1", None]}``: forbidden where
            all of it holds, a list meaning any of its values.
        **rules
            Functions of the dict of active parameters, under a name; True means forbidden. Asking
            one for an inactive parameter (KeyError) counts as not forbidden. A study that is
            reopened needs the function again.
        """
        return self._made(self._forbid.more(clauses, rules))

    # -- growing ---------------------------------------------------------------------------------

    def grow(self, parameters: Mapping[str, Any] | None = None, /, **named: Any) -> Space:
        """A space with parameters added, or their ranges and options changed.

        Earlier trials are kept: where a range becomes narrower or an option goes away, their
        cells lie outside [0, 1].
        """
        fresh = declared({**(parameters or {}), **named})
        cube = changes.changed(self._cube, {**self._parameters, **fresh}, checked=fresh)
        return self._made(Forbidden(cube, self._forbid.items))

    def fix(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Space:
        """A space in which some parameters have only the given value left.

        A parameter that is fixed keeps its conditions: where it is active, it has that value.

        Raises
        ------
        SpaceError
            If a name is unknown, a value does not fit, one value makes another parameter of these
            inactive, or together they are forbidden.
        """
        given = {**(values or {}), **named}
        self._cube.known(given)
        raw = {name: self[name].raw(value, name) for name, value in given.items()}
        changes.check_together(raw, self._forbid)
        fresh = {n: changes.fixed(self[n], value, n) for n, value in given.items()}
        return self.within(fresh)

    def without(self, *names: str) -> Space:
        """A space that lacks some parameters, and the forbidden combinations that name them.

        Raises
        ------
        SpaceError
            If a name is unknown, or a parameter that stays depends on it.
        """
        self._cube.known(names)
        left = {name: p for name, p in self._parameters.items() if name not in names}
        cube = changes.changed(self._cube, left)
        return self._made(Forbidden(cube, self._forbid.without(names)))

    def within(self, parameters: Mapping[str, Parameter]) -> Space:
        """A space in which some parameters have less than their range or options.

        Conditions stay as they are, also where they name values that are left out.
        """
        cube = changes.changed(self._cube, {**self._parameters, **parameters})
        return self._made(Forbidden(cube, self._forbid.items))

    def adopt(self, later: Space) -> Space:
        """`later`, with the ids that this space gave to options, matched by value or label.

        Raises
        ------
        SpaceError
            If a parameter changed its type: earlier values would lose their meaning.
        """
        # Clauses hold raw values of `later`; its options may have other ids here.
        return self._made(later._forbid.moved(changes.changed(self._cube, later._parameters)))

    def dressed(self, script: Space) -> Space:
        """This space with the objects and rules of a script's, matched by label and name."""
        made = {
            name: changes.dressed(p, script._parameters.get(name))
            for name, p in self._parameters.items()
        }
        cube = Cube(made, self._cube.retired)
        return self._made(Forbidden(cube, self._forbid.dressed(script._forbid)))

    def without_values(self) -> bool:
        """Whether an option or a rule is known by name only, so that its script must be run."""
        return self._forbid.lost or any(
            isinstance(option, Label)
            for p in self._parameters.values()
            if isinstance(p, Choice)
            for option in p.options
        )

    # -- to and from files ------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns into an equal space; options by label where need be."""
        return json.dump_space(self._forbid)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Space:
        """The space that plain data describes, as `to_json` makes it or a file holds it.

        Raises
        ------
        SpaceError
            If a key is unknown or a parameter is not well formed.
        """
        return cls._made(json.load_space(data))

    def save(self, path: str | Path) -> None:
        """Write the space to a ``.json`` file.

        Raises
        ------
        SpaceError
            If the file cannot be written, or its name ends otherwise.
        """
        files.write(Path(path), self.to_json())

    @classmethod
    def load(cls, path: str | Path) -> Space:
        """The space that a ``.toml`` or ``.json`` file describes.

        Raises
        ------
        SpaceError
            If the file cannot be read, or says something that is not understood.
        """
        data = files.read(Path(path))
        try:
            return cls.from_json(data)
        except SpaceError as error:
            raise SpaceError(f"{path}: {error}") from None

    @classmethod
    def from_sklearn(cls, grid: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Space:
        """The space of scikit-learn's ``param_grid`` or ``param_distributions``.

        Parameters
        ----------
        grid : dict or list of dicts
            Values are lists, or frozen SciPy distributions, whose scale is kept: ``loguniform``
            becomes a logarithmic range. Several dicts become branches, under a parameter whose
            options tell them apart where there is one, else under a choice named ``branch``.
        """
        parameters, forbid = parameters_of(grid)
        return cls(parameters, forbid=forbid)

    # -- a mapping of names ------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._parameters

    def __getitem__(self, name: str) -> Parameter:
        if name not in self._parameters:
            raise SpaceError(
                f"Space: there is no parameter {name!r}.{nearest(str(name), self.names)} "
                f"The names are {', '.join(self.names) or '(none)'}."
            )
        return self._parameters[name]

    def items(self) -> Iterator[tuple[str, Parameter]]:
        """Names and parameters, in order."""
        return iter(self._cube.pairs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Space):
            return NotImplemented
        return (
            self._cube.pairs == other._cube.pairs
            and self._cube.conditions.accepted == other._cube.conditions.accepted
            and self._forbid.items == other._forbid.items
        )

    def __hash__(self) -> int:
        return hash(self.names)

    def __repr__(self) -> str:
        if not self.names:
            return "Space()"
        words = all(name.isidentifier() and not iskeyword(name) for name in self.names)
        lines = [
            f"    {name}={p!r}," if words else f"    {name!r}: {p!r}," for name, p in self.items()
        ]
        if self._forbid:
            lines.append(f"    # forbidden: {self._forbid}")
        inside = "\n".join(lines)
        return f"Space(\n{inside}\n)" if words else f"Space({{\n{inside}\n}})"
