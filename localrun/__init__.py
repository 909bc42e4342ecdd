"""Local run of the whole system: emulator, job, producer and a live view of the output."""
