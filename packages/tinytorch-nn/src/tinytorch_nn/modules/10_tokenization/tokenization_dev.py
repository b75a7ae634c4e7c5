# %% [markdown]
# # 10 · Tokenization
#
# A language model reads numbers and writes numbers. Which ones? You build the two answers that
# matter: every character a number, and the one that today's models use, numbers for the pieces of
# text that are worth one. Gage (1994) compressed files by giving the most frequent pair of bytes a
# byte of its own, again and again. Sennrich, Haddow and Birch (2016) saw that this finds the parts
# of words, and Radford et al. (GPT-2, 2019) went back to bytes, so that no text is ever unknown.
#
# **Prerequisites:** Python's `str`, `bytes` and `dict`, regular expressions, what a heap is; modules
# 01 and 05 for the module test. **Time:** about 180 minutes, nine exercises.
#
# ```mermaid
# flowchart LR
#     D[05 Data loader] --> K(10 Tokenization) --> E[11 Embeddings] --> X[13 Transformers]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp data.tokenization

# %%
#| export
import json
import os
import re
import warnings
from collections import Counter, defaultdict
from heapq import heappop, heappush
from pathlib import Path

# %% [markdown]
# We need something to read. Python brings it along: the sources of its standard library.

# %%
import argparse, inspect, statistics, subprocess, tarfile, typing, unicodedata
from tempfile import TemporaryDirectory
from tinytorch.core import tensor
from tinytorch.data import DataLoader, Dataset

code = "\n".join(map(inspect.getsource, (argparse, inspect, statistics, subprocess, typing)))
unseen = inspect.getsource(tarfile)  # what comes after training: another text of the same kind
print(f"{len(code):,} characters to learn from, {len(unseen):,} kept apart")

def equal(got, expected, what):
    assert got == expected, f"{what}: should be {expected!r}, got {got!r}"
def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        missing = [part for part in parts if part not in str(problem)]
        assert not missing, f"the error message should mention {missing}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/data/tokenization.py`, and earn you `from tinytorch.data
# import CharTokenizer, BPETokenizer`. PyTorch has no tokenizer of its own; the names of our methods
# are those that most libraries use.

# %% [markdown]
# ## 1. Letters as numbers
# A **tokenizer** cuts a text into *tokens* and knows a number for each, its **id**. All tokens
# together are its **vocabulary**. In the simplest one, tokens are characters:
#
# ```
#    train("hello")    tokens   e  h  l  o  <end>        encode("hole")   = [1, 3, 2, 0]
#                      ids      0  1  2  3    4          decode([2, 0, 4]) = "le<end>"
# ```
#
# **Special tokens** mean what no text says: here it ends, here somebody else speaks. They stand
# behind all others, and encode never returns one: who *types* `<end>` has typed five characters. A
# program that wants the token takes its id from `special_tokens`. If text could do that, anybody
# who writes to your model could end its sentence or speak in another's name.
#
# What can go wrong: an "x", which that vocabulary doesn't have, and an id that isn't in it. Mind
# -1: Python's lists would take it.

# %%
#| export
def numbered(key, tokens, start=0):
    """{token: id}, with ids from start on. ValueError, with key and place, for what is no token."""
    ids = {}
    for place, token in enumerate(tokens):
        if not isinstance(token, str) or not token or token in ids:
            raise ValueError(f"{key}[{place}] is {token!r}: it must be a string, and a new one")
        ids[token] = start + place
    return ids

class Tokenizer:
    """What tokenizers have in common: `tokens`, a list in the order of ids, and special_tokens."""
    vocab_size = property(lambda self: len(self.tokens))
    def __repr__(self): return f"{type(self).__name__}(vocab_size={self.vocab_size})"

    def save(self, path):  # both functions come in part 9
        write_vocabulary(path, type(self).__name__, self.content())

    @classmethod
    def load(cls, path):
        content = read_vocabulary(path, cls.__name__, cls().content())
        try:
            return cls(**content)
        except ValueError as problem:
            raise ValueError(f"{path}: {problem}") from None

# %% nbgrader={"grade_id": "tokenization-char"}
#| export
def look_up(tokens, ids):
    """The list of tokens[id] for each of the ids. Raises IndexError, with the id and the number of
    tokens, for an id below 0 or too large."""
    ids = ids.tolist() if hasattr(ids, "tolist") else ids  # of a Tensor, or an array
    ### BEGIN SOLUTION
    for id in ids:
        if not 0 <= id < len(tokens):
            raise IndexError(f"there is no token {id}: the vocabulary has {len(tokens)} tokens")
    return [tokens[id] for id in ids]
    ### END SOLUTION

class CharTokenizer(Tokenizer):
    """Every character is a token."""
    def __init__(self, characters=(), special_tokens=()):
        self.characters = numbered("characters", characters)  # {character: id}
        self.special_tokens = numbered("special_tokens", special_tokens, len(self.characters))
        self.tokens = [*self.characters, *self.special_tokens]

    def content(self):
        return {"characters": list(self.characters), "special_tokens": list(self.special_tokens)}

    def train(self, text):
        """Make the characters of text the vocabulary, sorted, with the special tokens that self
        has. Return self. Approach: let __init__ do the work once more."""
        ### BEGIN SOLUTION
        self.__init__(sorted(set(text)), self.special_tokens)
        return self
        ### END SOLUTION

    def encode(self, text):
        """The list of the characters' ids. Raises ValueError for a character without one, with that
        character as `repr` shows it, and its position in text."""
        ### BEGIN SOLUTION
        for position, character in enumerate(text):
            if character not in self.characters:
                raise ValueError(f"the vocabulary has no {character!r}, which is at {position}")
        return [self.characters[character] for character in text]
        ### END SOLUTION

    def decode(self, ids):
        """The text of these ids."""
        ### BEGIN SOLUTION
        return "".join(look_up(self.tokens, ids))
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Characters
# The example, a second training, special tokens that nobody can type, and what must be refused.

# %% nbgrader={"grade_id": "test-tokenization-char", "points": 12}
def test_unit_characters():
    equal(look_up("abc", [2, 0, 0]), ["c", "a", "a"], "look_up('abc', [2, 0, 0])")
    equal(look_up("abc", tensor([1, 2])), ["b", "c"], "ids in a Tensor")
    refuses(IndexError, lambda: look_up("abc", [0, 3]), "3")
    refuses(IndexError, lambda: look_up("abcde", [0, -1]), "-1", "5")
    tokenizer = CharTokenizer(special_tokens=["<end>", "<pad>"])
    assert tokenizer.train("hello") is tokenizer, "train returns the tokenizer itself"
    equal(tokenizer.tokens, ["e", "h", "l", "o", "<end>", "<pad>"], "the vocabulary of 'hello'")
    equal(tokenizer.encode("hole"), [1, 3, 2, 0], "encode('hole')")
    equal(tokenizer.decode([2, 0, 4]), "le<end>", "decode([2, 0, 4])")
    refuses(ValueError, lambda: tokenizer.encode("hex"), repr("x"), "2")
    tokenizer.train("<end>")
    equal(tokenizer.encode("<end>"), [0, 3, 4, 2, 1], "five characters that someone typed")
    equal(tokenizer.special_tokens, {"<end>": 5, "<pad>": 6}, "special tokens come last")
    tokenizer.train(code)
    assert tokenizer.decode(tokenizer.encode(code)) == code, "half a million characters of code"
test_unit_characters()

# %% [markdown]
# ## 2. Too long, too many, and bytes
# Characters make **long** texts. A transformer compares every token with every other, so half as
# many tokens are a quarter of the work, and the same window sees twice as much text. Why not words?
# See how their number grows, and what happens with a file that nobody has read before.

# %%
words, new_words = re.findall(r"\w+", code), re.findall(r"\w+", unseen)
for read in (5_000, 10_000, 20_000, 40_000):
    known = set(words[:read])
    unknown = sum(word not in known for word in new_words) / len(new_words)
    print(f"{read:6,} words read, {len(known):5,} different; in a new file, {unknown:.0%} are unknown")
print(f"characters: {len(set(code))} different, and {len(code) / len(words):.1f} for each word")
every = sum(unicodedata.category(chr(code))[0] != "C" for code in range(0x110000))
print(f"characters that Python knows: {every:,}")

# %% [markdown]
# Words are **too many**: the list never ends, each needs a row of its own in the model, most are too
# rare to be learnt, and a new file always brings unknown ones. (To a CharTokenizer, a new script
# does.) But in UTF-8 (Thompson and Pike, 1992), all text is made of the same 256 **bytes**. The first
# byte of a character says how many it has:
#
# ```
#    from         bytes                                 example
#    U+0000       0xxxxxxx                              A   41
#    U+0080       110xxxxx 10xxxxxx                     é   C3 A9        E9 = 00011 101001
#    U+0800       1110xxxx 10xxxxxx 10xxxxxx            €   E2 82 AC
#    U+10000      11110xxx 10xxxxxx 10xxxxxx 10xxxxxx   😀  F0 9F 98 80
# ```
#
# So a vocabulary that begins with the 256 bytes never meets anything unknown. Two snags. A string may
# hold half of a *surrogate pair*, "\ud83d", from a broken file name or JSON. UTF-8 forbids it, but
# `encode` and `decode` have an error handler "surrogatepass", which makes three bytes of it and back.
# And not all bytes are text: a model that writes byte by byte may stop inside a character. The handler
# "replace" puts a � where text is broken.

# %% nbgrader={"grade_id": "tokenization-bytes"}
#| export
def to_bytes(text):
    """The UTF-8 of any string, half surrogate pairs included."""
    ### BEGIN SOLUTION
    return text.encode("utf-8", "surrogatepass")
    ### END SOLUTION

def to_text(data):
    """The string that to_bytes made these bytes of. If there can't be one: what is text, with a �
    for each broken part. Approach: try the way back, and catch UnicodeDecodeError."""
    ### BEGIN SOLUTION
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Bytes
# There and back, for every character that there is, and for bytes that are no text.

# %% nbgrader={"grade_id": "test-tokenization-bytes", "points": 8}
def test_unit_bytes():
    equal(to_bytes("Aé€😀"), bytes.fromhex("41 C3A9 E282AC F09F9880"), "the examples of the table")
    for text in ("", "\0\n", "\ud83d", "\ude00\ud83d!", "\ud83d\ude00", "e\u0301"):
        equal(to_text(to_bytes(text)), text, f"{text!r}, there and back")
    every = "".join(map(chr, range(0x110000)))
    assert to_text(to_bytes(every)) == every, "every character, there and back"
    equal(to_text(b"ab\xe2\x82"), "ab\ufffd", "the first two bytes of a €")
    equal(to_text(b"\xa9 \xff!"), "\ufffd \ufffd!", "bytes that begin no character")
test_unit_bytes()

# %% [markdown]
# ## 3. Chunks
# Soon we join frequent neighbours. They shouldn't cross the border of a word, or "dog.", "dog!" and
# "dog?" become three tokens with nothing in common. So the text is first cut into **chunks**, and no
# token reaches beyond one. There are four sorts, tried in this order:
#
# ```
#    letters     perhaps one blank, then 1 to 32 letters, of any script
#    digits      perhaps one blank, then 1 to 3 digits
#    signs       perhaps one blank, then 1 to 32 of the rest: neither letter, digit nor white
#    white       1 to 32 blanks, line breaks and other white characters
#
#    x_1 = f(2024)  # größer   →   x│_│1│ =│ f│(│202│4│)│  │#│ größer
# ```
#
# A word brings the blank before it along: blanks between words cost no tokens. Every character is of
# some sort, so nothing is lost. Texts repeat themselves: what we do with a chunk, we do once for all
# its copies. And as no chunk has more than 33 characters, work that grows quadratically with a chunk
# still grows linearly with the text, whoever wrote it.

# %% nbgrader={"grade_id": "tokenization-split"}
#| export
def split(text):
    r"""The list of chunks of a text.

    Approach: re.findall with one pattern of four alternatives. `\s` is white, `\d` a digit, `\w` a
    letter, a digit or `_`; `\W` is what `\w` isn't. So `[^\W\d_]` is a letter: not a non-word, no
    digit, no _, which is a sign. ` ?` is "perhaps one blank", {1,32} counts, (?:…|…) groups."""
    ### BEGIN SOLUTION
    letters, digits = r" ?[^\W\d_]{1,32}", r" ?\d{1,3}"
    signs, white = r" ?(?:[^\w\s]|_){1,32}", r"\s{1,32}"
    return re.findall(f"{letters}|{digits}|{signs}|{white}", text)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Chunks
# The example, runs that are too long, and texts in which nothing may get lost.

# %% nbgrader={"grade_id": "test-tokenization-split", "points": 10}
def test_unit_chunks():
    for wanted in ("x│_│1│ =│ f│(│202│4│)│  │#│ größer", "def│ __│init│__(│self│):│\n    │pass",
                   "日本語│ 42│ !?", "a│\t│b│ \n│c", " 3│.│141│59│ _│ \u3000", "   │x²│ 123│4",
                   "e│\u0301│ 😀😀"):
        text = wanted.replace("│", "")
        equal(split(text), wanted.split("│"), f"split({text!r})")
    for character, most in [("a", 32), ("7", 3), ("+", 32), ("_", 32), ("\n", 32)]:
        lengths = [len(chunk) for chunk in split(character * 2 * most + character)]
        equal(lengths, [most, most, 1], f"lengths for a long row of {character!r}")
        if character != "\n":
            equal(split(" " + character * most), [" " + character * most], "a blank comes on top")
    every = "".join(map(chr, range(0x110000)))
    assert "".join(split(every)) == every, "all characters must come back"
test_unit_chunks()

# %% [markdown]
# ## 4. Pairs
# Now the idea. Begin with bytes; find the pair of neighbours that occurs most often; give it an id of
# its own, and write that instead. Repeat. Each round is a **merge**. Say the text has these chunks
# (letters here stand for their bytes, and the number for how often a chunk occurs):
#
# ```
#    chunks                                      pairs
#    l o w  5    l o w e r  2    n e w  6      (l,o) 7   (o,w) 7   (n,e) 6   (e,w) 6   …
#    256 = (l,o), one of the two most frequent
#    256 w  5    256 w e r  2    n e w  6      (256,w) 7   (n,e) 6   (e,w) 6   (w,e) 2   (e,r) 2
#    257 = (256,w): "low"
#    257    5    257 e r    2    n e w  6      (n,e) 6   (e,w) 6   (257,e) 2   (e,r) 2
# ```
#
# Of pairs that are equally frequent the smallest wins, as Python compares tuples: (l,o) is (108, 111)
# and (o,w) is (111, 119). Without such a rule, the same text could give two vocabularies. In merging,
# the leftmost goes first, and no id is used twice: `a a a` becomes `256 a`.

# %% nbgrader={"grade_id": "tokenization-pairs"}
#| export
def count_pairs(chunks):
    """How often each pair of neighbours occurs: {(id, id): count}, a Counter. `chunks` holds pairs
    (ids, times): the ids of a chunk, and how often that chunk occurs.
    Approach: zip(ids, ids[1:]) gives the neighbours."""
    ### BEGIN SOLUTION
    counts = Counter()
    for ids, times in chunks:
        for pair in zip(ids, ids[1:]):
            counts[pair] += times
    return counts
    ### END SOLUTION

def merge(ids, pair, new):
    """A list like ids, with the id `new` where that pair of neighbours was.
    Approach: build the list from the left. If this id is the second of the pair, and what you
    appended last is the first, then `new` takes the place of the latter. Can a `new` that you have
    just written be mistaken for something else?"""
    ### BEGIN SOLUTION
    first, second = pair
    merged = []
    for id in ids:
        if id == second and merged and merged[-1] == first:
            merged[-1] = new
        else:
            merged.append(id)
    return merged
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Pairs
# The example by hand; repetitions, beginnings and ends.

# %% nbgrader={"grade_id": "test-tokenization-pairs", "points": 10}
def test_unit_pairs():
    low, lower, new, (l, o, w, e, r, n) = map(list, (b"low", b"lower", b"new", b"lowern"))
    counts = count_pairs([(low, 5), (lower, 2), (new, 6), ([w, w, w], 4), ([e], 9), ([], 1)])
    expected = {(l, o): 7, (o, w): 7, (n, e): 6, (e, w): 6, (w, e): 2, (e, r): 2, (w, w): 8}
    equal(dict(counts), expected, "the example, and a chunk w w w that occurs four times")
    equal(counts[n, n], 0, "a Counter says 0 for what never occurred")
    for ids, pair, expected in [
        (lower, (l, o), [256, w, e, r]), (lower, (e, r), [l, o, w, 256]), (low, (o, l), low),
        ([7, 7, 7], (7, 7), [256, 7]), ([7] * 4, (7, 7), [256, 256]), ([2], (1, 2), [2]),
        ([1, 2, 1, 2, 2], (1, 2), [256, 256, 2]), ([2, 1, 1, 2], (1, 2), [2, 1, 256]), ([], (1, 2), []),
    ]:
        before = list(ids)
        equal(merge(ids, pair, 256), expected, f"merge({ids}, {pair}, 256)")
        equal(ids, before, "the list that was given")
test_unit_pairs()

# %% [markdown]
# ## 5. What a merge changes
# Here is training, as the idea says it. It is right, and slow: each merge looks at every chunk.

# %%
def naive_merges(chunks, how_many):
    """`chunks` as for count_pairs. The pairs that were merged, in their order."""
    merges = []
    while len(merges) < how_many and (counts := count_pairs(chunks)):
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        chunks = [(merge(ids, pair, 256 + len(merges)), times) for ids, times in chunks]
        merges.append(pair)
    return merges

# %% [markdown]
# But it changes only chunks in which its pair occurs, a few of many. If we know **where** pairs occur,
# we visit just those, take their old pairs off the counts, and add the new ones:
#
# ```
#    merge (l,o):    visit 0 and 1, not 2        counts   (l,o) 7 → 0   (o,w) 7 → 0   (256,w) 0 → 7
#                                                         (w,e) 2 → 0 → 2   (e,r) 2 → 0 → 2
# ```
#
# Which pair is now the most frequent? A **heap** gives its smallest entry first; of entries (-count,
# pair), that is the most frequent pair, and of several the smallest. But an entry that became wrong
# can't be found in a heap. Leave it there! Push a new one whenever a count changes; an entry on top
# that doesn't say what `counts` says is out of date, and goes.

# %% nbgrader={"grade_id": "tokenization-index"}
#| export
class PairIndex:
    """All pairs of many chunks, and how merging changes them.
    words, times   the ids of each chunk, and how often the chunk occurs
    counts         {pair: how often it occurs now}
    places         {pair: the set of the numbers of words in which it has ever occurred}
    queue          a heap of (-count, pair); for each pair in counts, the true count is among them"""
    def __init__(self, chunks):
        self.words, self.times = [[] for _ in chunks], [times for _, times in chunks]
        self.counts, self.places, self.queue = Counter(), defaultdict(set), []
        self.change({number: list(ids) for number, (ids, _) in enumerate(chunks)})

    def change(self, words):
        """words[number] becomes ids, for each {number: ids} given; all the rest follows.
        Approach: each pair of the old ids loses `times`, each of the new ids gains it, and has its
        place there. Collect in a set whose count you touched; push each of those once, at the end."""
        ### BEGIN SOLUTION
        touched = set()
        for number, ids in words.items():
            for word, sign in [(self.words[number], -1), (ids, 1)]:
                for pair in zip(word, word[1:]):
                    self.counts[pair] += sign * self.times[number]
                    self.places[pair].add(number)
                    touched.add(pair)
            self.words[number] = ids
        for pair in touched:
            heappush(self.queue, (-self.counts[pair], pair))
        ### END SOLUTION

    def most_frequent(self):
        """The pair that occurs most often, of several the smallest; None if none occurs at all.
        Approach: look at queue[0]. Is it what counts say, and is that more than 0? Otherwise
        heappop it, and look again."""
        ### BEGIN SOLUTION
        while self.queue:
            count, pair = self.queue[0]
            if count == -self.counts[pair] and count < 0:
                return pair
            heappop(self.queue)
        return None
        ### END SOLUTION

    def merge(self, pair, new):
        """Write `new` for this pair, in every word in which it occurs, by one call of change."""
        ### BEGIN SOLUTION
        numbers = self.places.pop(pair)
        self.change({number: merge(self.words[number], pair, new) for number in numbers})
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Index
# After each merge, words, counts and the favourite are what counting everything anew would give.

# %% nbgrader={"grade_id": "test-tokenization-index", "points": 14}
def test_unit_index():
    chunks = [(list(word), times) for word, times in [
        (b"low", 5), (b"lower", 2), (b"new", 6), (b"aaaa", 3), (b"banana", 1), (b"x", 9), (b"", 2)]]
    index = PairIndex(chunks)
    for new in range(256, 290):
        true = count_pairs(chunks)
        found = {pair: count for pair, count in index.counts.items() if count}
        equal(found, dict(true), f"the counts before merge {new}")
        equal(index.words, [ids for ids, _ in chunks], f"the words before merge {new}")
        pair = min(true, key=lambda pair: (-true[pair], pair), default=None)
        for again in range(2):
            equal(index.most_frequent(), pair, f"most frequent before merge {new}, asked twice")
        if pair is None:
            break
        index.merge(pair, new)
        chunks = [(merge(ids, pair, new), times) for ids, times in chunks]
    assert new > 260, "at the end of the example, each word is one token"
    equal(len(PairIndex([(b"ababab", 1)]).queue), 2, "entries in the heap for ababab, ab and ba")
test_unit_index()

# %% [markdown]
# ## 6. Training
# `learn_merges` is `naive_merges` with the index in it, and with the text cut into chunks first.
# Most chunks are copies of others, so count them before you turn them into bytes. The result, the
# merges in their order, is all that a tokenizer needs to remember.

# %% nbgrader={"grade_id": "tokenization-train"}
#| export
def learn_merges(text, how_many):
    """The pairs that training on text merges, in their order; merge number n makes the id 256 + n.
    There are how_many, or fewer if no pair is left.
    Approach: a Counter of the chunks; a PairIndex of their bytes; a loop."""
    ### BEGIN SOLUTION
    chunks = Counter(split(text))
    index = PairIndex([(to_bytes(chunk), times) for chunk, times in chunks.items()])
    merges = []
    while len(merges) < how_many and (pair := index.most_frequent()) is not None:
        index.merge(pair, 256 + len(merges))
        merges.append(pair)
    return merges
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Training
# The same merges as a slow and obvious program, and far less work.

# %% nbgrader={"grade_id": "test-tokenization-train", "points": 10}
def test_unit_training():
    def obvious(text, how_many):  # every chunk as often as it is there, every merge from scratch
        words, merges = [list(chunk.encode()) for chunk in split(text)], []
        for new in range(256, 256 + how_many):
            pairs = [pair for word in words for pair in zip(word, word[1:])]
            if pairs:
                merges.append(min(pairs, key=lambda pair: (-pairs.count(pair), pair)))
                for word in words:
                    for place in range(len(word)):
                        if tuple(word[place:place + 2]) == merges[-1]:
                            word[place:place + 2] = [new]
        return merges
    text = "how much wood would a woodchuck chuck if it could chuck wood? é€😀 é€ banana aaaa"
    equal(learn_merges(text, 40), obvious(text, 40), f"40 merges of {text!r}")
    equal(learn_merges("low low", 2), [(108, 111), (256, 119)], "two merges of 'low low'")
    everything = learn_merges("ab ab", 99)
    equal(everything, [(97, 98), (32, 256)], "until both chunks of 'ab ab' are single tokens")
    equal([learn_merges("", 3), learn_merges("a b", 0)], [[], []], "nothing to learn, nothing wanted")
    sample, calls, real = code[:20_000], [], merge
    globals()["merge"] = lambda *arguments: calls.append(1) or real(*arguments)
    learn_merges(sample, 200)
    globals()["merge"] = real
    most = 200 * len(set(split(sample))) // 10
    assert len(calls) < most, f"merge was called {len(calls):,} times; visit few words, under {most:,}"
test_unit_training()

# %% [markdown]
# ## 7. Encoding by rank
# How should a new chunk be cut? As training did it: by the merges **in their order**, the earlier one
# first, wherever it is in the chunk. Taking the longest token from the left is something else, and
# gives combinations that training never saw. With 256 = (b,c) and 257 = (a,b):
#
# ```
#    a b c     both pairs are known; (b,c) is older      a 256
#    a b b c   (b,c) first, then (a,b)                   257 256
# ```
#
# An id made later is a larger number, so of a chunk's pairs simply take the one whose new id is the
# smallest.

# %% nbgrader={"grade_id": "tokenization-rank"}
#| export
def apply_merges(ids, merges):
    """The ids of a chunk after all merges that apply. `merges` is {pair: the id that it becomes}.
    Approach: while there are pairs, find the one with the smallest new id; `min` takes a key, and
    float("inf") is larger than any id. If even that one is no merge, you are done."""
    ### BEGIN SOLUTION
    while len(ids) > 1:
        pair = min(zip(ids, ids[1:]), key=lambda pair: merges.get(pair, float("inf")))
        if pair not in merges:
            break
        ids = merge(ids, pair, merges[pair])
    return ids
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Rank
# The examples, and a law: encoding a chunk of the training text gives what training made of it.

# %% nbgrader={"grade_id": "test-tokenization-rank", "points": 10}
def test_unit_rank():
    a, b, c = b"abc"
    merges = {(b, c): 256, (a, b): 257, (257, 256): 258}
    for chunk, expected in [
        (b"abc", [a, 256]), (b"ab", [257]), (b"abbc", [258]), (b"abab", [257, 257]), (b"", []),
        (b"a", [a]), (b"ca", [c, a]), (b"abcabbc", [a, 256, 258]), (b"cabb", [c, 257, b]),
    ]:
        equal(apply_merges(list(chunk), merges), expected, f"the ids of {chunk}")
    equal(apply_merges([a, b, c], {}), [a, b, c], "without merges, nothing happens")
    index = PairIndex([(to_bytes(chunk), 1) for chunk in split(code[:3000])])
    start, merges = [list(ids) for ids in index.words], {}
    for new in range(256, 400):
        merges[pair := index.most_frequent()] = new
        index.merge(pair, new)
    for ids, expected in zip(start, index.words):
        equal(apply_merges(ids, merges), expected, f"{to_text(bytes(ids))!r} as training left it")
test_unit_rank()

# %% [markdown]
# ## 8. The tokenizer
# All parts are there. The tokenizer holds the merges, the bytes of every token, and the ids of
# chunks that it has met before.
#
# ```
#    " größer"  ─ split, to_bytes ─▶  20 67 72 C3 B6 …  ─ apply_merges ─▶  ids       encode
#    " größer"  ◀──── to_text ──────  20 67 72 C3 B6 …  ◀─ look_up, join ─ ids       decode
# ```
#
# Bytes are joined *before* they become text: a token may end inside a character. A token's bytes are
# those of the two that it was merged from. What comes out of a file may be anything, even 64 merges
# that each double a token. So the table refuses what training can't have made: ids that aren't there
# yet, a pair that was there already, more bytes than the longest chunk has (33 characters of up to 4).

# %% nbgrader={"grade_id": "tokenization-bpe"}
#| export
LONGEST = 33 * 4  # bytes of a chunk
MOST_CHUNKS = 2**16  # that a tokenizer remembers

def byte_table(merges):
    """The bytes of every id: the 256 bytes, then for each pair of ids in merges both their bytes,
    joined. Raises ValueError with f"merges[{place}]" for the first pair that isn't two ids (ints) of
    the table so far, or isn't new, or makes more than LONGEST bytes.

    >>> byte_table([(111, 119), (108, 256)])[256:]
    [b'ow', b'low']
    """
    table, seen = [bytes([byte]) for byte in range(256)], set()
    for place, pair in enumerate(merges):
        ids = tuple(pair) if isinstance(pair, (list, tuple)) else ()  # what came from JSON is a list
        ### BEGIN SOLUTION
        valid = len(ids) == 2 and all(isinstance(id, int) and 0 <= id < len(table) for id in ids)
        if not valid or ids in seen:
            raise ValueError(f"merges[{place}] is {pair}: that's no new pair of ids below {len(table)}")
        token = table[ids[0]] + table[ids[1]]
        if len(token) > LONGEST:
            raise ValueError(f"merges[{place}] makes a token of {len(token)} bytes, over {LONGEST}")
        table.append(token)
        seen.add(ids)
        ### END SOLUTION
    return table

class BPETokenizer(Tokenizer):
    """Byte-level byte-pair encoding. Untrained, every byte is a token."""
    def __init__(self, merges=(), special_tokens=()):
        table = byte_table(merges)
        self.merges = {tuple(pair): 256 + place for place, pair in enumerate(merges)}
        self.special_tokens = numbered("special_tokens", special_tokens, len(table))
        self.tokens = table + [to_bytes(token) for token in self.special_tokens]
        self._known = {}  # chunk: its ids

    def content(self):
        return {"merges": list(self.merges), "special_tokens": list(self.special_tokens)}

    def encode_chunk(self, chunk):
        ids = self._known.get(chunk)
        if ids is None:
            if len(self._known) >= MOST_CHUNKS:
                self._known.clear()
            ids = self._known[chunk] = apply_merges(list(to_bytes(chunk)), self.merges)
        return ids

    def train(self, text, vocab_size):
        """Learn from text, forget what was learnt before, and return self. The vocabulary has
        vocab_size tokens: the bytes, the special tokens that self has, and as many merges as fit.

        Raises ValueError, with vocab_size and the smallest possible one, if not even the first two
        fit. Warns (warnings.warn) with the size that it has become if the text has too few pairs."""
        ### BEGIN SOLUTION
        smallest = 256 + len(self.special_tokens)
        if vocab_size < smallest:
            raise ValueError(f"vocab_size is {vocab_size}, bytes and special tokens are {smallest}")
        self.__init__(learn_merges(text, vocab_size - smallest), self.special_tokens)
        if self.vocab_size < vocab_size:
            warnings.warn(f"no more pairs: {self.vocab_size} tokens, not {vocab_size}")
        return self
        ### END SOLUTION

    def encode(self, text):
        """The ids of any text, as a list: those of its chunks (`encode_chunk`), one after another."""
        ### BEGIN SOLUTION
        return [id for chunk in split(text) for id in self.encode_chunk(chunk)]
        ### END SOLUTION

    def decode(self, ids):
        """The text of these ids."""
        ### BEGIN SOLUTION
        return to_text(b"".join(look_up(self.tokens, ids)))
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: BPE
# Sizes, round trips of difficult texts, special tokens, broken characters, and tables that lie.

# %% nbgrader={"grade_id": "test-tokenization-bpe", "points": 14}
def test_unit_bpe():
    equal(byte_table([(111, 119), [108, 256]])[255:], [b"\xff", b"ow", b"low"], "the example")
    equal(byte_table([(0, 0)])[256:], [b"\0\0"], "a pair of zero bytes is a pair like any other")
    double = [(97, 97), *((n, n) for n in range(256, 262)), (262, 257)]  # 2, 4, … 128, 132 bytes
    equal(len(byte_table(double)[-1]), 132, "33 characters of 4 bytes are the longest token")
    for wrong, *parts in [
        ([(1, 2), (1, 257)], "merges[1]"), ([(-1, 2)], "merges[0]"), ([(2, -1)], "merges[0]"),
        ([(1, 2), (256, 3), (1, 2)], "merges[2]"), ([(1, 2, 3)], "merges[0]"), (["ab"], "merges[0]"),
        ([(1, 2.0)], "merges[0]"), ([7], "merges[0]"), ([*double, (263, 1)], "merges[8]", "133"),
    ]:
        refuses(ValueError, lambda: byte_table(wrong), *parts)
    text = "low lower lowest, newer newest 💡 " * 2
    tokenizer = BPETokenizer(special_tokens=["<end>"])
    assert tokenizer.train(text, 270) is tokenizer, "train returns the tokenizer itself"
    equal(tokenizer.vocab_size, 270, "vocab_size, as it was asked for")
    equal(list(tokenizer.merges), learn_merges(text, 13), "270 = 256 bytes, 13 merges, 1 special token")
    assert len(tokenizer.encode(text)) < 0.6 * len(text), "what was learnt shortens the text"
    for hard in (text, "", "\0", "\ud83d \ude00", "naïve 日本語 🙈\r\n", "<end>", "\u3000 \t", text):
        equal(tokenizer.decode(tokenizer.encode(hard)), hard, "a text, there and back")
    equal(tokenizer.special_tokens, {"<end>": 269}, "special tokens come last")
    assert 269 not in tokenizer.encode("<end>"), "nobody can type a special token"
    equal(tokenizer.decode([97, 269]), "a<end>", "a special token, by its name")
    equal(tokenizer.decode(tensor([226, 130])), "\ufffd", "two of the three bytes of a €")
    refuses(IndexError, lambda: tokenizer.decode([270]), "270")
    equal(BPETokenizer().encode("é"), [0xC3, 0xA9], "untrained, ids are bytes")
    equal(tokenizer.train("ababab", 257).encode("ab"), [97, 98], "no room for merges in 257 tokens")
    refuses(ValueError, lambda: tokenizer.train(text, 256), "256", "257")
    for size, warned in [(258, []), (259, [True])]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            equal(BPETokenizer().train("ab ab", size).vocab_size, 258, "256, 'ab' and ' ab'")
        said = ["258" in str(w.message) and "259" in str(w.message) for w in caught]
        equal(said, warned, f"warnings, with both sizes, for 'ab ab' and vocab_size={size}")
test_unit_bpe()

# %% [markdown]
# The first are frequent in any code or English, the last are words, or parts, of these very files.

# %%
tokenizer = BPETokenizer().train(code, 1280)
for ids in (range(256, 272), range(1264, 1280)):
    print(*(repr(tokenizer.decode([id])) for id in ids))

# %% [markdown]
# ## 9. A vocabulary in a file
# A model without its tokenizer is worthless: shift all ids by one, and it speaks gibberish. So the
# vocabulary goes into a file beside it, as JSON, which every language reads and nobody executes. Its
# `format` number tells later programs what they read. It is written like a checkpoint: into a new
# file, flushed to the disk and renamed over the old one, so that at each moment one is there, whole.
#
# ```
#    {"format": 1, "kind": "BPETokenizer", "merges": [[32, 32], …], "special_tokens": ["<end>"]}
# ```
#
# Reading expects anything, and an error says *which file* and *which key*. `load` hands what you read
# to the constructor, whose checks you know.

# %% nbgrader={"grade_id": "tokenization-save"}
#| export
FORMAT = 1

def write_vocabulary(path, kind, content):
    path = Path(path)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(draft, "w", encoding="utf-8") as file:
            json.dump({"format": FORMAT, "kind": kind, **content}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)

def read_vocabulary(path, kind, keys):
    """{key: the list that the file has for it}, for these keys. The file must hold a JSON object
    with the right "format" and "kind", and with a list for each key.

    Raises ValueError with the path for what is no JSON, or no object (a dict); with path and key (as
    `repr` shows it) for a value that is missing or wrong. Approach: what is no JSON, or no UTF-8, is
    a ValueError already when you read it: catch it, and raise one with the path."""
    ### BEGIN SOLUTION
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as problem:
        raise ValueError(f"{path}: this is no JSON: {problem}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: this is no vocabulary, but a {type(content).__name__}")
    for key, expected in [("format", FORMAT), ("kind", kind)]:
        if content.get(key) != expected:
            raise ValueError(f"{path}: {key!r} should be {expected!r}, got {content.get(key)!r}")
    for key in keys:
        if not isinstance(content.get(key), list):
            raise ValueError(f"{path}: {key!r} should be a list, got {content.get(key)!r}")
    return {key: content[key] for key in keys}
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Files
# Both tokenizers there and back, and files that are damaged in every way.

# %% nbgrader={"grade_id": "test-tokenization-save", "points": 8}
def test_unit_files():
    with TemporaryDirectory() as folder:
        path = Path(folder) / "vocabulary.json"
        for tokenizer in (BPETokenizer((), ["<end>"]).train("low lower", 260),
                          CharTokenizer((), ["<end>"]).train("é\ud83d\ude00")):
            tokenizer.save(path)
            twin = type(tokenizer).load(path)
            equal(twin.tokens, tokenizer.tokens, "the tokens, after saving and loading")
            equal(twin.special_tokens, tokenizer.special_tokens, "the special tokens")
        refuses(ValueError, lambda: BPETokenizer.load(path), str(path), "'kind'", "CharTokenizer")
        good = {"format": 1, "kind": "BPETokenizer", "merges": [[1, 2]], "special_tokens": ["a"]}
        for key, value, found in [
            ("format", 2, "'format'"), ("kind", 3, "'kind'"), ("merges", {}, "'merges'"),
            ("special_tokens", "ab", "'special_tokens'"), ("special_tokens", ["a"] * 2, "tokens[1]"),
            ("merges", [[1, 2], [3, 257]], "merges[1]"), *((key, None, repr(key)) for key in good),
        ]:
            other = {k: v for k, v in {**good, key: value}.items() if v is not None}
            path.write_text(json.dumps(other))
            refuses(ValueError, lambda: BPETokenizer.load(path), str(path), found)
        for damaged in (b'{"format": 1', b"\xff\xfe", b"", b"[1, 2]", b"1"):
            path.write_bytes(damaged)
            refuses(ValueError, lambda: BPETokenizer.load(path), str(path))
        path.write_text(json.dumps(good | {"comment": "kept apart"}))
        equal(read_vocabulary(path, "BPETokenizer", ["merges"]), {"merges": [[1, 2]]}, "one key")
        refuses(OSError, lambda: BPETokenizer.load(path / "nowhere"))
test_unit_files()

# %% [markdown]
# ## 📊 Systems analysis
# How large should a vocabulary be, what does a merge cost, and who pays?

# %%
from time import perf_counter
def timed(call):
    start = perf_counter()
    return call(), perf_counter() - start

most, _ = timed(lambda: learn_merges(code, 4096 - 256))
print("A vocabulary's price, for a model that is 256 wide, and its worth:")
for size in (256, 512, 1024, 2048, 4096):
    tokenizer = BPETokenizer(most[:size - 256])
    old, new = (len(to_bytes(text)) / len(tokenizer.encode(text)) for text in (code, unseen))
    print(f"  {size:4} tokens: {size * 256:9,} weights; {old:.2f} bytes per token, in a new file "
          f"{new:.2f}; a window of 1000 tokens sees {1000 * new:5.0f} bytes")

chunks = [(list(to_bytes(chunk)), times) for chunk, times in Counter(split(code)).items()]
seconds = timed(lambda: naive_merges(chunks, 10))[1] / 10
print(f"What a merge costs, if you look at all {len(chunks):,} chunks: {seconds * 1e3:5.2f} ms")
index, done = PairIndex(chunks), 256
def merges_until(end):
    for new in range(done, end):
        index.merge(index.most_frequent(), new)
for end in (266, 512, 1024, 4096):
    seconds = timed(lambda: merges_until(end))[1] / (end - done)
    print(f"  with the index, for ids {done:4} to {end - 1:4}: {seconds * 1e3:5.2f} ms")
    done = end

print("Training to 1024 tokens, and encoding, as the text grows:")
for size in (120_000, 240_000, 480_000):
    text = code[:size]
    found, seconds = timed(lambda: learn_merges(text, 768))
    tokenizer, chunks = BPETokenizer(found), split(text)
    first, again = (len(text) / timed(lambda: tokenizer.encode(text))[1] / 1e6 for _ in range(2))
    print(f"  {len(chunks):7,} chunks, {len(set(chunks)):5,} different: {seconds:.2f} s; encoding "
          f"{first:4.1f} million characters a second, a second time {again:4.1f}")

print("The same question in five languages, in tokens of a vocabulary that was made of code:")
for text in ("Where is the station?", "Wo ist der Bahnhof?", "Πού είναι ο σταθμός;",
             "駅はどこですか。", "स्टेशन कहाँ है?"):
    size, ids = len(to_bytes(text)), BPETokenizer(most).encode(text)
    print(f"  {len(text)} characters, {size} bytes, {len(ids)} tokens: {text}")

# %% [markdown]
# Each doubling of the vocabulary doubles the rows that the model has to learn, and buys less than the
# one before: frequent pieces come first. What was learnt by heart helps less in a new file. A smaller
# vocabulary is the beginning of a larger one, so you train once and cut.
#
# With the index, the first merges are the dearest: their pairs are everywhere. Later ones touch a few
# chunks each. What training costs depends on the *different* chunks, and the longer a text is, the
# fewer new ones it brings.
#
# Fewer tokens mean less work, more text in the window and, where tokens are sold, a smaller bill, for
# those who write as the training text does. The others pay byte by byte.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Tokenization together
# From text to batches for a language model, in which each token's target is the next one, and back.

# %% nbgrader={"grade_id": "test-tokenization-together", "points": 4}
def test_unit_together():
    class Windows(Dataset):  # sixteen tokens, and for each the one that comes next
        def __init__(self, ids): self.ids = tensor(ids)
        def __len__(self): return (len(self.ids) - 1) // 16
        def __getitem__(self, n): return self.ids[n * 16:n * 16 + 16], self.ids[n * 16 + 1:n * 16 + 17]
    text = code[:5000]
    with TemporaryDirectory() as folder:
        BPETokenizer((), ["<end>"]).train(code[:20_000], 400).save(f"{folder}/code.json")
        tokenizer = BPETokenizer.load(f"{folder}/code.json")
    for tokenizer, most in [(tokenizer, 0.6), (CharTokenizer((), ["<end>"]).train(text), 1)]:
        ids = [*tokenizer.encode(text), tokenizer.special_tokens["<end>"]]
        assert len(ids) - 1 <= most * len(text), f"{tokenizer} makes {len(ids)} tokens"
        read, targets = [], []
        for x, y in DataLoader(Windows(ids), batch_size=8):
            read, targets = read + x.reshape(-1).tolist(), targets + y.reshape(-1).tolist()
        equal(tokenizer.decode(targets[:-1]), tokenizer.decode(read[1:]), "the targets, and the text")
        equal(tokenizer.decode(read + ids[len(read):]), text + "<end>", "the text, out of batches")
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. A model reads "strawberry" as two tokens. Why is it hard for it to count the r's, and why would
#    a CharTokenizer make that easy and much else harder?
# 2. Two texts give the same merges in another order. Do their tokenizers encode alike?
# 3. `encode(decode(ids))` isn't always `ids`. Find a case; when does it matter?
# 4. A secret key occurs a hundred times in the training text. What does your vocabulary file reveal?
# 5. Is the cut with the fewest tokens what `apply_merges` finds? What would it cost to find that?

# %% [markdown]
# ## 🎯 Summary
# `from tinytorch.data import BPETokenizer` turns any text into ids and back, learns its vocabulary
# from a megabyte in seconds, and keeps it in a file. Ids are names, though, not quantities: 300 isn't
# more than 30. In module 11 each gets a vector, and learns what it means.
