from pathlib import Path

import pytest

from drills.faults.storage_faults import full


def test_while_the_storage_is_full_no_checkpoint_folder_can_be_created_and_old_ones_remain(
    tmp_path: Path,
) -> None:
    (tmp_path / "chk-6").mkdir()
    (tmp_path / "chk-7").mkdir()
    (tmp_path / "chk-7" / "_metadata").touch()
    (tmp_path / "shared").mkdir()
    with full(tmp_path):
        for number in (8, 9, 100):
            with pytest.raises(FileExistsError):
                (tmp_path / f"chk-{number}").mkdir()
        assert (tmp_path / "chk-7" / "_metadata").exists()
    (tmp_path / "chk-8").mkdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chk-6", "chk-7", "chk-8", "shared"]
