"""Workaround for a memory leak in the Python worker, whose process lives as long as the job.

Beam looks up each transform of a bundle by name in a descriptor that the worker keeps forever. In protobuf
4.21 to 4.24, every lookup copies the name into the descriptor's memory, which is freed only with the
descriptor (protocolbuffers/upb issue 1526; fixed in protobuf 4.25). Beam 2.48, which PyFlink 1.20 requires,
does not allow protobuf 4.24 or later.
"""

import sys
from typing import Any, Final

BUNDLES: Final = "apache_beam.runners.worker.bundle_processor"
FIRST_LEAKING: Final = (4, 21)
FIRST_SOUND: Final = (4, 25)


def stop_leak() -> None:
    """Patch Beam to look up names once per bundle processor, if this process has Beam and the leak.

    Has no effect if Python runs inside the JVM, or if called again.
    """
    bundles = sys.modules.get(BUNDLES)
    if bundles is None or not _leaks():
        return
    bundles.BundleProcessor.monitoring_infos = looked_up_once


def looked_up_once(processor: Any) -> list[Any]:  # noqa: ANN401 - Beam has no types
    """Replace ``BundleProcessor.monitoring_infos`` by a version that looks up the descriptor only once."""
    outputs = processor.__dict__.get("_outputs_by_transform")
    if outputs is None:
        transforms = processor.process_bundle_descriptor.transforms
        outputs = {name: dict(transforms[name].outputs) for name in processor.ops}
        processor._outputs_by_transform = outputs  # noqa: SLF001 - cached on the processor for its lifetime
    infos: dict[Any, Any] = {}
    for name, operation in processor.ops.items():
        infos.update(operation.monitoring_infos(name, outputs[name]))
    return list(infos.values())


def _leaks() -> bool:
    from google.protobuf import __version__ as version  # noqa: PLC0415 - only a process with Beam has it

    major, minor, *_ = version.split(".")
    return FIRST_LEAKING <= (int(major), int(minor)) < FIRST_SOUND
