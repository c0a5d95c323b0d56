"""GPUs, processor, memory and power: readings, history, energy, power caps."""
