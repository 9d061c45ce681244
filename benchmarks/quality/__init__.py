"""How good luthier's proposals are, beside other optimisers' on the same tasks and seeds."""
