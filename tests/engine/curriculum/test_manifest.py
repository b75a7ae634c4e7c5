"""A manifest is written and read without loss; anything else is an error that says what to do."""

import json
import string
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tito.build import curriculum_folder
from tito.curriculum.compile import compile_tier
from tito.curriculum.manifest import FORMAT_VERSION, Manifest, dump, load
from tito.errors import ManifestError
from tito.model import Finding, Tier


def refused(text: str) -> Finding:
    with pytest.raises(ManifestError) as caught:
        load(text, "m.json")
    [finding] = caught.value.findings
    assert finding.where == "m.json"
    return finding


MANIFESTS = st.builds(Manifest, st.just(FORMAT_VERSION), st.builds(Tier))


@settings(max_examples=30)
@given(MANIFESTS)
def test_a_manifest_is_read_back_as_it_was_written(manifest: Manifest) -> None:
    assert load(dump(manifest), "m.json") == manifest


def test_equal_manifests_are_written_as_equal_bytes_whatever_the_order_of_their_keys(
    base: Path,
) -> None:
    text = dump(compile_tier(curriculum_folder(base), "abacus-base", "0.1.0").manifest)
    keys = json.loads(text)
    shuffled = json.dumps(dict(reversed(keys.items())))
    assert dump(load(shuffled, "m.json")) == text


@pytest.mark.parametrize(
    ("version", "which", "fix"),
    [
        (FORMAT_VERSION + 1, "newer", "pip install --upgrade tinytorch-engine"),
        (10**30, "newer", "pip install --upgrade tinytorch-engine"),
        (FORMAT_VERSION - 1, "older", "update the tier's distribution with pip"),
        (-1, "older", "update the tier's distribution with pip"),
    ],
)
def test_another_version_says_which_side_to_update(version: int, which: str, fix: str) -> None:
    found = refused(json.dumps({"format_version": version, "of": ["another", "shape"]}))
    assert f"format_version {version}, {which} than this engine reads (1)" in found.message
    assert found.fix == fix


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("9" * 10_000, "is not JSON"),
        ("[1]", "has no format_version"),
        ("{}", "has no format_version"),
        ('{"format_version": true}', "has no format_version"),
        ('{"format_version": "1"}', "has no format_version"),
        ('{"format_version": 1.0}', "has no format_version"),
        ('{"format_version": NaN}', "has no format_version"),
        ('{"format_version": 1}', "lacks the key tier"),
        ('{"format_version": 1, "tier": {}, "sources": {}}', "lacks the key tier.id"),
        ('{"format_version": 1, "tier": [], "sources": {}}', "has list where dict belongs: tier"),
    ],
)
def test_what_is_no_manifest_is_told_with_the_key(text: str, message: str) -> None:
    found = refused(text)
    assert message in found.message
    assert "tito dev build" in found.fix


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=10,
)
KEYS = st.sampled_from(["format_version", "tier", "sources", "id", "modules", "requires", "other"])
NEARLY = st.recursive(
    st.dictionaries(KEYS, JSON), lambda inner: st.dictionaries(KEYS, inner | JSON), max_leaves=6
).map(lambda value: {**value, "format_version": 1})


def manifest_or_error(text: str) -> None:
    with suppress(ManifestError):
        assert isinstance(load(text, "m.json"), Manifest)


@given(st.text())
@example('{"format_version": 1e999}')
@example("\ufeff{}")
def test_any_text_is_a_manifest_or_an_error(text: str) -> None:
    manifest_or_error(text)


@given(JSON | NEARLY)
def test_any_json_is_a_manifest_or_an_error(value: Any) -> None:
    manifest_or_error(json.dumps(value))


@settings(max_examples=30)
@given(MANIFESTS, st.data())
def test_a_manifest_without_one_of_its_keys_says_which(
    manifest: Manifest, data: st.DataObject
) -> None:
    plain = json.loads(dump(manifest))
    key = data.draw(st.sampled_from(sorted(plain["tier"])))
    del plain["tier"][key]
    assert f"lacks the key tier.{key}" in refused(json.dumps(plain)).message
