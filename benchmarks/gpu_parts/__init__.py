"""The parts of `benchmarks/gpu_quarter.py`, each a module with a function that measures and reports row by row."""
