"""The tokenizer of the built-in encoder: SentencePiece's normal form in Python, its Unigram segmentation in Rust.

Ids are exactly those of the package that the weights come from, for any text.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import Unigram

UNK, BOS, EOS = 0, 1, 2
_SPACE = "\u2581"
# to share out so few letters among threads takes longer than to read them; of more, others would wait meanwhile
_FEW_LETTERS = 2_000


class SentencePiece:
    """The tokenizer of the model: SentencePiece normalisation here, Unigram segmentation in Rust.

    `tokenizers` has a normaliser for the same character map, but it walks graphemes and takes the shortest match where
    SentencePiece takes the longest, so its ids differ on decomposed letters. Nearly all characters are untouched by
    the map, hence a regular expression finds the few that are not and only those are walked in Python.
    """

    def __init__(self, model: bytes) -> None:
        vocabulary: list[tuple[str, float]] = []
        character_map = b""
        for field, value in _fields(model):
            if field == 1:
                parts = dict(_fields(value))
                vocabulary.append((parts[1].decode(), struct.unpack("<f", parts[2])[0] if 2 in parts else 0.0))
            elif field == 3:
                character_map = dict(_fields(value))[2]
        self.rust = Tokenizer(Unigram(vocabulary, unk_id=UNK, byte_fallback=False))
        (size,) = struct.unpack_from("<I", character_map)
        trie = np.frombuffer(character_map, dtype="<u4", count=size // 4, offset=4)
        self._trie = array("I", trie.astype(np.uintc).tobytes())
        self._replacements = character_map[4 + size :]
        changed, self._marks = _characters_of(trie.astype(np.int64))
        # lone surrogates cannot be encoded; they count as U+FFFD, which the map turns into a space
        surrogates = {chr(code) for code in range(0xD800, 0xE000)}
        self._single = {char: self._walk(char) for char in changed} | dict.fromkeys(surrogates, " ")
        # all beyond U+FFFF count as unstable: one range is tested in no time, their many single ones are not
        basic = "".join(re.escape(char) for char in sorted(changed | self._marks | surrogates) if char <= "\uffff")
        self._unstable = re.compile(f"[{basic}\U00010000-\U0010ffff]+")

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, between the marks of beginning and end; at least three ids a text."""
        normal = [self.normalise(text) for text in texts]
        if sum(map(len, normal)) <= _FEW_LETTERS:
            encodings = [self.rust.encode(text, add_special_tokens=False) for text in normal]
        else:
            encodings = self.rust.encode_batch(normal, add_special_tokens=False)
        return [[BOS, *(_unfused(encoding) or [UNK]), EOS] for encoding in encodings]

    def normalise(self, text: str) -> str:
        """Return the text in SentencePiece's normal form: NFKC variant, spaces collapsed and shown as U+2581."""
        if "\0" in text:
            # the trie has no edge for a NUL and the original walk stays where it is, so a NUL may lie inside a match
            text = self._walk(text.encode("utf-8", "replace").decode())
        elif self._unstable.search(text):
            text = self._rewrite(text)
        words = [word for word in text.split(" ") if word]
        return (_SPACE + _SPACE.join(words)).rstrip(_SPACE)

    def _rewrite(self, text: str) -> str:
        out: list[str] = []
        done = 0
        for match in self._unstable.finditer(text):
            start, end = match.span()
            run = match.group()
            if end - start > 1 or run in self._marks:
                # a combining mark may join the letter before it, which by itself is stable
                start = max(start - 1, done)
                out += text[done:start], self._walk(text[start:end])
            else:
                out += text[done:start], self._single.get(run, run)
            done = end
        out.append(text[done:])
        return "".join(out)

    def _walk(self, text: str) -> str:
        """Replace the longest matching keys of the trie, left to right (a darts-clone double array)."""
        data = text.encode("utf-8", "surrogatepass")
        trie, size = self._trie, len(data)
        root = _offset(trie[0])
        out = bytearray()
        position = 0
        while position < size:
            node, length, value = root, 0, 0
            for index in range(position, size):
                byte = data[index]
                node ^= byte
                unit = trie[node]
                if unit & 0x800000FF != byte:
                    break
                node ^= _offset(unit)
                if unit & 0x100:
                    length, value = index + 1 - position, trie[node] & 0x7FFFFFFF
            if length:
                out += self._replacements[value : self._replacements.index(0, value)]
            else:
                length = 1
                while position + length < size and data[position + length] & 0xC0 == 0x80:
                    length += 1
                out += data[position : position + length]
            position += length
        return out.decode("utf-8", "replace")


def _unfused(encoding: Any) -> list[int]:
    """Return the ids with one `unk` per unknown character; `tokenizers` joins neighbouring ones into one token."""
    ids: list[int] = encoding.ids
    if UNK not in ids:
        return ids
    out = []
    for token_id, token in zip(ids, encoding.tokens, strict=True):
        # a text that spells "<unk>" meets the vocabulary's own piece, which is one id
        out += [UNK] * len(token.replace("<unk>", "?")) if token_id == UNK else [token_id]
    return out


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (field number, bytes) of the length-delimited and 32-bit fields of a protobuf message."""
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(message):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            varint()
            continue
        size = {1: 8, 5: 4}[kind] if kind != 2 else varint()
        yield tag >> 3, message[position : position + size]
        position += size


def _offset(unit: Any) -> Any:
    return (unit >> 10) << ((unit & 0x200) >> 6)


def _characters_of(trie: np.ndarray) -> tuple[set[str], set[str]]:
    """Return the characters that the map changes by themselves, and those that continue a longer key."""
    nodes = np.array([_offset(trie[0])])
    singles, reached = _step(trie, nodes)
    marks: set[str] = set()
    while len(reached):
        following, reached_next = _step(trie, reached, leaves_only=False)
        marks |= following
        reached = reached_next
    return singles, marks


def _step(trie: np.ndarray, nodes: np.ndarray, leaves_only: bool = True) -> tuple[set[str], np.ndarray]:
    """Go one character on from every node; return the characters (those that end a key) and the new nodes."""
    labels = np.arange(1, 256)
    codes = np.zeros(len(nodes), dtype=np.int64)
    left = np.full(len(nodes), -1)  # UTF-8 continuation bytes still to come; -1 before the first byte
    characters: set[str] = set()
    reached = []
    while len(nodes):
        children = nodes[:, None] ^ labels
        units = trie[np.minimum(children, len(trie) - 1)]
        parent, column = np.nonzero(units & 0x800000FF == labels)
        byte, unit = labels[column], units[parent, column]
        target = children[parent, column] ^ _offset(unit)
        first = left[parent] < 0
        lead = np.select([byte < 0x80, byte < 0xE0, byte < 0xF0], [0, 1, 2], 3)
        code = np.where(first, byte & np.array([0x7F, 0x1F, 0x0F, 0x07])[lead], codes[parent] << 6 | byte & 0x3F)
        rest = np.where(first, lead, left[parent] - 1)
        complete = rest == 0
        wanted = complete & (unit & 0x100 != 0) if leaves_only else complete
        characters |= set(map(chr, np.unique(code[wanted]).tolist()))
        reached.append(target[complete])
        nodes, codes, left = target[~complete], code[~complete], rest[~complete]
    return characters, np.unique(np.concatenate(reached)) if reached else nodes
