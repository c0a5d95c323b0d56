"""The screens: one reader, one job each."""
