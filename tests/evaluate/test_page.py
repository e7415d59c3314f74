"""The page holds everything that it shows."""

import base64
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from imgan.errors import OutputError
from imgan.evaluate.page import render_page
from imgan.evaluate.page import write_page
from imgan.evaluate.translation_scores import Example
from imgan.evaluate.translation_scores import FeatureScores
from imgan.evaluate.translation_scores import PairResult
from imgan.evaluate.translation_scores import TranslationEvaluation
from imgan.evaluate.translation_scores import TranslationProtocol
from imgan.metrics.translation import PairScores

SCORES = PairScores(0.125, 21.5, None)


@pytest.fixture
def result() -> TranslationEvaluation:
    picture = np.full((8, 1024, 3), (200, 40, 0), np.uint8)
    return TranslationEvaluation(
        "runs/<day>",
        TranslationProtocol("combined", "a_to_b", 256, "picture"),
        (PairResult("one", SCORES, PairScores(0.5, 100.0, 0.25), None),),
        FeatureScores(12.5, 0.25, 0.01, "features & more", "a <note>"),
        (Example("<one>", "worst", SCORES, picture, picture[..., 0], picture),),
    )


def test_scores_and_names_are_written_out(result: TranslationEvaluation) -> None:
    page = render_page(result)
    rows = re.findall(r"<tr>(?:<td>([^<]*)</td>)(.*?)</tr>", page)
    cells = {name: re.findall(r"<td>([^<]*)</td>", rest) for name, rest in rows}
    assert cells == {
        "model": ["0.1250", "21.50", "\N{EN DASH}"],
        "identity": ["0.5000", "100.00", "0.2500"],
    }
    assert "on 1 pair<" in page
    assert "squeezed to 256x256" in page
    assert "FID 12.500" in page
    for escaped in ("&lt;day&gt;", "&lt;one&gt;", "features &amp; more", "a &lt;note"):
        assert escaped in page
    assert "<one>" not in page


def test_pictures_are_held_by_the_page_and_reduced(
    result: TranslationEvaluation,
) -> None:
    """Of 1,024 columns 512 are left; OpenCV reads blue first."""
    sources = re.findall(r'src="data:image/png;base64,([^"]+)"', render_page(result))
    pictures = [
        cv2.imdecode(
            np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_UNCHANGED
        )
        for data in sources
    ]
    assert [picture.shape for picture in pictures] == [
        (4, 512, 3),
        (4, 512),
        (4, 512, 3),
    ]
    assert pictures[0][2, 300].tolist() == [0, 40, 200]


def test_a_page_is_written_whole_or_not(
    result: TranslationEvaluation, tmp_path: Path
) -> None:
    write_page(result, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(OutputError, match="cannot be written"):
        write_page(result, tmp_path / "none" / "page.html")
