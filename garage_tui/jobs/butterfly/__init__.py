"""The parts of `jobs/butterflies.py`: forms, patterns, families, individuals and the picture."""
