"""The runtime of all jobs: progress, interruptions, checkpoints, telemetry, error texts, cores."""
