"""Consumer of the job's output streams: alerts and dead letters."""
