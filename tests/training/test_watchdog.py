"""Every alarm, made by really provoking it, and what a run does about it."""

import html
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from imgan.config import Recipe
from imgan.config import validate_recipe
from imgan.config.recipe import WatchdogConfig
from imgan.config.super_resolution import GateConfig
from imgan.errors import TrainingError
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import open_run
from imgan.training.symptoms import SYMPTOMS
from imgan.training.train import train
from imgan.training.watchdog import Alarm
from imgan.training.watchdog import Watchdog
from tests.marks import slow
from tests.marks import thorough
from tests.training.conftest import assert_same_end
from tests.training.conftest import gan_recipe

LOOKS = {
    "steps": 40,
    "log_every": 2,
    "validate_every": 4,
    "checkpoint_every": 4,
    "watchdog": {"patience": 2, "grace_steps": 8, "rollbacks": 1},
}


def provoke(recipe: Recipe, folder: Path) -> tuple[RunFolder, str]:
    """Train until the run gives up; return its folder and its last words."""
    run = open_run(recipe, folder)
    with pytest.raises(TrainingError) as caught:
        train(recipe, run)
    return run, str(caught.value)


def alarms(run: RunFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.alarms.read_text().splitlines()]


def check_told(run: RunFolder, message: str, kind: str, log: str, times: int) -> None:
    """The alarm stands in the log, in `alarms.jsonl` and on the page, with advice."""
    name, symptom = kind.replace("_", " "), SYMPTOMS[kind]
    told = alarms(run)
    assert [alarm["kind"] for alarm in told] == [kind] * times
    last = told[-1]
    assert last["action"] == "stops"
    page = html.unescape(run.report.read_text(encoding="utf-8"))
    assert f"<b>Step {last['step']}, {name}:</b>" in page
    assert symptom.advice in page
    assert f"step {last['step']}: {name}: {symptom.meaning}" in log
    assert symptom.advice in log
    assert message.startswith(f"step {last['step']}: {name}: {symptom.meaning}")
    assert "\n" not in message
    assert str(run.report) in message


@pytest.mark.parametrize(
    ("family", "rate"), [slow("dcgan", 1e38), ("gan", 1e38), slow("wgan_gp", 1e6)]
)
def test_a_learning_rate_far_too_high_is_not_finite(
    family: str, rate: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    optimizer = {"kind": "sgd", "learning_rate": rate}
    recipe = gan_recipe(
        family, training={**LOOKS, "discriminator_optimizer": optimizer}
    )
    run, message = provoke(recipe, tmp_path / "run")
    check_told(run, message, "not_finite", caplog.text, times=2)
    assert "Going back 1 times with lower learning rates did not help" in message


@pytest.mark.parametrize("family", [slow("gan"), "dcgan", slow("cgan")])
def test_a_frozen_generator_is_dead(
    family: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frozen = {"learning_rate": 0.0}
    recipe = gan_recipe(family, training={**LOOKS, "generator_optimizer": frozen})
    run, message = provoke(recipe, tmp_path / "run")
    check_told(run, message, "dead_generator", caplog.text, times=2)


@pytest.mark.slow
def test_a_discriminator_that_is_never_wrong_wins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = gan_recipe(
        "dcgan",
        discriminator={"normalization": "none"},
        data={"batch_size": 32},
        training={
            **LOOKS,
            "steps": 80,
            "watchdog": {"patience": 2, "grace_steps": 32, "rollbacks": 1},
            "generator_optimizer": {"learning_rate": 1e-5},
            "discriminator_optimizer": {"learning_rate": 5e-3},
        },
    )
    run, message = provoke(recipe, tmp_path / "run")
    check_told(run, message, "discriminator_wins", caplog.text, times=2)
    assert "accuracy 1.0000 on real, 1.0000 on generated pictures" in message


def test_a_generator_that_draws_one_picture_has_collapsed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its few units turn one latent into hardly anything but a bias.

    A slow discriminator has not learned to tell its pictures from real ones.
    """
    recipe = gan_recipe(
        "gan",
        generator={"latent_dim": 1, "hidden_units": [4]},
        training={
            **LOOKS,
            "discriminator_optimizer": {"learning_rate": 1e-6},
        },
    )
    run, message = provoke(recipe, tmp_path / "run")
    check_told(run, message, "collapse", caplog.text, times=2)


@pytest.mark.parametrize(
    "family", [slow("gan"), *map(thorough, ("cgan", "dcgan", "wgan_gp"))]
)
def test_a_run_in_balance_raises_no_alarm(family: str, tmp_path: Path) -> None:
    """Early on `cgan`'s discriminator is always right, and `gan`'s samples are alike.

    Both come right by themselves, in some 400 steps.
    """
    training = {
        "steps": 600,
        "log_every": 10,
        "validate_every": 100,
        "checkpoint_every": 100,
        "generator_optimizer": {"learning_rate": 1e-3},
        "discriminator_optimizer": {"learning_rate": 1e-3},
        "watchdog": {"grace_steps": 100},
    }
    wide = {
        "generator": {"hidden_units": [64]},
        "discriminator": {"hidden_units": [32]},
    }
    recipe = gan_recipe(
        family,
        data={"batch_size": 32},
        training=training,
        **(wide if family == "gan" else {}),
    )
    run = open_run(recipe, tmp_path / "run")
    train(recipe, run)
    assert not run.alarms.exists()


def watchdog(steps: int = 10_000) -> Watchdog:
    return Watchdog(WatchdogConfig(patience=3, grace_steps=500), steps)


def look_often(
    dog: Watchdog, diversities: list[float], every: int = 500
) -> list[Alarm | None]:
    return [
        dog.look(every * number, {"diversity": diversity})
        for number, diversity in enumerate(diversities, 1)
    ]


def test_samples_that_begin_alike_and_come_apart_are_no_collapse() -> None:
    growing = [0.01, 0.02, 0.04, 0.08, 0.12, 0.14, 0.3, 0.9]
    assert look_often(watchdog(), growing) == [None] * 8
    fallen = look_often(watchdog(), [0.9, 0.8, 0.1, 0.09, 0.095])
    assert fallen[:4] == [None] * 4
    assert fallen[4] is not None
    assert (fallen[4].step, fallen[4].kind) == (2500, "collapse")


def test_a_discriminator_that_is_right_while_samples_come_apart_does_not_win() -> None:
    dog = watchdog()
    sure = {"discriminator_real_accuracy": 1.0, "discriminator_fake_accuracy": 1.0}
    alarms: list[Alarm | None] = []
    for number, diversity in enumerate([0.2, 0.4, 0.5, 0.6, 0.8, 0.8, 0.8, 0.8], 1):
        dog.observe(sure, 100)
        alarms.append(dog.look(500 * number, {"diversity": diversity}))
    assert alarms[:7] == [None] * 7
    assert alarms[7] is not None
    assert alarms[7].kind == "discriminator_wins"


def test_one_look_without_the_symptom_ends_the_streak() -> None:
    looks = [0.1, 0.1, 0.1, 0.5, 0.1, 0.1, 0.5]
    assert look_often(watchdog(), looks) == [None] * 7


def test_accuracies_count_over_all_steps_between_two_looks() -> None:
    """Ten steps without an error after 90 with some are 0.99 on average."""
    dog = watchdog()
    sure = {"discriminator_real_accuracy": 1.0, "discriminator_fake_accuracy": 1.0}
    for number in range(1, 6):
        dog.observe({**sure, "discriminator_fake_accuracy": 0.985}, 90)
        dog.observe(sure, 10)
        assert dog.look(500 * number, {}) is None
        assert not dog.suspicious
    for number in range(6, 9):
        dog.observe(sure, 100)
        alarm = dog.look(500 * number, {})
    assert alarm is not None
    assert alarm.kind == "discriminator_wins"


def test_gradients_that_explode_are_an_alarm_though_samples_come_apart() -> None:
    """A DCGAN at a hundred times its learning rate stays at 1e5 and more, finite."""
    dog = watchdog()
    alarms = []
    for number, norm in enumerate((50.0, 6e8, 9e5, 50.0, 1.3e5, 1.6e5, 2.3e5), 1):
        dog.observe({"discriminator_gradient_norm": norm}, 100)
        alarms.append(dog.look(500 * number, {"diversity": 0.1 * number}))
    assert alarms[:6] == [None] * 6
    assert alarms[6] is not None
    assert alarms[6].kind == "explosion"
    assert "discriminator_gradient_norm 2.3e+05" in alarms[6].found


def test_a_schedule_that_ends_at_zero_kills_no_generator() -> None:
    dog = watchdog(steps=10_000)
    for step in range(9_000, 10_001, 100):
        change = 0.0 if step > 9_400 else 1e-3 * step
        assert dog.look(step, {}, [1.0, 2.0 + change, 4.0]) is None
    dog = watchdog(steps=100_000)
    found = [dog.look(step, {}, [1.0, 2.0]) for step in range(9_000, 9_401, 100)]
    assert [alarm.kind for alarm in found if alarm] == ["dead_generator"] * 2


def test_a_state_survives_a_checkpoint() -> None:
    dog = watchdog()
    dog.observe({"discriminator_real_accuracy": 0.1 + 0.2}, 7)
    dog.look(600, {"diversity": 0.1 / 3}, [0.1, 0.7])
    dog.observe({"discriminator_real_accuracy": 1 / 3}, 3)
    dog.state.alarms.append(Alarm(5, "collapse", "so", "goes back"))
    twin = watchdog()
    twin.restore(json.loads(json.dumps(dog.notes())))
    assert twin.state == dog.state


def test_nothing_but_finite_numbers_counts_when_it_is_off() -> None:
    config = WatchdogConfig(enabled=False, patience=1, grace_steps=0)
    dog = Watchdog(config, 1000)
    assert look_often(dog, [0.5, 0.1, 0.1]) == [None] * 3
    alarm = dog.check_finite(5, {"generator_loss": float("inf")})
    assert alarm is not None
    assert alarm.kind == "not_finite"
    assert "generator_loss" in alarm.found


def test_a_run_that_going_back_helps_ends_well(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caplog.at_level(logging.INFO):
        run = forced(tmp_path / "run", monkeypatch, [10])
    assert "going back to step 8 with learning rates times 0.5" in caplog.text
    (alarm,) = alarms(run)
    assert (alarm["step"], alarm["kind"]) == (10, "collapse")
    assert alarm["action"] == "goes back to the last good checkpoint"
    page = run.report.read_text(encoding="utf-8")
    assert "finished" in page
    assert "1 alarm of the watchdog" in page


@pytest.mark.slow
def test_what_did_not_help_once_is_not_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caplog.at_level(logging.INFO):
        run = forced(tmp_path / "run", monkeypatch, [10, 10])
    assert "going back to step 8 with learning rates times 0.5" in caplog.text
    assert "going back to step 4 with learning rates times 0.25" in caplog.text
    assert [alarm["step"] for alarm in alarms(run)] == [10, 10]


@pytest.mark.slow
@pytest.mark.parametrize("stop", [(2, 9), thorough((1, 11))])
def test_a_run_killed_after_it_went_back_ends_the_same(
    stop: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = forced(tmp_path / "undisturbed", monkeypatch, [10])
    disturbed = tmp_path / "disturbed"
    with pytest.raises(KeyboardInterrupt):
        forced(disturbed, monkeypatch, [10], stop=stop)
    # The alarm is past: it must not be needed to go back again.
    resumed = forced(disturbed, monkeypatch, [])
    assert_same_end(resumed, undisturbed)
    assert alarms(resumed) == alarms(undisturbed)


def forced(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[int],
    *,
    stop: tuple[int, int] | None = None,
) -> RunFolder:
    """Train with an alarm at each of some steps, once; stop at a step's nth time."""
    left = list(steps)

    def look(self: Watchdog, step: int, *_: Any) -> Alarm | None:
        if left and step == left[0]:
            return Alarm(left.pop(0), "collapse", "as the test wants it")
        return None

    seen: list[int] = []

    def progress(done: int, *_: Any) -> None:
        seen.append(done)
        if stop and done == stop[1] and seen.count(done) == stop[0]:
            raise KeyboardInterrupt

    training = {
        "steps": 16,
        "validate_every": 5,
        "generator_optimizer": {"learning_rate": 1e-2},
    }
    recipe = gan_recipe("gan", training=training)
    run = open_run(recipe, folder)
    with monkeypatch.context() as patch:
        patch.setattr(Watchdog, "look", look)
        train(recipe, run, progress=progress)
    return run


# What a validator says of a network that does well on held-out pairs.
WELL = {"gain_over_bicubic": 0.5, "contrast": 0.98, "tint": 0.3}


def look_at_pairs(gate: GateConfig, *looks: dict[str, float]) -> list[str]:
    """Return the kind of alarm at each look, or nothing."""
    dog = Watchdog(WatchdogConfig(patience=2, grace_steps=500), 10_000, gate)
    alarms = [dog.look(500 * n, {**WELL, **one}) for n, one in enumerate(looks, 1)]
    return [alarm.kind if alarm else "" for alarm in alarms]


def test_grey_tinted_and_worse_than_bicubic_are_alarms() -> None:
    gate = GateConfig(bicubic_margin=0.5, color_drift=3.0)
    grey, tinted = {"contrast": 0.3}, {"tint": 3.1}
    worse = {"gain_over_bicubic": -0.6}
    assert look_at_pairs(gate, {}, grey, grey) == ["", "", "grey_output"]
    assert look_at_pairs(gate, {}, tinted, tinted) == ["", "", "color_drift"]
    assert look_at_pairs(gate, {}, worse, worse) == ["", "", "worse_than_bicubic"]
    assert look_at_pairs(gate, {}, grey, {}, grey, {"tint": 2.9}) == [""] * 5
    assert look_at_pairs(gate, *[{"gain_over_bicubic": -0.4}] * 4) == [""] * 4


def test_a_network_on_its_way_is_not_yet_judged_by_bicubic() -> None:
    rising = [{"gain_over_bicubic": -9.0 + n, "contrast": 0.1} for n in range(6)]
    assert look_at_pairs(GateConfig(), *rising) == [""] * 6
    stuck = [*rising, rising[-1], rising[-1]]
    assert look_at_pairs(GateConfig(), *stuck)[-1] == "grey_output"


def test_a_network_of_translation_is_on_its_way_while_psnr_rises() -> None:
    """There is no bicubic enlargement that it could be compared with."""
    looks = [{"psnr": 9.0 + n, "contrast": 0.1} for n in range(4)]
    dog = Watchdog(WatchdogConfig(patience=2, grace_steps=500), 10_000, GateConfig())
    alarms = [dog.look(500 * n, one) for n, one in enumerate([*looks, *looks[-2:]], 1)]
    assert alarms[:5] == [None] * 5
    assert alarms[5] is not None
    assert alarms[5].kind == "grey_output"


@pytest.mark.parametrize("gate", [None, GateConfig()])
def test_where_content_teaches_a_discriminator_may_win(gate: GateConfig | None) -> None:
    """With held-out pairs and without, however long it lasts."""
    sure = {"discriminator_real_accuracy": 1.0, "discriminator_fake_accuracy": 1.0}
    config = WatchdogConfig(patience=1, grace_steps=0)
    for teaches, kind in ((False, "discriminator_wins"), (True, "")):
        dog = Watchdog(config, 1000, gate, content_teaches=teaches)
        for step in (100, 200):
            dog.observe(sure, 10)
            alarm = dog.look(step, WELL)
            assert (alarm.kind if alarm else "") == kind


def test_a_network_that_loses_to_bicubic_goes_back_and_then_stops(
    experiment: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At a learning rate of zero it stays as random as it was."""
    training = {
        **experiment["training"],
        "validate_every": 2,
        "learning_rate": 1e-12,
        "watchdog": {"patience": 2, "grace_steps": 2, "rollbacks": 1},
        "gate": {"bicubic_margin": 0.0},
    }
    recipe = validate_recipe({**experiment, "training": training})
    run, message = provoke(recipe, tmp_path / "run")
    check_told(run, message, "worse_than_bicubic", caplog.text, times=2)
    assert "`imgan check`" in message
    assert run.log.read_text(encoding="utf-8").endswith(f" {message}\n")
