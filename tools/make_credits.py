"""Write the credits of the pictures that the shipped models are trained on.

    python tools/make_credits.py PHOTOS/INDEX.tsv

Writes `imgan/pretrained/CREDITS.tsv`, a line for each picture in the order of the
index, and prints how many there are of each licence. It stops at a picture whose
licence is not known here.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from imgan.bundles.register import PRETRAINED

CREDITS = PRETRAINED / "CREDITS.tsv"
COLUMNS = {
    "file": "file",
    "licence": "licence",
    "source": "source",
    "original": "original",
    "note": "author or page",
}
"""What is kept of the index, and what it is called in the credits."""
LICENCES = {
    "Wikimedia Commons": "free licence, as its page on Wikimedia Commons says",
    "Unsplash License": "Unsplash licence",
    "Unsplash photos": "public domain (Unsplash before June 2017)",
    "Pexels": "Pexels licence",
    "UAHiRISE": "public domain (NASA)",
    "CC-BY-SA 4.0": "CC BY-SA 4.0",
    "CC-BY-SA-4.0": "CC BY-SA 4.0",
    "CC-BY-4.0": "CC BY 4.0",
    "by/2.0": "CC BY 2.0",
    "CC0": "CC0 1.0",
}
"""By what the index says of them; the first that occurs holds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the index, write the credits."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("--out", type=Path, default=CREDITS)
    words = parser.parse_args(arguments)
    # Quotation marks in titles are just that, so no CSV dialect applies.
    header, *lines = [
        line.split("\t") for line in words.index.read_text("utf-8").splitlines()
    ]
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    for row in rows:
        row["licence"] = licence_of(row)
    credits = [list(COLUMNS.values()), *([row[key] for key in COLUMNS] for row in rows)]
    text = "".join("\t".join(line) + "\n" for line in credits)
    words.out.write_text(text, encoding="utf-8")
    for licence, count in Counter(row["licence"] for row in rows).most_common():
        print(f"{count:4} {licence}")
    return 0


def licence_of(row: dict[str, str]) -> str:
    """Return the licence of a picture by its usual name."""
    for words, name in LICENCES.items():
        if words in row["licence"]:
            return name
    raise SystemExit(f"{row['file']}: unknown licence. Received: {row['licence']!r}")


if __name__ == "__main__":
    sys.exit(main())
