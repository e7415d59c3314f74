"""Check an export against a real TensorFlow Serving.

    python tools/check_serving.py served/
    python tools/check_serving.py served/ --server grpc://h:8500/x4 --rest http://h:8501

Starts the `tensorflow_model_server` on the PATH, or asks one that runs already. The
saved request goes through REST, the log is searched for the warm-up, and a picture
through gRPC and REST must equal what the SavedModel computes here, byte for byte. Says
so and exits with 2 where there is no server to ask.
"""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import requests
import typer

from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.export.serving_kit import FOLDER
from imgan.export.serving_kit import REQUEST_NAME
from imgan.export.serving_kit import served_name
from imgan.export.serving_kit import write_serving_kit
from imgan.inference.predictor import Predictor
from imgan.types import Array

BINARY = "tensorflow_model_server"
STARTED = "Successfully loaded servable version"
WARMED = "Finished reading warmup data"
PATIENCE = 120.0  # seconds


def main(export: Path, server: str | None = None, rest: str | None = None) -> None:
    """Check the export whose versions lie in a folder."""
    card = read_card(resolve(str(export)))
    if server and rest:
        check(export, card, server, rest)
        return
    binary = shutil.which(BINARY)
    if binary is None:
        print(
            f"Nothing was checked: there is no {BINARY} on the PATH, and no --server "
            "with --rest was given."
        )
        raise typer.Exit(2)
    with started(binary, export, served_name(card)) as (server, rest, log):
        check(export, card, server, rest)
        if WARMED not in log.read_text(errors="replace"):
            raise SystemExit(f"The server did not read the warm-up requests: {log}")
        print("warm-up: read by the server")


@contextlib.contextmanager
def started(binary: str, export: Path, name: str) -> Iterator[tuple[str, str, Path]]:
    """Run a server for an export; yield its addresses and its log."""
    grpc, rest = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = [binary, f"--port={grpc}", f"--rest_api_port={rest}"]
        command += [f"--model_name={name}", f"--model_base_path={export.resolve()}"]
        with log.open("wb") as file:
            process = subprocess.Popen(command, stdout=file, stderr=file)
        try:
            wait_for(STARTED, log, process)
            yield f"grpc://127.0.0.1:{grpc}/{name}", f"http://127.0.0.1:{rest}", log
        finally:
            process.terminate()
            process.wait()


def wait_for(line: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    """Return when a line is in the log."""
    end = time.monotonic() + PATIENCE
    while line not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"The server did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)


def free_port() -> int:
    """Return a port that nobody listens to now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def check(export: Path, card: Card, server: str, rest: str) -> None:
    """Ask a server in every way."""
    kit = export / FOLDER
    if not (kit / REQUEST_NAME).is_file():
        kit = write_serving_kit(export, card)
    name = served_name(card)
    body = (kit / REQUEST_NAME).read_bytes()
    answer = requests.post(f"{rest}/v1/models/{name}:predict", body, timeout=PATIENCE)
    answer.raise_for_status()
    describe(json.loads(answer.text))
    if card.task == "generation":
        return
    image = example(card)
    expected = Predictor.load(str(export))(image)
    for address in (server, f"{rest}/{name}"):
        made = Predictor.load(address)(image)
        if not np.array_equal(made, expected):
            raise SystemExit(f"{address} made another picture than {export}")
        print(f"{address.partition(':')[0]}: {made.shape}, as here")


def describe(answer: dict[str, object]) -> None:
    """Print what the saved request brought."""
    items = answer.get("predictions")
    if isinstance(items, list) and isinstance(items[0], dict):
        if items[0]["error"]:
            raise SystemExit(f"The saved request failed: {items[0]['error']}")
        size = len(base64.b64decode(items[0]["output_bytes"]["b64"]))
        print(f"saved request: a picture of {size:,} bytes")
    else:
        print("saved request: numbers")


def example(card: Card) -> Array:
    """Return a picture that the model takes, of a size that is no multiple."""
    shape = (card.tile + 37, card.tile // 2 + 21, card.input_channels or 1)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


if __name__ == "__main__":
    typer.run(main)
