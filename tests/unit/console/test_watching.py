"""Progress is told live to a terminal, and in plain lines to everybody else."""

import io

import pytest
from rich.console import Console

from console.watching import LiveProgress, PlainProgress, watch
from pipelines.pacing import Paced


def test_plain_lines_say_when_a_step_starts_finishes_or_is_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PlainProgress()
    progress.started("relate")
    progress.doing("relate", "reading the view")
    progress.finished("relate", 1.25, "3 created")
    progress.skipped("forecast", "12 rhythms")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "step relate started",
        "step relate: reading the view",
        "step relate finished in 1.2 s: 3 created",
        "step forecast skipped: 12 rhythms",
    ]


def test_elsewhere_than_on_a_terminal_a_step_says_what_it_is_at_once_a_second(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with watch() as progress:
        for number in range(100):
            progress.doing("relate", f"batch {number}")
        progress.finished("relate", 0.1, "done")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "step relate: batch 0"
    assert lines[-1] == "step relate finished in 0.1 s: done"
    assert len(lines) < 100


def test_a_line_is_passed_on_when_the_last_one_is_a_second_old() -> None:
    now = iter([0.0, 0.999, 1.0, 1.5, 1.6])
    page = io.StringIO()
    paced = Paced(PlainProgress(page), clock=lambda: next(now))
    for step, text in (("relate", "1"), ("relate", "2"), ("relate", "3"), ("project", "4"), ("relate", "5")):
        paced.doing(step, text)
    assert page.getvalue().splitlines() == ["step relate: 1", "step relate: 3", "step project: 4"]


def test_on_a_terminal_finished_steps_stay_and_their_text_is_no_markup() -> None:
    page = io.StringIO()
    console = Console(file=page, force_terminal=True, width=100, color_system=None)
    with LiveProgress(console) as progress:
        progress.started("relate")
        progress.doing("relate", "[bold]1 of 2[/bold]")
        progress.finished("relate", 2.0, "[red]3[/red] created")
        progress.skipped("forecast", "12 rhythms")
    text = page.getvalue()
    assert "✓ relate       2.0 s  [red]3[/red] created" in text
    assert "· forecast    before  12 rhythms" in text
