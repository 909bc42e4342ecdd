"""The jar of an application for Managed Flink with the drivers of profile stores."""

from pathlib import Path
from zipfile import ZipFile

from deploy.managed_flink import merge_jars


def jar(path: Path, files: dict[str, str]) -> Path:
    with ZipFile(path, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return path


def test_a_merged_jar_has_the_files_of_both_and_joins_their_services(tmp_path: Path) -> None:
    service = "META-INF/services/a.Service"
    first = jar(tmp_path / "1.jar", {"META-INF/MANIFEST.MF": "1", "a.class": "a", service: "one"})
    second = jar(tmp_path / "2.jar", {"META-INF/MANIFEST.MF": "2", "b.class": "b", service: "two\n"})
    merge_jars(tmp_path / "merged.jar", first, second)
    with ZipFile(tmp_path / "merged.jar") as merged:
        found = {name: merged.read(name).decode() for name in merged.namelist()}
    assert found == {
        "META-INF/MANIFEST.MF": "1",
        "a.class": "a",
        service: "one\ntwo\n",
        "b.class": "b",
    }
