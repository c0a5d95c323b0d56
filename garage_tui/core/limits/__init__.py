"""What a run waits for besides its queue position: hours, sun, heat limits."""
