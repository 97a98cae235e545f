"""What is read without click means what click would have read."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity_lint import commands
from gravity_lint.cli import cli
from gravity_lint.commands import FLAGS, FORMAT, LISTS, Asked, plain

CHECK = cli.commands["check"]
OPTIONS = {name: parameter for parameter in CHECK.params for name in parameter.opts}
WORDS = st.one_of(st.sampled_from([*OPTIONS, "concise", "full", "json", "sarif:x", "json:", ":x", "-", "--", "-vf",
                                   "-fjson", "--select=GRV1", "GRV1,GRV2", "--verb", "--help", "always", "", "a b",
                                   "-1"]),
                  st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=5))


def clicked(words: list[str]) -> Asked | None:
    """What click makes of the words behind `check`; None where it has something else to say."""
    try:
        with CHECK.make_context("check", list(words)) as context:
            return Asked(**context.params)
    except (click.ClickException, click.exceptions.Exit):
        return None


def test_every_option_has_its_name() -> None:
    assert {parameter.name for parameter in CHECK.params} == set(Asked._fields) - {"stdin"}
    assert clicked([]) == Asked()


def test_plain_options_are_options() -> None:
    assert all(OPTIONS[name].is_flag for name in FLAGS)  # type: ignore[attr-defined]
    assert all(OPTIONS[name].name == field for name, field in (FLAGS | LISTS).items())
    assert all(OPTIONS[name].multiple for name in LISTS)  # type: ignore[attr-defined]
    assert {OPTIONS[name].name for name in FORMAT} == {"output_format"}
    assert all(OPTIONS[name].multiple for name in FORMAT)  # type: ignore[attr-defined]


@given(st.lists(WORDS, max_size=8))
def test_both_read_the_same(words: list[str]) -> None:
    found = plain(words)
    assert found is None or found == clicked(words)


@pytest.mark.parametrize("words", [
    [], ["a.py", "b.py"], ["--select", "GRV1", "a.py", "--select", "GRV2"], ["-f", "json", "-v", "--exit-zero"],
    ["--isolated", "--no-cache", "--statistics"], ["--ignore", "--isolated"], ["--output-format", "full", "services"],
    ["-f", "sarif:a b.sarif", "--output-format", "github"]])
def test_what_is_plain(words: list[str]) -> None:
    assert plain(words) == clicked(words)
    assert plain(words) is not None


@pytest.mark.parametrize("words", [["-"], ["--"], ["--help"], ["-h"], ["--select"], ["-f", "xml"], ["-f", "json:"],
                                   ["--color", "never"],
                                   ["-o", "x"], ["--stdin-filename", "x"], ["--config", "x"], ["--unknown"], ["-vv"]])
def test_what_is_left_to_click(words: list[str]) -> None:
    assert plain(words) is None


def test_a_mistake_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise commands.Mistake("cannot reach postgresql://u:hunter2@h/db")

    assert commands.guarded(fail) == commands.FAILED
    assert capsys.readouterr() == ("", "gravity-lint: cannot reach postgresql://u:***@h/db\n")
