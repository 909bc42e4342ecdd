"""Command ``digest``: shows whether the files of a version are those that were trained."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fraudstream.archives.record_writers import replaced_when_whole
from fraudstream.scoring.manifest import MANIFEST_NAME, Manifest, ModelError, read_model_file, sha256

console = Console(soft_wrap=True, highlight=False)


def digest_command(
    *,
    folder: Annotated[Path, typer.Argument(help="Folder of the version")],
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Note the SHA-256 of members without one: you trust the files as they are"
        ),
    ] = False,
) -> None:
    """Check the members of a version by their SHA-256, and print the version's own digest.

    Versions of earlier releases have no SHA-256; only --write adds it. A file that differs from its SHA-256
    is an error, also with --write.
    """
    try:
        manifest = Manifest.load(folder)
        files = {member.file: read_model_file(folder, member.file) for member in manifest.members}
        added = {each.file: files[each.file] for each in manifest.members if write and each.sha256 is None}
        manifest = manifest.with_digests(added)
        for member in manifest.members:
            member.check(files[member.file])
        if added:
            _write(manifest, folder)
    except (ModelError, OSError) as error:
        console.print(f"error: {error}", markup=False)
        raise typer.Exit(2) from None
    for name, data in files.items():
        console.print(f"{name} {sha256(data)}", markup=False)
    console.print(f"model {manifest.version} {manifest.digest}", markup=False)


def _write(manifest: Manifest, folder: Path) -> None:
    with replaced_when_whole(folder / MANIFEST_NAME) as unfinished:
        unfinished.write_text(manifest.to_text())
