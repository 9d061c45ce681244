"""luthier against KerasTuner: the same build functions, data, split and number of epochs."""
