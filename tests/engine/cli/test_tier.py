"""`tito tier list` shows what is installed, and its JSON says the same."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

from support import Learner, edit, environment, install, project
from tito.workspace.find import read_workspace
from tito.workspace.lock import locked
from tito.workspace.tiers import set_tiers


def test_the_table_and_the_json_tell_the_same(learner: Learner) -> None:
    install(project("more-tier", learner.site.parent / "more"), learner.site)
    heads, *rows = (line.split() for line in learner.tito("tier", "list").out.splitlines())
    data = json.loads(learner.tito("tier", "list", "--json").out)
    assert heads == ["tier", "distribution", "version", "modules", "requires", "here"]
    assert rows == [
        ["base", "abacus-base", "0.1.0", "01-02", "-", "built"],
        ["more", "abacus-more", "0.1.0", "03-03", "base", ">=0.1,<0.2", "(0.1.0)"],
    ]
    for row, tier in zip(rows, data, strict=True):
        assert row[:3] == [tier["id"], tier["distribution"], tier["version"]]
        numbers = [module["number"] for module in tier["modules"]]
        assert row[3] == f"{min(numbers):02d}-{max(numbers):02d}"
        assert ("built" in row) == tier["here"]
    assert data[1]["requires"] == {"base": ">=0.1,<0.2"}


def test_without_tiers_the_way_to_one_is_told(learner: Learner) -> None:
    outside = replace(learner, root=learner.root.parent)
    shown = outside.tito("tier", "list", TITO_DISABLE_PLUGINS="all")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == "No tier is installed. For example: pip install tinytorch-core\n"
    assert json.loads(outside.tito("tier", "list", "--json", TITO_DISABLE_PLUGINS="all").out) == []


def test_a_tier_that_cannot_be_read_is_told_beside_the_others(learner: Learner) -> None:
    install(project("more-tier", learner.site.parent / "more"), learner.site)
    (learner.site / "abacus_more" / "_compiled" / "manifest.json").write_text("{")
    shown = learner.tito("tier", "list")
    assert [line.split()[0] for line in shown.out.splitlines()] == ["tier", "base"]
    assert "error: the tier's manifest is not JSON" in shown.err


def test_a_requirement_that_does_not_hold_names_both_sides_and_the_command(
    learner: Learner,
) -> None:
    second = project("more-tier", learner.site.parent / "more")
    edit(second / "src" / "abacus_more" / "tier.yaml", ">=0.1,<0.2", ">=0.2")
    install(second, learner.site)
    shown = learner.tito("tier", "list")
    assert "base >=0.2 (0.1.0)" in shown.out
    assert "abacus-more 0.1.0 requires abacus-base >=0.2, and abacus-base 0.1.0" in shown.err
    assert "pip install 'abacus-base>=0.2'" in shown.err
    assert shown.err.count("error:") == 1, "it is one finding"
    assert "pip install 'abacus-base>=0.2'" in learner.tito("tier", "add", "more").err
    assert "more" not in (learner.root / "tito.toml").read_text()


def test_a_tier_is_added_and_nothing_else_is_touched(learner: Learner) -> None:
    learner.complete("counter")
    marker = learner.root / "tito.toml"
    before = {p: p.read_bytes() for p in learner.root.rglob("*.*") if ".tito" not in p.parts}
    install(project("more-tier", learner.site.parent / "more"), learner.site)
    assert "To build it: tito tier add more" in learner.tito("status").out
    shown = learner.tito("tier", "add", "abacus-more")
    assert (shown.code, shown.err) == (0, "")
    assert "You build More here now: tally." in shown.out
    assert "Next: tito module start total" in shown.out
    after = {p: p.read_bytes() for p in before}
    assert {p for p in before if before[p] != after[p]} == {marker}
    assert after[marker] == before[marker].replace(b'["base"]', b'["base", "more"]')
    assert "tally" in learner.tito("module", "list").out
    assert "tier add" not in learner.tito("status").out
    assert "already" in learner.tito("tier", "add", "more").out


def test_what_another_command_has_added_until_now_is_seen(learner: Learner) -> None:
    """The workspace is read when nobody else is at work in it, and not before."""
    install(project("more-tier", learner.site.parent / "more"), learner.site)
    command = [sys.executable, "-m", "tito", "tier", "add", "more"]
    variables = environment(**learner.variables())
    workspace = read_workspace(learner.root)
    with locked(workspace, print):
        second = subprocess.Popen(
            command, cwd=learner.root, env=variables, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert second.stderr
        assert "waiting" in second.stderr.readline()
        set_tiers(workspace, ["more"])
    assert "You build More here now" in second.communicate(timeout=20)[0]
    assert second.returncode == 0
    assert read_workspace(learner.root).tiers == ("more",)


def test_a_tier_that_was_uninstalled_is_told_and_stays_in_the_list(learner: Learner) -> None:
    edit(learner.root / "tito.toml", '["base"]', '["base", "extra"]')
    for command in (("tier", "list"), ("status",), ("namespace",), ("doctor",), ("test",)):
        assert learner.tito(*command).err.count("builds the tier 'extra'") == 1, command
    install(project("more-tier", learner.site.parent / "more"), learner.site)
    assert learner.tito("tier", "add", "more").code == 0
    assert 'tiers = ["base", "more", "extra"]' in (learner.root / "tito.toml").read_text()


def test_a_tier_that_is_not_there_cannot_be_added(learner: Learner) -> None:
    shown = learner.tito("tier", "add", "bsae")
    assert shown.code == 2
    assert "did you mean 'base'?" in shown.err
