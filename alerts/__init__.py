"""The consumer of what the job writes: alerts, and the records it refused."""
