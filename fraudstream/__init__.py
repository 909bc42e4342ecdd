"""Library shared by all programs, in layers: domain, runtime, streams, archives and scoring."""
