"""ncnn models made by hand, in the ways that its converters write them."""

import struct
from pathlib import Path
from typing import Any

import numpy as np

TAGS = {"float32": 0, "float16": 0x01306B47, "int8": 0x000D4B38, "scaled": 0x0002C056}


class NcnnWriter:
    """Collects layers and their numbers."""

    def __init__(self, dtype: str = "float32", fused: bool = True) -> None:
        self.lines: list[str] = []
        self.data = b""
        self.tensors: list[np.ndarray] = []
        self.dtype = dtype
        self.fused = fused
        self.generator = np.random.default_rng(0)
        self._blobs = 0
        self.layer("Input", [], blob="data")

    def split(self, blob: str) -> tuple[str, str]:
        """Say that a blob is read twice, as all converters do."""
        one, two = f"{blob}_0", f"{blob}_1"
        self._blobs += 2
        self.lines.append(f"Split split_{self._blobs} 1 2 {blob} {one} {two}")
        return one, two

    def layer(
        self, kind: str, inputs: list[str], numbers: str = "", blob: str = ""
    ) -> str:
        self._blobs += 1
        name = f"{kind}_{self._blobs}"
        blob = blob or str(self._blobs)
        line = [kind, name, str(len(inputs)), "1", *inputs, blob, numbers]
        self.lines.append(" ".join(line).strip())
        return blob

    def convolution(
        self,
        blob: str,
        width: int,
        out: int,
        slope: float | None = None,
        more: str = "",
    ) -> str:
        weights = self._numbers((out, width, 3, 3))
        if self.dtype == "float16":
            weights = weights.astype(np.float16)
        raw = weights.tobytes()
        tag = struct.pack("<I", TAGS[self.dtype])
        bias = self._numbers((out,))
        self.data += tag + raw + b"\0" * (-len(raw) % 4) + bias.tobytes()
        self.tensors += [weights.astype(np.float32), bias]
        numbers = f"0={out} 1=3 4=1 5=1 6={weights.size}{more}"
        if slope is not None and self.fused:
            return self.layer(
                "Convolution", [blob], f"{numbers} 9=2 -23310=1,{slope:.6e}"
            )
        result = self.layer("Convolution", [blob], numbers)
        if slope is None:
            return result
        return self.layer("ReLU", [result], f"0={slope:.6e}")

    def prelu(self, blob: str, width: int) -> str:
        slopes = self._numbers((width,))
        self.data += slopes.tobytes()
        self.tensors.append(slopes)
        return self.layer("PReLU", [blob], f"0={width}")

    def weighted(self, blob: str, to: str, weight: float = 0.2) -> str:
        if self.fused:
            numbers = f"0=1 -23301=2,{weight:.6e},1.000000e+00"
            return self.layer("Eltwise", [blob, to], numbers)
        scaled = self.layer("BinaryOp", [blob], f"0=2 1=1 2={weight:.6e}")
        return self.layer("BinaryOp", [scaled, to], "0=0")

    def nearest(self, blob: str, scale: int) -> str:
        return self.layer("Interp", [blob], f"0=1 1={scale:.6e} 2={scale:.6e}")

    def save(self, folder: Path, name: str = "net") -> Path:
        """Write both files, and return the path of the text."""
        head = f"7767517\n{len(self.lines)} {self._blobs}\n"
        path = folder / f"{name}.param"
        path.write_text(head + "\n".join(self.lines) + "\n", encoding="utf-8")
        path.with_suffix(".bin").write_bytes(self.data)
        return path

    def _numbers(self, shape: tuple[int, ...]) -> Any:
        return self.generator.standard_normal(shape, dtype=np.float32)


def compact(writer: NcnnWriter, scale: int = 2, width: int = 8, depth: int = 2) -> None:
    """Write a Compact network."""
    base, blob = writer.split("data")
    channels = 3
    for _ in range(depth + 1):
        blob = writer.prelu(writer.convolution(blob, channels, width), width)
        channels = width
    blob = writer.convolution(blob, width, 3 * scale**2)
    blob = writer.layer("PixelShuffle", [blob], f"0={scale}")
    base = writer.nearest(base, scale) if scale > 1 else base
    writer.layer("BinaryOp", [blob, base], "0=0", blob="output")


def rrdb(
    writer: NcnnWriter,
    ups: int = 2,
    blocks: int = 1,
    width: int = 8,
    unshuffle: int = 0,
    residual: float = 0.2,
    slope: float = 0.2,
) -> None:
    """Write an RRDBNet."""
    blob, channels, grow = "data", 3, 4
    if unshuffle:
        blob = writer.layer("Reorg", [blob], f"0={unshuffle} 1=0")
        channels *= unshuffle**2
    blob = first = writer.convolution(blob, channels, width)
    for _ in range(blocks):
        start = blob
        for _ in range(3):
            inner, dense = blob, [blob]
            for index in range(4):
                joined = writer.layer("Concat", dense, "0=0") if index else blob
                wide = width + index * grow
                dense.append(writer.convolution(joined, wide, grow, slope))
            joined = writer.layer("Concat", dense, "0=0")
            result = writer.convolution(joined, width + 4 * grow, width)
            blob = writer.weighted(result, inner, residual)
        blob = writer.weighted(blob, start)
    blob = writer.convolution(blob, width, width)
    blob = writer.layer("BinaryOp", [first, blob], "0=0")
    for _ in range(ups):
        blob = writer.convolution(writer.nearest(blob, 2), width, width, slope)
    blob = writer.convolution(blob, width, width, slope)
    writer.convolution(blob, width, 3)
