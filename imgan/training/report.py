"""One page about a run, readable without a server."""

import base64
import html
import logging
import time
from collections.abc import Iterable
from importlib.resources import files
from string import Template
from typing import Any

from imgan.bundles.card import Score
from imgan.bundles.card import read_card
from imgan.errors import CheckpointError
from imgan.io.temporaries import write_text
from imgan.training.report_charts import chart
from imgan.training.report_charts import number
from imgan.training.report_data import Sample
from imgan.training.report_data import read_lines
from imgan.training.report_data import read_samples
from imgan.training.report_data import read_series
from imgan.training.report_data import read_table
from imgan.training.report_data import training_seconds
from imgan.training.run_folder import RunFolder
from imgan.training.symptoms import SYMPTOMS

# Sheets narrower than this are enlarged in the browser, with hard edges.
_SMALL = 400

# Lines of a recipe that say nothing: claims about data that it does not use any more.
_UNSAID = ("description: ''", "licence: ''", "data_credits: []")

_STATUS = {
    "finished": "finished",
    "failed": "failed",
    "unfinished": "running, or interrupted",
}


def write_report(run: RunFolder, failure: str | None = None) -> None:
    """Write `report.html`, one file that holds everything it shows.

    Whatever the run folder lacks, the page leaves out. A disk that refuses the page is
    no reason for a run to fail, or to hide why it failed: that is logged.

    Args:
        run: The run folder.
        failure: Why the run stopped before its end.
    """
    try:
        write_text(run.report, render_report(run, failure))
    except OSError as error:
        log = logging.getLogger(__name__)
        log.warning("%s cannot be written: %s", run.report, error.strerror)


def render_report(run: RunFolder, failure: str | None = None) -> str:
    """Return the page as HTML without any reference to another file."""
    rows, alarms = read_lines(run.metrics), read_lines(run.alarms)
    recipe, samples = read_table(run.recipe), read_samples(run)
    title = str(recipe.get("name") or run.path.resolve().name)
    parts = [
        _head(run, title, recipe, rows, samples, failure),
        _failure(failure),
        _verdict(rows),
        _alarms(alarms),
        _charts(rows, [int(alarm["step"]) for alarm in alarms]),
        _samples(samples),
        _scores(run),
        _recipe(run),
        _section("Environment", "", [_table(read_table(run.environment))]),
        f'<footer class="soft">Written {time.strftime("%Y-%m-%d %H:%M")} from '
        f"{html.escape(str(run.path))}: numbers are in {run.metrics.name}, what "
        f"happened is in {run.log.name}.</footer>",
    ]
    template = files("imgan.training").joinpath("report.html.template")
    return Template(template.read_text(encoding="utf-8")).substitute(
        title=html.escape(f"{title}: imgan run"), body="\n".join(filter(None, parts))
    )


def _head(
    run: RunFolder,
    title: str,
    recipe: dict[str, Any],
    rows: list[dict[str, Any]],
    samples: list[Sample],
    failure: str | None,
) -> str:
    status = "failed" if failure else "finished" if run.finished else "unfinished"
    training = recipe.get("training")
    steps = training.get("steps") if isinstance(training, dict) else None
    step = max([row["step"] for row in rows] + [one.step for one in samples] + [0])
    facts = {
        "Family": html.escape(str(recipe.get("family", ""))),
        "Status": f'<span class="{status}">{_STATUS[status]}</span>',
        "Step": f"{step:,.0f}" + (f" of {steps:,}" if isinstance(steps, int) else ""),
        "Time of training": _duration(training_seconds(rows)),
        "Seed": html.escape(str(recipe.get("seed", ""))),
    }
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{value}</dd></div>"
        for name, value in facts.items()
        if value
    )
    about = html.escape(str(recipe.get("description") or ""))
    return (
        f"<header><h1>{html.escape(title)}</h1>"
        + (f'<p class="soft">{about}</p>' if about else "")
        + f'<dl class="facts">{cells}</dl></header>'
    )


def _failure(failure: str | None) -> str:
    if not failure:
        return ""
    return (
        '<section class="trouble" id="failure"><h2>The run has failed</h2>'
        f"<p>{html.escape(failure)}</p></section>"
    )


def _verdict(rows: list[dict[str, Any]]) -> str:
    found = [row for row in rows if isinstance(row.get("verdict"), str)]
    if not found:
        return ""
    line, warnings = found[-1]["verdict"], found[-1].get("warnings")
    warned = "".join(
        f"<p>{html.escape(str(warning))}</p>"
        for warning in (warnings if isinstance(warnings, list) else ())
    )
    kind = "verdict trouble" if warned else "verdict"
    return (
        f'<section class="{kind}" id="verdict"><p><b>{html.escape(line)}</b></p>'
        f"{warned}</section>"
    )


def _alarms(alarms: list[dict[str, Any]]) -> str:
    if not alarms:
        return ""
    items = "".join(f"<li>{_alarm(alarm)}</li>" for alarm in alarms)
    count = "1 alarm" if len(alarms) == 1 else f"{len(alarms)} alarms"
    return (
        f'<section class="trouble" id="alarms"><h2>{count} of the watchdog</h2>'
        f"<ol>{items}</ol></section>"
    )


def _alarm(alarm: dict[str, Any]) -> str:
    def told(key: str) -> str:
        return html.escape(str(alarm.get(key) or ""))

    symptom = SYMPTOMS.get(str(alarm.get("kind")))
    if symptom is None:
        return told("message") or told("kind")
    action = told("action")
    return (
        f"<b>Step {alarm['step']:,.0f}, {told('kind').replace('_', ' ')}:</b> "
        f"{html.escape(symptom.meaning)} ({told('found')})."
        + (f" The run {action}." if action else "")
        + f"<br><b>What to try:</b> {html.escape(symptom.advice)}"
    )


def _charts(rows: list[dict[str, Any]], alarms: list[int]) -> str:
    charts = read_series(rows)
    figures = [chart(title, curves, alarms) for title, curves in charts.items()]
    return _section("Curves", "charts", figures)


def _samples(samples: list[Sample]) -> str:
    large = any(sample.width >= _SMALL for sample in samples)
    kind = "samples large" if large else "samples"
    return _section("Samples", kind, map(_sample, samples))


def _sample(sample: Sample) -> str:
    data = base64.b64encode(sample.png).decode("ascii")
    small = ' class="small"' if sample.width < _SMALL else ""
    return (
        f"<figure><figcaption>Step {sample.step:,}</figcaption>"
        f'<img{small} width="{sample.width}" height="{sample.height}" '
        f'alt="Samples at step {sample.step}" src="data:image/png;base64,{data}">'
        "</figure>"
    )


def _scores(run: RunFolder) -> str:
    if not run.finished:
        return ""
    try:
        scores = read_card(run.bundle).metrics
    except CheckpointError as error:
        return _section("Scores", "", [f"<p>{html.escape(str(error))}</p>"])
    return _section("Scores", "", map(_score, scores))


def _score(score: Score) -> str:
    protocol = ", ".join(f"{key} {value}" for key, value in score.protocol.items())
    values = {key: number(value) for key, value in score.values.items()}
    return (
        f"<p><b>{html.escape(score.dataset)}</b> "
        f"<small>{html.escape(protocol)}</small></p>{_table(values)}"
    )


def _recipe(run: RunFolder) -> str:
    if not run.recipe.is_file():
        return ""
    lines = run.recipe.read_text(encoding="utf-8", errors="replace").splitlines()
    text = html.escape("\n".join(line for line in lines if line not in _UNSAID))
    return _section("Recipe", "", [f"<pre>{text}</pre>"])


def _table(values: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{html.escape(str(key))}</th><td>{html.escape(str(value))}</td></tr>"
        for key, value in values.items()
    )
    return f"<table>{rows}</table>" if rows else ""


def _section(title: str, kind: str, parts: Iterable[str]) -> str:
    content = "\n".join(filter(None, parts))
    if not content:
        return ""
    return (
        f'<section id="{title.lower()}"><h2>{title}</h2>'
        f'<div class="{kind}">{content}</div></section>'
    )


def _duration(seconds: float) -> str:
    if seconds < 0.5:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
