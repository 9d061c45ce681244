"""Default search spaces of well-known estimators, and points worth trying first."""

from luthier.models.presets.preset import Preset, preset

__all__ = ["Preset", "preset"]
