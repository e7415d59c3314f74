"""Write the credits of the pictures that the shipped models are trained on.

    python tools/make_credits.py PHOTOS/INDEX.tsv

Writes `imgan/pretrained/CREDITS.tsv`, a line for each picture in the order of the
index, and prints how many there are of each licence. Authors and pages that the index
lacks are in `tools/picture_facts.tsv`, each with where it is told. It stops at a
picture whose licence is not known here.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from imgan.bundles.register import PRETRAINED

CREDITS = PRETRAINED / "CREDITS.tsv"
FACTS = Path(__file__).with_name("picture_facts.tsv")
COLUMNS = ["file", "licence", "source", "original", "author", "page"]
LICENCES = {
    "Wikimedia Commons": "as its page on Wikimedia Commons says",
    "Unsplash License": "Unsplash licence",
    "Unsplash photos": "public domain, as its source says of Unsplash",
    "Pexels": "Pexels licence",
    "UAHiRISE": "public domain (NASA)",
    "CC-BY-SA 4.0": "CC BY-SA 4.0",
    "CC-BY-SA-4.0": "CC BY-SA 4.0",
    "CC-BY-4.0": "CC BY 4.0",
    "by/2.0": "CC BY 2.0",
    "CC0": "CC0 1.0",
}
"""By what the index says of them; the first that occurs holds."""
COLLECTIONS = {
    "imazen/codec-corpus CID22": ("Cloudinary", "https://github.com/Cloudinary/CID22"),
    "imazen/codec-corpus CLIC2025": (
        "the Challenge on Learned Image Compression 2025",
        "https://clic2025.compression.cc/",
    ),
    "gianni-rosato/gb82-image-set": (
        "Gianni Rosato",
        "https://github.com/gianni-rosato/gb82-image-set",
    ),
}
"""Who collected the pictures of a source, and where; others are on GitHub."""
INTERNAL = {"in HEAD", "history-only"}
"""Notes of the index on how a picture was found, which credit nobody."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the index, write the credits."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("--out", type=Path, default=CREDITS)
    words = parser.parse_args(arguments)
    facts = {row["original"]: row for row in read_rows(FACTS)}
    rows = [
        credit(row, facts.get(row["original"], {})) for row in read_rows(words.index)
    ]
    lines = [COLUMNS, *([row[key] for key in COLUMNS] for row in rows)]
    text = "".join("\t".join(line) + "\n" for line in lines)
    words.out.write_text(text, encoding="utf-8")
    for licence, count in Counter(row["licence"] for row in rows).most_common():
        print(f"{count:4} {licence}")
    return 0


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the lines of a table with tabs; quotation marks are just that."""
    header, *lines = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    return [dict(zip(header, line, strict=True)) for line in lines]


def credit(row: dict[str, str], facts: dict[str, str]) -> dict[str, str]:
    """Return a line of the credits, from that of the index and what else is known."""
    author, page = author_and_page(row["note"])
    author, page = facts.get("author") or author, facts.get("page") or page
    collector, home = COLLECTIONS.get(
        row["source"], ("", f"https://github.com/{row['source'].split()[0]}")
    )
    unnamed = f"not named; collected by {collector}" if collector else "not named"
    return {
        **row,
        "licence": facts.get("licence") or licence_of(row),
        "author": author or ("see its page" if page else unnamed),
        "page": page or home,
    }


def author_and_page(note: str) -> tuple[str, str]:
    """Return what a note of the index knows: `NAME`, `PAGE` or `NAME (PAGE)`."""
    if note in INTERNAL:
        return "", ""
    found = re.fullmatch(r"(?:(.+) )?\(?(https?://\S+?)\)?", note)
    return (found[1] or "", found[2]) if found else (note, "")


def licence_of(row: dict[str, str]) -> str:
    """Return the licence of a picture by its usual name."""
    for words, name in LICENCES.items():
        if words in row["licence"]:
            return name
    raise SystemExit(f"{row['file']}: unknown licence. Received: {row['licence']!r}")


if __name__ == "__main__":
    sys.exit(main())
