"""What is said of a run at its end."""

import pytest

from imgan.config.srgan import AdversarialGateConfig
from imgan.config.super_resolution import GateConfig
from imgan.training.gate import Gate
from imgan.training.verdict import Verdict
from imgan.training.verdict import verdict


def scores(value: float, bicubic: float) -> dict[str, float]:
    return {"psnr_y": value, "gain_over_bicubic": value - bicubic}


def test_the_verdict_names_gains_pictures_and_the_kept_step() -> None:
    gate = Gate(GateConfig())
    gate.begin(scores(25.82, 25.8))
    gate.observe(0, gate.compared(scores(25.82, 25.8)))
    gate.observe(4000, gate.compared(scores(26.62, 25.8)))
    gate.observe(6000, gate.compared(scores(26.5, 25.8)))
    line, warnings = verdict(gate, steps=6000, pictures=6, start="x4")
    assert line == (
        "+0.82 dB over bicubic, +0.80 dB over x4 on 6 held-out pictures; kept step "
        "4,000 of 6,000"
    )
    assert warnings == []


def test_the_verdict_says_why_a_run_has_ended_early() -> None:
    gate = Gate(GateConfig(early_stop=2))
    for step in (100, 200, 300):
        gate.observe(step, scores(26.0, 25.8))
    gate.state.stopped = True
    line, _ = verdict(gate, steps=1000, pictures=1, start=None)
    assert line == (
        "+0.20 dB over bicubic on 1 held-out picture; kept step 100 of 1,000, stopped "
        "at step 300 after 2 looks without a gain of 0.01 dB"
    )


def test_translation_is_compared_with_nothing_but_its_start() -> None:
    """What the identity scores says little of most tasks."""
    config = AdversarialGateConfig()
    gate = Gate(config)
    gate.observe(100, {"psnr": 21.5, "l1": 0.1})
    gate.observe(200, {"psnr": 21.456, "l1": 0.1})
    line, warnings = verdict(gate, steps=200, pictures=3, start=None)
    assert line == "21.46 dB PSNR on 3 held-out pictures; kept step 200 of 200"
    assert warnings == []
    gate = Gate(config)
    gate.begin({"psnr": 20.0})
    gate.observe(0, gate.compared({"psnr": 20.0}))
    gate.observe(200, gate.compared({"psnr": 21.0}))
    line, _ = verdict(gate, steps=200, pictures=3, start="mine")
    assert line == "+1.00 dB over mine on 3 held-out pictures; kept step 200 of 200"


def test_a_run_that_gained_nothing_is_warned_of() -> None:
    gate = Gate(GateConfig())
    gate.begin(scores(25.0, 25.8))
    gate.observe(0, gate.compared(scores(25.0, 25.8)))
    gate.observe(100, scores(24.0, 25.8))
    line, warnings = verdict(gate, steps=100, pictures=2, start="x4")
    assert line == (
        "-0.80 dB over bicubic, +0.00 dB over x4 on 2 held-out pictures; kept step 0 "
        "of 100"
    )
    assert len(warnings) == 2
    assert "better than the model it began with, x4" in warnings[0]
    assert "further from the truth than bicubic" in warnings[1]


def ended(
    config: GateConfig, *decibels: float, start: str | None = None, tint: float = 0.0
) -> Verdict:
    """Return the verdict on looks at 26 dB of bicubic, the first that of the start."""
    gate = Gate(config)
    if start:
        gate.begin(scores(decibels[0], 26.0))
    for number, value in enumerate(decibels, 0 if start else 1):
        found = gate.compared(scores(value, 26.0))
        gate.observe(100 * number, found, tint=tint)
    return verdict(gate, steps=500, pictures=2, start=start)


def test_a_run_from_scratch_that_still_rises_is_told_to_go_on() -> None:
    config = GateConfig()
    for looks in ((12.0,), (12.0, 18.0, 25.9)):
        (warning,) = ended(config, *looks).warnings
        assert warning.endswith(
            "bicubic enlargement. It was still getting closer: train longer."
        )
    (warning,) = ended(config, 12.0, 18.0, 17.0).warnings
    assert warning.endswith("Look at the pairs with `imgan check`.")
    assert ended(config, 12.0, 26.1, 26.0) == (
        "+0.10 dB over bicubic on 2 held-out pictures; kept step 200 of 500",
        [],
    )


def test_the_last_look_may_be_worse_than_the_start() -> None:
    line, warnings = ended(GateConfig(keep_best=False), 28.0, 27.5, start="x4")
    assert line.endswith(
        "-0.50 dB over x4 on 2 held-out pictures; kept step 100 of 500"
    )
    (warning,) = warnings
    assert "the one it began with, x4. Set training.gate.keep_best=true" in warning


@pytest.mark.parametrize(
    ("looks", "start", "lower"),
    [
        ((28.0, 27.5), "x4", "x4"),
        ((28.0, 27.99), "x4", "x4"),
        ((26.5, 25.5), "x4", "bicubic and x4"),
        ((26.5, 27.0, 25.5), "x4", "bicubic, x4 and step 100"),
        ((24.0, 25.5), None, "bicubic"),
        ((27.0, 26.5), None, "step 100"),
    ],
)
def test_decibels_that_were_traded_for_detail_are_told(
    looks: tuple[float, ...], start: str | None, lower: str
) -> None:
    line, warnings = ended(AdversarialGateConfig(), *looks, start=start)
    assert line.partition(". ")[2] == (
        f"It scores lower than {lower}: adversarial losses trade decibels for detail, "
        "so look at the samples; training.gate.keep_best=true keeps the best by PSNR"
    )
    assert warnings == []


def test_nothing_is_said_of_healthy_adversarial_runs() -> None:
    for looks, start in (((26.5, 26.45), None), ((26.5, 26.6), "x4")):
        line, warnings = ended(AdversarialGateConfig(), *looks, start=start)
        assert line.endswith("; kept step 200 of 500" if not start else "100 of 500")
        assert warnings == []
    # Beyond the margin something is wrong.
    line, warnings = ended(AdversarialGateConfig(), 23.5, 22.5)
    assert "bicubic and" not in line
    assert len(warnings) == 1


def test_a_tint_at_the_end_is_told() -> None:
    """Short runs end before the watchdog speaks."""
    assert ended(GateConfig(), 27.0, tint=2.9).warnings == []
    (warning,) = ended(GateConfig(), 27.0, tint=7.25).warnings
    assert "another mean colour" in warning
    assert "(7.2 levels of 255, training.gate.color_drift allows 3)" in warning
    last = GateConfig(keep_best=False, color_drift=8.0)
    assert ended(last, 27.0, tint=7.25).warnings == []
