"""The library that every program shares: domain, runtime, streams, archives and scoring, in layers."""
