"""A way around a leak in the Python worker, whose process lives as long as the job.

Beam looks each transform of a bundle up by its name in the descriptor that the worker keeps for good. In
protobuf 4.21 to 4.24 every such lookup copies the name into the descriptor's memory, and nothing frees it
before the descriptor goes (protocolbuffers/upb issue 1526; protobuf 4.25 does not). Beam 2.48, which
PyFlink 1.20 asks for, allows no protobuf from 4.24 on.
"""

import sys
from typing import Any, Final

BUNDLES: Final = "apache_beam.runners.worker.bundle_processor"
FIRST_LEAKING: Final = (4, 21)
FIRST_SOUND: Final = (4, 25)


def stop_leak() -> None:
    """Let Beam look names up once for each processor of bundles, if this process has Beam and the leak.

    Without effect where Python runs inside the JVM, and the second time.
    """
    bundles = sys.modules.get(BUNDLES)
    if bundles is None or not _leaks():
        return
    bundles.BundleProcessor.monitoring_infos = looked_up_once


def looked_up_once(processor: Any) -> list[Any]:  # noqa: ANN401 - Beam has no types
    """Do what ``BundleProcessor.monitoring_infos`` does, without a lookup in the descriptor."""
    outputs = processor.__dict__.get("_outputs_by_transform")
    if outputs is None:
        transforms = processor.process_bundle_descriptor.transforms
        outputs = {name: dict(transforms[name].outputs) for name in processor.ops}
        processor._outputs_by_transform = outputs  # noqa: SLF001 - beside its own, for as long as it lives
    infos: dict[Any, Any] = {}
    for name, operation in processor.ops.items():
        infos.update(operation.monitoring_infos(name, outputs[name]))
    return list(infos.values())


def _leaks() -> bool:
    from google.protobuf import __version__ as version  # noqa: PLC0415 - only a process with Beam has it

    major, minor, *_ = version.split(".")
    return FIRST_LEAKING <= (int(major), int(minor)) < FIRST_SOUND
