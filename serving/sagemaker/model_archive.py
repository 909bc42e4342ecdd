"""Model archive of SageMaker: a reproducible ``model.tar.gz`` of a version's folder.

SageMaker unpacks it to ``/opt/ml/model`` of the container.
"""

import gzip
import tarfile
from io import BytesIO
from pathlib import Path

from fraudstream.archives.record_writers import replaced_when_whole
from fraudstream.scoring.manifest import Manifest, read_model_file


def write_model_archive(model: Path, archive: Path) -> None:
    """Write the manifest and the members of a version; the same files give the same bytes.

    Raises `ModelError` if the version is incomplete or a member has another digest than the manifest says.
    """
    manifest = Manifest.load(model)
    files = {"manifest.json": (model / "manifest.json").read_bytes()}
    for member in manifest.members:
        data = read_model_file(model, member.file)
        member.check(data)
        files[member.file] = data
    archive.parent.mkdir(parents=True, exist_ok=True)
    # Gzip's header would have the time and the name.
    with (
        replaced_when_whole(archive) as partial,
        partial.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            entry.mode = 0o644
            tar.addfile(entry, BytesIO(files[name]))
