"""Write tests/golden/resize.npz: what `imgan.data.resize` must reproduce to the pixel.

    python tools/make_golden.py

The expected pictures come from `reference_resize` below, a slow transcription of the
formula in exact rational arithmetic that shares no line with imgan. It was itself
checked once against MATLAB's output (Set5 X4). Run again only when a case is added.
"""

import datetime
import importlib.metadata
import math
import platform
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from numpy.typing import NDArray

OUTPUT = Path(__file__).parent.parent / "tests" / "golden" / "resize.npz"

# name -> (scale, antialias); odd sides, so that every border and rounding occurs.
CASES = {
    "half": (Fraction(1, 2), True),
    "third": (Fraction(1, 3), True),
    "quarter": (Fraction(1, 4), True),
    "two_fifths": (Fraction(2, 5), True),
    "quarter_plain": (Fraction(1, 4), False),
    "double": (Fraction(2), True),
    "five_halves": (Fraction(5, 2), True),
}


def keys_cubic(x: Fraction) -> Fraction:
    """Return Keys' kernel with a = -1/2 at `x`."""
    x = abs(x)
    if x <= 1:
        return Fraction(3, 2) * x**3 - Fraction(5, 2) * x**2 + 1
    if x <= 2:
        return -Fraction(1, 2) * x**3 + Fraction(5, 2) * x**2 - 4 * x + 2
    return Fraction(0)


def reference_row(values: list[int], scale: Fraction, antialias: bool) -> list[int]:
    """Resample integers along one line, mirrored at its ends, rounded to uint8."""
    stretch = min(scale, Fraction(1)) if antialias else Fraction(1)
    count = len(values)
    result = []
    for x in range(math.ceil(count * scale)):
        centre = (x + Fraction(1, 2)) / scale - Fraction(1, 2)
        low = math.floor(centre - 2 / stretch)
        high = math.ceil(centre + 2 / stretch)
        total, weight_sum = Fraction(0), Fraction(0)
        for position in range(low, high + 1):
            weight = keys_cubic(stretch * (centre - position))
            mirrored = position % (2 * count)
            if mirrored >= count:
                mirrored = 2 * count - 1 - mirrored
            total += weight * values[mirrored]
            weight_sum += weight
        rounded = math.floor(total / weight_sum + Fraction(1, 2))
        result.append(min(max(rounded, 0), 255))
    return result


def reference_resize(
    image: NDArray[np.uint8], scale: Fraction, antialias: bool = True
) -> NDArray[np.uint8]:
    """Resize `(height, width)` uint8 along rows, then along columns, pixel by pixel."""
    columns = [reference_row(c.tolist(), scale, antialias) for c in image.T]
    rows = [
        reference_row(list(r), scale, antialias) for r in zip(*columns, strict=True)
    ]
    return np.array(rows, np.uint8)


def main() -> None:
    """Compute every case and write the file."""
    source = skimage.data.astronaut()[120:157, 200:243]  # (37, 43, 3): an eye, hair
    arrays: dict[str, Any] = {"source": source}
    for name, (scale, antialias) in CASES.items():
        planes = [
            reference_resize(source[..., channel], scale, antialias)
            for channel in range(3)
        ]
        arrays[name] = np.stack(planes, axis=-1)
        print(f"{name}: {arrays[name].shape}")
    made_with = (
        f"tools/make_golden.py, {datetime.date.today()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}, "
        f"scikit-image {importlib.metadata.version('scikit-image')}"
    )
    np.savez_compressed(OUTPUT, made_with=np.array(made_with), **arrays)
    print(f"{OUTPUT}: {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
