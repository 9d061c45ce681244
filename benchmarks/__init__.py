"""Benchmarks: each writes its table into RESULTS.md and every raw number into results/."""
