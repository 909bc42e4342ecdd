"""Simulated bank: endless labelled traffic, made in blocks by numpy, the same on every machine."""

from producer.simulation.block import Block
from producer.simulation.options import DEFAULT_FRAUD_MIX, TrafficOptions
from producer.simulation.rates import ending_at, simulated_span_ms
from producer.simulation.traffic import LabelledTransaction, blocks, generate

__all__ = [
    "DEFAULT_FRAUD_MIX",
    "Block",
    "LabelledTransaction",
    "TrafficOptions",
    "blocks",
    "ending_at",
    "generate",
    "simulated_span_ms",
]
