"""Everything on one machine: emulator, job, producer and a live view of what comes out."""
