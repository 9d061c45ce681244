"""PyTorch: the checkpoint of a hand-written training loop, read without unpickling anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from luthier.errors import StudyError, need
from luthier.integrations.steps import Steps
from luthier.trial import Trial

torch = need("torch", "torch", "luthier.integrations.torch")

FILE = "state.pt"


class Checkpoint:
    """A training loop over epochs whose parts go on from the parent's checkpoint.

    Parameters
    ----------
    trial : Trial
    epochs : int
        How many epochs a full training has.
    every : int
        A checkpoint is made after so many epochs, and always after the last one.
    map_location : optional
        Where tensors are put on loading, as for ``torch.load``; by default where they were.
    **parts
        Whatever has ``state_dict`` and ``load_state_dict``: the model, the optimiser, a scheduler,
        a scaler. Their states are loaded at once where the parent left any. PyTorch's own random
        state is kept along.

    Raises
    ------
    StudyError
        If a part has no state, or the checkpoint was made with other parts.

    Examples
    --------
    ::

        loop = Checkpoint(trial, 30, model=model, optimizer=optimizer)
        for epoch in loop:
            train(model, optimizer)
            loop.report(validate(model))
        return loop.value
    """

    def __init__(
        self, trial: Trial, epochs: int, *, every: int = 1, map_location: Any = None, **parts: Any
    ) -> None:
        for name, part in parts.items():
            if not hasattr(part, "state_dict") or not hasattr(part, "load_state_dict"):
                raise StudyError(
                    f"Checkpoint: {name} has no state_dict() and load_state_dict(), got {part!r}. "
                    "Give modules, optimisers and schedulers."
                )
        self.steps, self.parts = Steps(trial, epochs, every=every), parts
        if self.steps.saved is not None:
            self._load(map_location)

    def _load(self, map_location: Any) -> None:
        assert self.steps.saved is not None
        # Tensors and plain values only: a checkpoint from elsewhere can run no code.
        path = self.steps.saved / FILE
        states = torch.load(path, map_location=map_location, weights_only=True)
        chance = states.pop("torch random state")
        if set(states) != set(self.parts):
            raise StudyError(
                f"Checkpoint: {path} holds {', '.join(sorted(states))}, and now there are "
                f"{', '.join(sorted(self.parts))}. Give the same parts, or begin another study."
            )
        for name, part in self.parts.items():
            part.load_state_dict(states[name])
        torch.set_rng_state(chance.cpu())

    @property
    def value(self) -> Any:
        """What was reported last, by the parent if nothing is left to do."""
        return self.steps.value

    def __iter__(self) -> Iterator[int]:
        """The numbers of the epochs that are left, from 1; `report` must be called in each."""
        return iter(self.steps)

    def report(self, value: Any) -> bool:
        """Save, report, and ask; returns whether training should stop, which the loop does."""

        def save(folder: Any) -> None:
            states = {name: part.state_dict() for name, part in self.parts.items()}
            states["torch random state"] = torch.get_rng_state()
            torch.save(states, folder / FILE)

        return self.steps.end(value, save)
