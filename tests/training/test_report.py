"""The page is parsed as a browser would, from run folders in every state."""

import base64
import json
import logging
import math
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from imgan.bundles.card import Card
from imgan.bundles.card import NetworkSpec
from imgan.bundles.card import Score
from imgan.bundles.card import write_card
from imgan.training.report import write_report
from imgan.training.run_folder import RunFolder

VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Collects elements and text, and insists that elements are closed in order."""

    def __init__(self, run: RunFolder) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.source = run.report.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def find(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            found
            for name, found in self.elements
            if name == tag and wanted.items() <= found.items()
        ]

    def chart(self, title: str) -> str:
        """Return the SVG of a chart."""
        found = re.search(rf'<svg[^>]*aria-label="{title}">.*?</svg>', self.source)
        assert found, title
        return found[0]


def curves(chart: str) -> list[list[str]]:
    """Return the paths of each curve of a chart."""
    groups = re.findall(r'<g class="line.*?</g>', chart)
    return [re.findall(r' d="([^"]+)"', group) for group in groups]


def heights(path: str) -> list[float]:
    return [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A game of 40 log lines with an alarm, samples and a recipe."""
    run = RunFolder(tmp_path / "0001-digits")
    run.samples.mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    for step in range(100, 4001, 100):
        rows.append(
            {
                "step": step,
                "generator_loss": 1.0 + step / 4000,
                "discriminator_loss": 0.5,
                "discriminator_real_accuracy": 0.7,
                "discriminator_fake_accuracy": 0.8,
                "generator_gradient_norm": 10.0 ** (step / 1000),
                "discriminator_r1": 0.01,
                "augment_probability": 0.0,
                "seconds_per_step": 0.5,
            }
        )
        if step % 1000 == 0:
            rows.append({"step": step, "validation_diversity": 0.9})
    write_rows(run.metrics, rows)
    alarm = {
        "step": 3000,
        "kind": "collapse",
        "found": "samples are 0.1 <times>",
        "action": "goes back to the last good checkpoint",
        "message": "unused",
    }
    write_rows(run.alarms, [alarm])
    for step in range(100, 2001, 100):
        cv2.imwrite(
            str(run.sample_sheet(step)), np.full((8, 8), step // 10 % 256, np.uint8)
        )
    run.recipe.write_text(
        "name: digits\nfamily: cgan\ndescription: <b>R&D</b>\n"
        "training:\n  steps: 5000\n",
        encoding="utf-8",
    )
    run.environment.write_text('{"python": "3.12", "threads": 2}', encoding="utf-8")
    return run


def finish(run: RunFolder) -> None:
    run.bundle.mkdir()
    card = Card(
        imgan_version="0",
        name="digits",
        task="generation",
        family="cgan",
        network=NetworkSpec(path="a:B", config={}, parameters=1),
        scale=1,
        input_channels=1,
        output_channels=1,
        halo=None,
        metrics=[Score(dataset="held out", protocol={"n": 9}, values={"fid": 12.34})],
    )
    write_card(card, run.bundle)


def test_the_page_needs_no_other_file(run: RunFolder) -> None:
    write_report(run)
    page = Page(run)
    for tag, attributes in page.elements:
        assert tag not in {"script", "link", "iframe", "object"}
        for key in {"src", "href", "xlink:href", "srcset"} & set(attributes):
            assert attributes[key].startswith("data:image/png;base64,")
    assert not re.search(r"https?://|url\(|@import", page.source)
    assert [path.name for path in run.path.iterdir() if path.name[0] == "."] == []


def test_the_head_says_where_the_run_is(run: RunFolder) -> None:
    write_report(run)
    text = Page(run).text
    assert "4,000 of 5,000" in text
    assert "running, or interrupted" in text
    # 4000 steps of half a second.
    assert "33 min 20 s" in text
    finish(run)
    write_report(run)
    text = Page(run).text
    assert "interrupted" not in text
    assert "finished" in text
    assert "12.34" in text


def test_recipe_and_messages_are_escaped(run: RunFolder) -> None:
    write_report(run, failure="loss < 0 & <script>alert()</script>")
    page = Page(run)
    assert page.find("script") == []
    assert page.find("times") == []
    assert "loss < 0 & <script>alert()</script>" in page.text
    assert "description: <b>R&D</b>" in page.text
    assert page.find("span", **{"class": "failed"})


def test_claims_that_a_recipe_no_longer_makes_are_left_out(run: RunFolder) -> None:
    values = "name: a\ndescription: ''\ndata_credits: []\nlicence: ''\nseed: 3\n"
    run.recipe.write_text(values, encoding="utf-8")
    write_report(run)
    assert "name: a\nseed: 3" in Page(run).text


def test_curves_have_their_points_and_alarms_their_marks(run: RunFolder) -> None:
    write_report(run)
    page = Page(run)
    losses = page.chart("Losses")
    [rising], [level] = curves(losses)
    assert rising.count("L") == level.count("L") == 39
    # y points down.
    assert heights(rising) == sorted(heights(rising), reverse=True)
    assert len(set(heights(level))) == 1
    assert "alarm at step 3000" in losses
    assert "step 4,000: 2" in losses
    for title in ("Discriminator", "Gradient norms", "Penalties", "Seconds per step"):
        page.chart(title)
    assert page.source.count("log scale") == 1
    alarms = page.text[page.text.index("1 alarm") :]
    assert "Step 3,000, collapse:" in alarms
    assert "What to try: Lower both learning rates" in alarms
    assert "goes back to the last good checkpoint" in alarms


def test_first_last_and_some_samples_are_embedded(run: RunFolder) -> None:
    write_report(run)
    images = Page(run).find("img")
    assert len(images) == 8
    assert images[0]["alt"] == "Samples at step 100"
    assert images[-1]["alt"] == "Samples at step 2000"
    data = base64.b64decode(images[-1]["src"].partition(",")[2])
    assert data == run.sample_sheet(2000).read_bytes()


def test_values_that_are_not_finite_are_gaps(run: RunFolder) -> None:
    values = [1.0, 2.0, math.nan, 3.0, math.inf, 4.0, 5.0]
    rows = [{"step": n, "generator_loss": value} for n, value in enumerate(values)]
    write_rows(run.metrics, rows)
    write_report(run)
    losses = Page(run).chart("Losses")
    assert "nan" not in losses.lower()
    assert "inf" not in losses.lower()
    [[line]] = curves(losses)
    assert re.sub(r"[^ML]", "", line) == "MLMML"


def test_damaged_files_are_read_as_far_as_they_go(run: RunFolder) -> None:
    lines = ["{", '{"step": NaN}', '{"generator_loss": 1}', "[1]", '"text"', "\x00"]
    good = '{"step": 5, "generator_loss": 2, "text": "x", "list": [1], "yes": true}'
    run.metrics.write_text("\n".join([*lines, good, good[:20]]), encoding="utf-8")
    run.alarms.write_text('{"step": 5, "kind": "new", "message": "so"}\n{"st')
    run.recipe.write_text("{: broken", encoding="utf-8")
    run.environment.write_bytes(b"\xff\xfe")
    run.sample_sheet(100).write_bytes(b"\x89PNG")
    write_report(run)
    page = Page(run)
    assert "0001-digits" in page.text
    assert "{: broken" in page.text
    assert page.chart("Losses").count("<circle") == 1
    assert page.find("img")[0]["alt"] != "Samples at step 100"


def test_a_run_that_failed_at_once_has_a_page(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    write_report(run, failure="no pictures")
    page = Page(run)
    assert "no pictures" in page.text
    assert page.find("svg") == page.find("img") == page.find("h2", id="curves") == []


def test_a_long_run_is_thinned_without_losing_a_peak(run: RunFolder) -> None:
    rows = [{"step": n, "generator_loss": 1.0 + n % 2} for n in range(2000)]
    rows[777]["generator_loss"] = 9.0
    write_rows(run.metrics, rows)
    begun = time.perf_counter()
    write_report(run)
    assert time.perf_counter() - begun < 2
    [[noise, trend]] = curves(Page(run).chart("Losses"))
    assert 300 < noise.count("L") < 500
    assert trend.count("L") < 100
    assert min(heights(noise)) < min(heights(trend)) - 100


def test_a_disk_that_refuses_the_page_does_not_hide_the_failure(
    run: RunFolder, caplog: pytest.LogCaptureFixture
) -> None:
    run.report.mkdir()
    with caplog.at_level(logging.WARNING):
        write_report(run, failure="the disk is full")
    assert "report.html cannot be written" in caplog.text
    assert [path.name for path in run.path.iterdir() if path.name[0] == "."] == []


def test_the_verdict_and_the_gains_are_shown(run: RunFolder) -> None:
    rows: list[dict[str, Any]] = [
        {
            "step": step,
            "validation_gain_over_bicubic": 1e-3 * step - 1,
            "validation_gain_over_start": 1e-3 * step - 2,
        }
        for step in range(0, 4001, 1000)
    ]
    verdict = {"step": 4000, "kept_step": 3000, "verdict": "+2.00 dB over <bicubic>"}
    write_rows(run.metrics, [*rows, verdict])
    write_report(run)
    page = Page(run)
    gains = page.chart("Validation: gain, in dB")
    assert len(curves(gains)) == 2
    assert "step 4,000: 3" in gains
    assert "kept step" not in page.text
    assert page.find("section", id="verdict", **{"class": "verdict"})
    assert "+2.00 dB over <bicubic>" in page.text
    write_rows(run.metrics, [{**verdict, "warnings": ["not better than <it>"]}])
    write_report(run)
    page = Page(run)
    assert page.find("section", id="verdict", **{"class": "verdict trouble"})
    assert "not better than <it>" in page.text
