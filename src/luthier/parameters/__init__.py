"""Float, Int and Choice: one parameter each, and its map to and from [0, 1].

Three forms of a value meet here. The *value* is what the objective gets: a Python float, an
int, or the very option of a choice. The *raw* value is what the log keeps: the same number, or
the option's stable id. The *unit* is a cell of ``X``: a number in [0, 1].

A parameter with finitely many values splits [0, 1] into cells, one per value, and its unit is
the middle of the cell. All cells are equally wide, but for ``log=True``, where the width is the
cell's share of the logarithm's range; so a uniform draw falls on integers as on a log scale.
"""

from luthier.parameters.choice import Choice, Label, Weights, label_of
from luthier.parameters.ranges import Float, Int
from luthier.parameters.values import (
    MISSING,
    NUMPY,
    SCALARS,
    Array,
    Ints,
    Mask,
    Raw,
    When,
    is_plain,
    same,
    several,
    short,
)

Parameter = Float | Int | Choice

__all__ = [
    "MISSING",
    "NUMPY",
    "SCALARS",
    "Array",
    "Choice",
    "Float",
    "Int",
    "Ints",
    "Label",
    "Mask",
    "Parameter",
    "Raw",
    "Weights",
    "When",
    "is_plain",
    "label_of",
    "same",
    "several",
    "short",
]
