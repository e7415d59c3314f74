"""Damage files at random, read them, and tell what happened; run as a process.

    python -m tests.importing.fuzz FOLDER SECONDS SEED FILE...

FOLDER is for the damaged files. Every file must be read or refused with a
`CheckpointError`, within `MOST_SECONDS`. What is not stays in FOLDER, and is printed
with its traceback. The last line is JSON: counts, and the peak of memory in MB beyond
that of reading the whole files.
"""

import io
import json
import random
import resource
import shutil
import signal
import sys
import time
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imgan.errors import CheckpointError
from imgan.importing.checkpoint import read_checkpoint
from imgan.importing.keras2 import is_keras_file
from imgan.importing.keras2 import read_keras_model

MOST_SECONDS = 30
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF)
_BLOCK = 512


def flipped(data: bytearray, generator: random.Random) -> bytearray:
    for _ in range(generator.choice((1, 1, 2, 8, 64))):
        place = position(data, generator)
        data[place] ^= 1 << generator.randrange(8)
    return data


def overwritten(data: bytearray, generator: random.Random) -> bytearray:
    for _ in range(generator.choice((1, 2, 4))):
        start, length = position(data, generator), generator.choice((1, 2, 4, 8))
        extreme = bytes([generator.choice(_EXTREMES)]) * length
        data[start : start + length] = extreme[: len(data) - start]
    return data


def truncated(data: bytearray, generator: random.Random) -> bytearray:
    return data[: position(data, generator)]


def swapped(data: bytearray, generator: random.Random) -> bytearray:
    size = generator.randint(1, min(_BLOCK, len(data) // 2))
    one, two = (generator.randrange(len(data) - size) for _ in range(2))
    first, second = data[one : one + size], data[two : two + size]
    data[one : one + size], data[two : two + size] = second, first
    return data


def repeated(data: bytearray, generator: random.Random) -> bytearray:
    start, size = position(data, generator), generator.randint(1, _BLOCK)
    data[start:start] = data[start : start + size]
    return data


def removed(data: bytearray, generator: random.Random) -> bytearray:
    start = position(data, generator)
    del data[start : start + generator.randint(1, _BLOCK)]
    return data


DAMAGES = (flipped, flipped, overwritten, truncated, swapped, repeated, removed)


def position(data: bytearray, generator: random.Random) -> int:
    """Return a place, often near an end, where the structure of a file is."""
    near = min(len(data), 8 * _BLOCK)
    return generator.choice(
        (
            generator.randrange(near),
            len(data) - 1 - generator.randrange(near),
            generator.randrange(len(data)),
        )
    )


def damaged(data: bytes, generator: random.Random) -> bytes:
    """Return a file with one of its parts changed."""
    if data[:2] == b"PK" and len(data) < 100_000 and generator.random() < 0.5:
        return with_damaged_pickle(data, generator)
    return bytes(generator.choice(DAMAGES)(bytearray(data), generator))


def with_damaged_pickle(data: bytes, generator: random.Random) -> bytes:
    """Return an archive of right checksums with a wrong pickle."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            inside = old.read(name)
            if name.endswith("data.pkl"):
                inside = bytes(generator.choice(DAMAGES)(bytearray(inside), generator))
            new.writestr(name, inside)
    return changed.getvalue()


def cases(files: list[Path], folder: Path, generator: random.Random) -> Iterator[Path]:
    contents = {path: path.read_bytes() for path in files}
    while True:
        path = generator.choice(files)
        for partner in path.parent.glob(f"{path.stem}.*"):
            if partner.suffix in (".param", ".bin"):
                shutil.copyfile(partner, folder / partner.name)
        target = folder / path.name
        target.write_bytes(damaged(contents[path], generator))
        yield target


def too_slow(*_: Any) -> None:
    raise TimeoutError(f"more than {MOST_SECONDS} s")


def peak(who: int = resource.RUSAGE_SELF) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def read(path: Path) -> None:
    """Read a file as `imgan import` does."""
    if is_keras_file(path):
        read_keras_model(path)
    else:
        read_checkpoint(path)


def main(folder: Path, seconds: float, seed: int, files: list[Path]) -> int:
    generator = random.Random(seed)
    signal.signal(signal.SIGALRM, too_slow)
    for path in files:
        read(path)
    before, children = peak(), peak(resource.RUSAGE_CHILDREN)
    counts = {"read": 0, "refused": 0, "failed": 0}
    slowest, end = 0.0, time.monotonic() + seconds
    for target in cases(files, folder, generator):
        start = time.monotonic()
        if start > end:
            break
        signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
        try:
            read(target)
            outcome = "read"
        except CheckpointError as error:
            outcome = "refused" if "\n" not in str(error) else "failed"
        except BaseException:
            outcome = "failed"
            traceback.print_exc()
        signal.setitimer(signal.ITIMER_REAL, 0)
        counts[outcome] += 1
        slowest = max(slowest, time.monotonic() - start)
        if outcome == "failed":
            kept = target.with_name(f"failed-{counts['failed']}-{target.name}")
            target.rename(kept)
            sys.stdout.write(f"{kept}\n")
    beyond = max(peak() - before, peak(resource.RUSAGE_CHILDREN) - children)
    result = {**counts, "slowest": slowest, "megabytes": beyond}
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(
        main(
            Path(sys.argv[1]),
            float(sys.argv[2]),
            int(sys.argv[3]),
            [Path(name) for name in sys.argv[4:]],
        )
    )
