"""The app: its screens, the keys that work everywhere, the palette; wiring only."""
