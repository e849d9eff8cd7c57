"""Folders for what is half done: gone at the end, kept while somebody works in them, cleared when nobody does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from ingest.core.tempdirs import clear, scratch


def test_a_folder_is_gone_at_the_end(tmp_path: Path) -> None:
    with scratch(tmp_path, "restore") as folder:
        (folder / "half.db").write_text("words")
        clear(tmp_path)
        assert (folder / "half.db").exists()
        assert list(folder.iterdir()) == [folder / "half.db"]
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    program = f"""
import time
from pathlib import Path
from ingest.core.tempdirs import scratch
with scratch(Path({str(tmp_path)!r}), "backup") as folder:
    (folder / "half.db").write_text("words")
    print("ready", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        clear(tmp_path)
        assert len(list(tmp_path.rglob("half.db"))) == 1
        process.kill()
        process.wait()
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folders_of_others_stay_and_old_ones_without_a_lock_go(tmp_path: Path) -> None:
    for name in (".memories-restore-1-abc", ".memories-restore-2-abc", "memories"):
        (tmp_path / name).mkdir()
    day_ago = time.time() - 25 * 3600
    os.utime(tmp_path / ".memories-restore-2-abc", (day_ago, day_ago))
    clear(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".memories-restore-1-abc", "memories"}
