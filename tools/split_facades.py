"""Split the façades of CMP into pairs that are trained on and pairs that are held out.

    python tools/split_facades.py FACADES facades

Copies `FACADES/*.jpg`, photo left and label map right, to `OUT/train` and
`OUT/validation`: every ninth by the number in its name is held out, 40 of 360.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from imgan.data.pairs import list_pictures

EVERY = 9


def main(arguments: Sequence[str] | None = None) -> None:
    """Copy the pairs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("facades", type=Path, help="folder of the pairs")
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    counts = {"train": 0, "validation": 0}
    for part in counts:
        (options.out / part).mkdir(parents=True, exist_ok=True)
    for path in list_pictures(options.facades):
        if not path.stem.isdecimal():
            raise SystemExit(f"{path} has no number for a name, as the others have")
        part = "train" if int(path.stem) % EVERY else "validation"
        shutil.copyfile(path, options.out / part / path.name)
        counts[part] += 1
    print(
        f"{options.out.absolute()}: {counts['train']} pairs in train, "
        f"{counts['validation']} in validation"
    )


if __name__ == "__main__":
    main()
