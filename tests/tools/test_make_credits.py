"""Credits name the licence of every training picture."""

import os
import subprocess
import sys
from pathlib import Path

from imgan.bundles.register import PRETRAINED

ROOT = Path(__file__).parents[2]
HEADER = "file\twidth\theight\tsource\tlicence_group\tlicence\toriginal\tnote\n"
ROWS = [
    "a.jpg\t9\t8\tsome/one\tA\tCC0-1.0 (repo LICENSE)\tone/a.png\tby A\n",
    'b "2".jpg\t9\t8\tsome/one\tA\tCC-BY-SA 4.0\tone/b.png\t\n',
]


def run(folder: Path, index: str) -> subprocess.CompletedProcess[str]:
    (folder / "INDEX.tsv").write_text(index, encoding="utf-8")
    words = ["tools/make_credits.py", str(folder / "INDEX.tsv")]
    return subprocess.run(
        [sys.executable, *words, "--out", str(folder / "CREDITS.tsv")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_a_line_for_each_picture(tmp_path: Path) -> None:
    result = run(tmp_path, HEADER + "".join(ROWS))
    assert result.returncode == 0, result.stderr
    lines = (tmp_path / "CREDITS.tsv").read_text().splitlines()
    assert lines[1] == "a.jpg\tCC0 1.0\tsome/one\tone/a.png\tby A"
    assert lines[2].startswith('b "2".jpg\tCC BY-SA 4.0\t')
    assert "   1 CC BY-SA 4.0" in result.stdout


def test_an_unknown_licence_stops_it(tmp_path: Path) -> None:
    result = run(tmp_path, HEADER + ROWS[0].replace("CC0-1.0", "all rights reserved"))
    assert result.returncode == 1
    assert "a.jpg: unknown licence" in result.stderr
    assert not (tmp_path / "CREDITS.tsv").exists()


def test_the_shipped_credits_are_those_of_the_pictures(shared_data: Path) -> None:
    index = (shared_data / "photos" / "INDEX.tsv").read_text(encoding="utf-8")
    shipped = (PRETRAINED / "CREDITS.tsv").read_text(encoding="utf-8").splitlines()
    names = [line.split("\t")[0] for line in index.splitlines()]
    assert [line.split("\t")[0] for line in shipped] == names
    assert all(line.split("\t")[1] for line in shipped)
