"""Spaces: named parameters, when each is active, and the combinations never to try."""

from luthier.parameters import Choice, Float, Int, Label, Mask, Parameter
from luthier.space.configurations import Params
from luthier.space.forbidden import Rule
from luthier.space.space import Space

__all__ = ["Choice", "Float", "Int", "Label", "Mask", "Parameter", "Params", "Rule", "Space"]
