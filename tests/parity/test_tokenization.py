"""Module 10: torch has no tokenizer, so an obvious program and the laws of text are the oracle."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tinytorch.core
from hypothesis import given
from hypothesis import strategies as st
from tinytorch.data import BPETokenizer, CharTokenizer
from tinytorch.data.tokenization import apply_merges, learn_merges, split, to_text

LIBRARY = Path(json.__file__).parent.parent
EVERY_CHARACTER = st.characters(codec=None)
LONG_TEXT = LIBRARY.joinpath("argparse.py").read_text(encoding="utf-8")
TEXTS = st.one_of(
    st.text(EVERY_CHARACTER),
    st.text(st.sampled_from("ab \n_1é€😀\ud83d\ude00\0")),
    st.integers(0, len(LONG_TEXT) - 300).map(lambda start: LONG_TEXT[start : start + 300]),
)
TRAINED = BPETokenizer(special_tokens=["<end>"]).train(LONG_TEXT[:50_000], 700)


def naive_merges(text: str, how_many: int) -> list[tuple[int, int]]:
    """Every chunk as often as it is there, every pair counted anew for each merge."""
    words = [list(chunk.encode("utf-8", "surrogatepass")) for chunk in split(text)]
    merges: list[tuple[int, int]] = []
    for new in range(256, 256 + how_many):
        pairs = [pair for word in words for pair in pairwise(word)]
        if not pairs:
            break
        best = min(set(pairs), key=lambda pair: (-pairs.count(pair), pair))
        words = [replaced(word, best, new) for word in words]
        merges.append(best)
    return merges


def replaced(word: list[int], pair: tuple[int, int], new: int) -> list[int]:
    if len(word) < 2:
        return word
    if tuple(word[:2]) == pair:
        return [new, *replaced(word[2:], pair, new)]
    return [word[0], *replaced(word[1:], pair, new)]


@given(TEXTS)
def test_any_text_comes_back_from_any_tokenizer(text: str) -> None:
    assert "".join(split(text)) == text
    for tokenizer in (BPETokenizer(), TRAINED, CharTokenizer().train(text)):
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text
        assert all(0 <= id < tokenizer.vocab_size for id in ids)
        assert not set(ids) & set(tokenizer.special_tokens.values())


@given(TEXTS, st.integers(0, 30))
def test_training_finds_what_the_naive_program_finds(text: str, how_many: int) -> None:
    assert learn_merges(text, how_many) == naive_merges(text, how_many)


@given(TEXTS, st.integers(0, 30))
def test_encoding_applies_the_merges_in_their_order(text: str, how_many: int) -> None:
    merges = learn_merges(LONG_TEXT[:2000] + text, how_many)
    for chunk in split(text):
        ids = expected = list(chunk.encode("utf-8", "surrogatepass"))
        for rank, pair in enumerate(merges):
            expected = replaced(expected, pair, 256 + rank)
        assert apply_merges(ids, dict(zip(merges, range(256, 999), strict=False))) == expected


@given(st.lists(st.integers(0, TRAINED.vocab_size - 1)))
def test_any_ids_decode(ids: list[int]) -> None:
    """What a model writes is text, or has a mark where it is broken."""
    text = TRAINED.decode(ids)
    assert text == TRAINED.decode(np.array(ids, int)) == TRAINED.decode(tinytorch.core.tensor(ids))
    data = b"".join(TRAINED.tokens[id] for id in ids)
    assert to_text(data) == text
    assert ("\ufffd" in text) or text.encode("utf-8", "surrogatepass") == data


@pytest.mark.parametrize("size", [256, 257, 300, 511, 1000])
def test_the_vocabulary_has_the_size_that_was_asked_for(size: int) -> None:
    """And a smaller vocabulary is the beginning of a larger one."""
    tokenizer = BPETokenizer().train(LONG_TEXT[:50_000], size)
    assert tokenizer.vocab_size == len(tokenizer.tokens) == size
    merges, more = list(tokenizer.merges), list(TRAINED.merges)
    common = min(len(merges), len(more))
    assert merges[:common] == more[:common]


@given(st.text(EVERY_CHARACTER), st.sets(st.text(min_size=1), max_size=3))
def test_a_vocabulary_comes_back_from_its_file(
    tmp_path_factory: pytest.TempPathFactory, text: str, special: set[str]
) -> None:
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.json"
    trained = BPETokenizer(list(TRAINED.merges), sorted(special))
    for tokenizer in (trained, CharTokenizer(special_tokens=sorted(special)).train(text)):
        tokenizer.save(path)
        twin = type(tokenizer).load(str(path))
        assert twin.tokens == tokenizer.tokens
        assert twin.special_tokens == tokenizer.special_tokens
        assert twin.encode(text) == tokenizer.encode(text)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=9))
def test_whatever_stands_in_the_file_is_refused_with_its_name(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    path = tmp_path_factory.mktemp("vocabulary") / "odd.json"
    for key in ("format", "kind", "merges", "special_tokens"):
        whole = {"format": 1, "kind": "BPETokenizer", "merges": [], "special_tokens": []}
        path.write_text(json.dumps(whole | {key: value}))
        with contextlib.suppress(ValueError):
            BPETokenizer.load(path)
            continue
        with pytest.raises(ValueError, match=key) as caught:
            BPETokenizer.load(path)
        assert str(path) in str(caught.value)


def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vocabulary.json"
    TRAINED.save(path)
    before = path.read_bytes()

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    for function in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(f"os.{function}", full)
            with pytest.raises(OSError, match="No space"):
                BPETokenizer().save(path)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]


def test_a_tokenizer_can_be_copied() -> None:
    for twin in (copy.deepcopy(TRAINED), pickle.loads(pickle.dumps(TRAINED))):
        assert twin.encode(LONG_TEXT) == TRAINED.encode(LONG_TEXT)


@pytest.mark.parametrize("text", ["a", "ab", "é", "😀", " ", "()", "1", "a ", "日本"])
def test_no_text_makes_encoding_slow(text: str) -> None:
    """Chunks are bounded, so twice the text takes about twice as long, whatever the text."""
    long = text * (100_000 // len(text))
    start = time.perf_counter()
    assert TRAINED.decode(TRAINED.encode(long)) == long
    assert time.perf_counter() - start < 5


def test_a_megabyte_is_learnt_in_seconds() -> None:
    files = [path.read_text(encoding="utf-8") for path in sorted(LIBRARY.glob("[a-i]*.py"))]
    text = "".join(files)[:1_000_000]
    start = time.process_time()
    tokenizer = BPETokenizer().train(text, 1024)
    assert time.process_time() - start < 20
    start = time.process_time()
    ids = tokenizer.encode(text)
    assert time.process_time() - start < 10
    assert len(ids) < len(text.encode()) / 2
