"""`tito tier list` shows what is installed, and its JSON says the same."""

from __future__ import annotations

import json
from dataclasses import replace

from support import Learner, install, project


def test_the_table_and_the_json_tell_the_same(learner: Learner) -> None:
    install(project("more-tier", learner.site.parent / "more"), learner.site)
    heads, *rows = (line.split() for line in learner.tito("tier", "list").out.splitlines())
    data = json.loads(learner.tito("tier", "list", "--json").out)
    assert heads == ["tier", "distribution", "version", "modules", "requires", "here"]
    assert rows == [
        ["base", "abacus-base", "0.1.0", "01-02", "-", "built"],
        ["more", "abacus-more", "0.1.0", "03-03", "base", ">=0.1,<0.2"],
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
