"""A hand-written YAML file is read, or one finding says what is wrong at which line or key."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tito.curriculum.config import MilestoneConfig, ModuleConfig, TierConfig, read_config
from tito.errors import SourceError
from tito.model import Finding

TIER = "id: base\ntitle: Base\nnamespace: abacus\norder: 1\n"


def finding(kind: type, path: Path) -> Finding:
    with pytest.raises(SourceError) as caught:
        read_config(kind, path)
    [found] = caught.value.findings
    return found


def test_what_may_be_left_out_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "tier.yaml"
    path.write_text(TIER)
    assert read_config(TierConfig, path) == TierConfig("base", "Base", "abacus", 1, {}, ())


@pytest.mark.parametrize("text", [TIER.replace("\n", "\r\n"), "\ufeff" + TIER, f"# note\n\n{TIER}"])
def test_line_endings_a_bom_and_comments_change_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tier.yaml"
    path.write_bytes(text.encode())
    assert read_config(TierConfig, path).title == "Base"


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("", "tier.yaml has NoneType where dict belongs: the whole file", ": the whole file"),
        ("just words", "tier.yaml has str where dict belongs: the whole file", ": the whole file"),
        (TIER + "colour: red", "tier.yaml has an unknown key colour", ": colour"),
        (TIER.replace("order: 1\n", ""), "tier.yaml lacks the key order", ": order"),
        (TIER + "successors: [a, 1]", "has int where str belongs: successors[1]", "successors[1]"),
        (TIER + "requires: {base: 1.0}", "has float where str belongs: requires.base", "base"),
        (
            TIER + "requires: {1: ''}",
            "tier.yaml has a key that is not text in requires",
            "requires",
        ),
        (TIER + "title: [", "tier.yaml is not YAML: ", ":5"),
        ("id: base\n\ttitle: tab", "tier.yaml is not YAML: ", ":2"),
        (TIER + "a: \x00", "tier.yaml is not YAML: ", ""),
        (TIER + "a: !!python/object:os.system x", "tier.yaml is not YAML: ", ":5"),
        (TIER + "a: 2000-13-45", "tier.yaml is not YAML: ", ""),
        (TIER + "a: !!timestamp soon", "tier.yaml is not YAML: ", ""),
        (TIER + "a: " + "[" * 2000, "tier.yaml is not YAML: ", ""),
    ],
)
def test_what_is_wrong_in_the_file_is_found_with_its_place(
    tmp_path: Path, text: str, message: str, where: str
) -> None:
    path = tmp_path / "tier.yaml"
    path.write_text(text)
    found = finding(TierConfig, path)
    assert message in found.message
    assert found.where.startswith(str(path))
    assert found.where.endswith(where)


@pytest.mark.parametrize("kind", [TierConfig, ModuleConfig, MilestoneConfig])
def test_a_file_that_is_not_there_or_not_text_is_found(kind: type, tmp_path: Path) -> None:
    path = tmp_path / "module.yaml"
    assert finding(kind, path) == Finding("module.yaml is missing", str(path))
    path.write_bytes(b"title: \xff")
    assert finding(kind, path).message.startswith("module.yaml cannot be read: ")
    path.unlink()
    path.mkdir()
    assert finding(kind, path).message.startswith("module.yaml cannot be read: ")


LINES = st.sampled_from(["id: a", "- b", "  c: [1]", "? x", "&a *a", "!!int y", "{", "'", "1:1:1"])


@given(st.text() | st.lists(LINES).map("\n".join))
@example("!!bool x")
@example("!!float x")
@example("? [a]\n: b")
@example("0001-01-01T00:00:00+23:59")
def test_any_text_but_a_config_is_one_finding(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "tier.yaml"
    path.write_text(text, encoding="utf-8")
    assert finding(TierConfig, path).message
