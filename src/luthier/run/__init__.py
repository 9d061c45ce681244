"""Running trials: the loop, the workers that it keeps busy, and a trial's line to its driver."""
