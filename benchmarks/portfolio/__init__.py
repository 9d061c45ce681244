"""Portfolios: which few settings of a learner to try first, learned from scores on real tables.

pip install '.[quality]' xgboost lightgbm
OMP_NUM_THREADS=1 nice python -m benchmarks.portfolio record   # up to an hour, resumable
python -m benchmarks.portfolio refine    # more of quick learners: more tables, better settings
python -m benchmarks.portfolio choose    # writes portfolios.json and experience.json of presets
python -m benchmarks.portfolio report    # writes the section of benchmarks/RESULTS.md
python -m benchmarks.portfolio against   # beside other optimisers, on further tables; resumable
"""
