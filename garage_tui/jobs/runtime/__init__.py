"""What every job needs: progress, interruptions, checkpoints, telemetry, error texts, cores."""
