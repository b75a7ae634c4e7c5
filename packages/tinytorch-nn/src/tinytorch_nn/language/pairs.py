"""Byte-pair encoding without any of your modules: slow, and plain."""

from collections import Counter
from itertools import pairwise

LIMITS = {"white": 32, "digit": 3, "letter": 32, "sign": 32}


def kind(character):
    if character.isspace():
        return "white"
    if character.isdecimal():
        return "digit"
    return "letter" if character.isalnum() else "sign"


def pieces(text):
    """Runs of one kind, each with the one blank before it. No merge goes beyond a piece."""
    found, at = [], 0
    while at < len(text):
        start = at
        at += text[at] == " " and at + 1 < len(text) and kind(text[at + 1]) != "white"
        this = kind(text[at])
        most = at + LIMITS[this]
        while at < min(most, len(text)) and kind(text[at]) == this:
            at += 1
        found.append(text[start:at])
    return found


def numbers(piece):
    return list(piece.encode("utf-8", "surrogatepass"))


def merged(ids, pair, new):
    """ids, with `new` wherever that pair was, from the left."""
    found, at = [], 0
    while at < len(ids):
        here = tuple(ids[at : at + 2]) == pair
        found.append(new if here else ids[at])
        at += 2 if here else 1
    return found


def learn(text, how_many):
    """The merges: each time the pair that is most frequent now, of several the smallest."""
    words, merges = [numbers(piece) for piece in pieces(text)], []
    for _ in range(how_many):
        counts = Counter(pair for ids in words for pair in pairwise(ids))
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        words = [merged(ids, pair, 256 + len(merges)) for ids in words]
        merges.append(pair)
    return merges


def tokens(merges):
    """The bytes of every token."""
    table = [bytes([byte]) for byte in range(256)]
    for first, second in merges:
        table.append(table[first] + table[second])
    return table


def encode(text, merges):
    """All merges, one after another, in each piece."""
    found = []
    for ids in map(numbers, pieces(text)):
        for place, pair in enumerate(merges):
            ids = merged(ids, pair, 256 + place)
        found += ids
    return found
