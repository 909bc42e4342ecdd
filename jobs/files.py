"""What bounded mode writes: Flink's part files, put together into the one file that was asked for."""

import shutil
from pathlib import Path
from typing import Literal

from fraudstream.settings import Settings

Sink = Literal["dead_letters", "alerts", "scored_transactions", "features"]


def file_outputs(settings: Settings) -> dict[Sink, Path]:
    """Return the sinks of bounded mode and the file of each."""
    outputs: dict[Sink, Path | None] = {
        "dead_letters": settings.dead_letters_out,
        "alerts": settings.alerts_out,
        "scored_transactions": settings.scores_out,
        "features": settings.features_out,
    }
    return {sink: path for sink, path in outputs.items() if path is not None}


def fresh_parts_folder(path: Path) -> Path:
    """Return the empty folder beside ``path`` that Flink writes its part files into."""
    folder = _parts_folder(path)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def merge_parts(settings: Settings) -> None:
    """Put each output's part files together, in the order of their writing; there is none in live mode.

    The file appears under its name only when it is whole.
    """
    for path in file_outputs(settings).values():
        folder = _parts_folder(path)
        whole = folder / "whole"
        with whole.open("wb") as merged:
            for part in sorted(folder.glob("part-*"), key=_part_order):
                with part.open("rb") as source:
                    shutil.copyfileobj(source, merged)
        whole.replace(path)
        shutil.rmtree(folder)


def _parts_folder(path: Path) -> Path:
    return path.with_name(path.name + ".parts")


def _part_order(part: Path) -> tuple[int, int]:
    # part-<random>-<subtask>-<number>
    *_, subtask, number = part.name.split("-")
    return int(subtask), int(number)
