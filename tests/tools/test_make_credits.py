"""Credits name the licence and the source of every training picture."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from imgan.bundles.register import PRETRAINED

ROOT = Path(__file__).parents[2]
SHIPPED = PRETRAINED / "CREDITS.tsv"
FACTS = ROOT / "tools" / "picture_facts.tsv"
PAGE = "https://a.example/1"
HOME = "https://github.com/some/one"
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
    assert lines[0] == "file\tlicence\tsource\toriginal\tauthor\tpage"
    assert lines[1] == f"a.jpg\tCC0 1.0\tsome/one\tone/a.png\tby A\t{HOME}"
    assert lines[2].startswith('b "2".jpg\tCC BY-SA 4.0\t')
    assert "   1 CC BY-SA 4.0" in result.stdout


def test_an_unknown_licence_stops_it(tmp_path: Path) -> None:
    result = run(tmp_path, HEADER + ROWS[0].replace("CC0-1.0", "all rights reserved"))
    assert result.returncode == 1
    assert "a.jpg: unknown licence" in result.stderr
    assert not (tmp_path / "CREDITS.tsv").exists()


@pytest.mark.parametrize(
    ("note", "author", "page"),
    [
        ("A. Name (born B)", "A. Name (born B)", HOME),
        (f"A. Name ({PAGE})", "A. Name", PAGE),
        (PAGE, "see its page", PAGE),
        ("in HEAD", "not named", HOME),
        ("history-only", "not named", HOME),
        ("", "not named", HOME),
    ],
)
def test_a_note_is_an_author_or_a_page(
    tmp_path: Path, note: str, author: str, page: str
) -> None:
    run(tmp_path, HEADER + ROWS[0].replace("by A", note))
    assert table(tmp_path / "CREDITS.tsv")[1][-2:] == [author, page]


def test_facts_complete_the_index(tmp_path: Path) -> None:
    fact = next(row for row in table(FACTS) if row[1] == "CC BY 4.0")
    run(tmp_path, HEADER + ROWS[0].replace("one/a.png\tby A", f"{fact[0]}\t"))
    row = table(tmp_path / "CREDITS.tsv")[1]
    assert [row[1], *row[3:]] == ["CC BY 4.0", fact[0], fact[2], HOME]


def test_who_collected_unnamed_pictures_is_told(tmp_path: Path) -> None:
    index = HEADER + ROWS[1].replace("some/one", "imazen/codec-corpus CID22")
    run(tmp_path, index)
    row = table(tmp_path / "CREDITS.tsv")[1]
    assert row[4] == "not named; collected by Cloudinary"
    assert row[5] == "https://github.com/Cloudinary/CID22"


def test_the_shipped_credits_are_those_of_the_pictures(
    shared_data: Path, tmp_path: Path
) -> None:
    index = (shared_data / "photos" / "INDEX.tsv").read_text(encoding="utf-8")
    assert run(tmp_path, index).returncode == 0
    assert (tmp_path / "CREDITS.tsv").read_bytes() == SHIPPED.read_bytes()


def test_every_shipped_picture_has_licence_source_author_and_page() -> None:
    rows = table(SHIPPED)[1:]
    assert len(rows) == 336
    assert all(len(row) == 6 and all(row) for row in rows)
    assert all(row[5].startswith(("https://", "http://")) for row in rows)
    text = SHIPPED.read_text(encoding="utf-8")
    assert "in HEAD" not in text
    assert "history-only" not in text


def test_every_fact_says_where_it_is_told_and_is_of_a_shipped_picture() -> None:
    facts = table(FACTS)[1:]
    shipped = {row[3] for row in table(SHIPPED)}
    assert all(fact[0] in shipped and fact[4] for fact in facts)
    assert len({fact[0] for fact in facts}) == len(facts)


def test_the_page_of_the_models_counts_the_credits() -> None:
    authors = [row[4] for row in table(SHIPPED)[1:]]
    unnamed = sum(author.startswith("not named") for author in authors)
    named = len(authors) - unnamed - authors.count("see its page")
    page = (PRETRAINED / "README.md").read_text(encoding="utf-8")
    assert f"names the author of {named};" in page
    assert f"the other {unnamed} is not known" in page


def table(path: Path) -> list[list[str]]:
    text = path.read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]
