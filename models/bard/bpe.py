"""Byte-level BPE: learn the merges from a text, encode with them, write them as `tokenizer.json`.

The first 256 tokens are the bytes, so that any text can be encoded; each further token joins two
earlier ones. What may be joined is bounded by pieces: a word with the space before it, a run of
signs, a line break. Line breaks therefore stay tokens of their own, and a prompt that ends in
"ROMEO:" is cut as the same words are in the middle of the text.
"""
import re
from collections import Counter, defaultdict

# The pattern of the ByteLevel pre-tokenizer, in the words of Python's `re`: alike for ASCII, which
# is all that is encoded here; verify.js compares every token of the text with the library's.
PIECE = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def byte_names():
    """How tokenizer.json spells each byte: printable ones as themselves, the rest from U+0100 on."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [b for b in range(256) if b not in shown]
    return {**{b: chr(b) for b in shown}, **{b: chr(256 + i) for i, b in enumerate(hidden)}}


def join(word, pair, token):
    """`word` with each occurrence of `pair` replaced by `token`, from the left."""
    out, i = [], 0
    while i < len(word):
        if tuple(word[i: i + 2]) == pair:
            out.append(token)
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


class Bpe:
    """Merges in the order in which they were learnt; merge i makes token 256 + i."""

    def __init__(self, merges):
        self.merges = merges
        self.rank = {pair: i for i, pair in enumerate(merges)}
        self.cache = {}

    @property
    def size(self):
        return 256 + len(self.merges)

    @classmethod
    def learn(cls, text, size):
        """The most frequent pair is joined next; among equals the one of the lowest tokens."""
        counts = Counter(PIECE.findall(text))
        words = [(list(piece.encode()), n) for piece, n in counts.items()]
        pairs, where = Counter(), defaultdict(set)
        for at, (word, n) in enumerate(words):
            for pair in zip(word, word[1:]):
                pairs[pair] += n
                where[pair].add(at)
        merges = []
        for token in range(256, size):
            best = max(pairs, key=lambda pair: (pairs[pair], -pair[0], -pair[1]))
            merges.append(best)
            for at in where.pop(best):
                word, n = words[at]
                joined = join(word, best, token)
                for pair in zip(word, word[1:]):
                    pairs[pair] -= n
                for pair in zip(joined, joined[1:]):
                    pairs[pair] += n
                    where[pair].add(at)
                words[at] = (joined, n)
            del pairs[best]
        return cls(merges)

    def encode(self, text):
        return [token for piece in PIECE.findall(text) for token in self.piece(piece)]

    def piece(self, piece):
        """The tokens of one piece; most pieces come again, so their tokens are kept."""
        if piece not in self.cache:
            word = list(piece.encode())
            while len(word) > 1:
                pair = min(zip(word, word[1:]), key=lambda p: self.rank.get(p, len(self.rank)))
                if pair not in self.rank:
                    break
                word = join(word, pair, 256 + self.rank[pair])
            self.cache[piece] = word
        return self.cache[piece]

    def bytes_of(self, token):
        if token < 256:
            return bytes([token])
        a, b = self.merges[token - 256]
        return self.bytes_of(a) + self.bytes_of(b)

    def to_json(self):
        """The form that Hugging Face's tokenizers read."""
        names = byte_names()
        spelled = [names[b] for b in range(256)]
        for a, b in self.merges:
            spelled.append(spelled[a] + spelled[b])
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        return {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
            "pre_tokenizer": level, "post_processor": None, "decoder": level,
            "model": {
                "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                "vocab": {name: i for i, name in enumerate(spelled)},
                "merges": [f"{spelled[a]} {spelled[b]}" for a, b in self.merges]}}
