"""Long texts in windows: cut at the ends of sentences, encoded one by one, their vectors pooled."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from smf_embed.errors import InputError

#: Texts up to this length are encoded whole, longer ones in windows of at most so many characters.
MAX_CHARS = 1000

_SENTENCE_END = re.compile(r"[.!?…][\"'»”)]{0,2}(?=\s)|[。！？]|\n")


def windows(text: str, max_chars: int = MAX_CHARS) -> list[str]:
    """Cut a long text into windows that an encoder takes.

    A window ends at the last end of a sentence or line in its second half; where there is none, at the last white
    space; inside a word that is longer than a window, anywhere.

    Parameters
    ----------
    text : str
    max_chars : int
        Length of a window at most, 1 or more.

    Returns
    -------
    list of str
        No window is empty; together they are the text but for white space where they meet.

    Examples
    --------
    >>> windows("Буба ест. Буба спит. Буба поёт.", max_chars=21)
    ['Буба ест. Буба спит.', 'Буба поёт.']
    """
    result: list[str] = []
    start, length = _skip_space(text, 0), len(text.rstrip())
    while start < length:
        end = length if length - start <= max_chars else _window_end(text, start, max_chars)
        result.append(text[start:end].rstrip())
        if end >= length:
            break
        start = _skip_space(text, end)
    return result


def fitting_windows(
    texts: Sequence[str], count: Callable[[list[str]], Sequence[int]], limit: float, max_chars: int = MAX_CHARS
) -> list[list[str]]:
    """Cut each text into windows of at most so many characters and so many tokens of a model.

    Parameters
    ----------
    texts : sequence of str
    count : callable
        Gives the number of tokens of each text in a list, with all that the model puts around them.
    limit : float
        Tokens that the model takes; what is beyond them it would cut off.
    max_chars : int

    Returns
    -------
    list of list of str
        For each text its windows; the text itself where it fits.

    Raises
    ------
    InputError
        When not even one character fits.

    Examples
    --------
    >>> fitting_windows(["Буба ест кашу.", "Буба"], lambda texts: [len(text.split()) for text in texts], limit=2)
    [['Буба ест', 'кашу.'], ['Буба']]
    """
    result = [windows(text, max_chars) if len(text) > max_chars else [text] for text in texts]
    doubtful = [(row, place) for row, parts in enumerate(result) for place in range(len(parts))]
    while doubtful:
        counts = count([result[row][place] for row, place in doubtful])
        too_long = {spot: tokens for spot, tokens in zip(doubtful, counts, strict=True) if tokens > limit}
        doubtful = []
        for row in {row for row, _ in too_long}:
            parts: list[str] = []
            for place, part in enumerate(result[row]):
                tokens = too_long.get((row, place))
                if tokens is None:
                    parts.append(part)
                    continue
                if len(part) == 1:
                    raise InputError(f"{part!r} has {tokens} tokens with its prompt, and the model takes {limit}")
                # a little shorter than the average token says, since tokens are not equally long
                cut = windows(part, max(1, min(len(part) - 1, int(0.9 * len(part) * limit / tokens))))
                doubtful += [(row, len(parts) + number) for number in range(len(cut))]
                parts += cut
            result[row] = parts
    return result


def pool(vectors: np.ndarray, lengths: Sequence[float] | np.ndarray) -> np.ndarray:
    """Join the vectors of a text's windows into one: their mean, weighted by the windows' lengths, at unit length.

    Parameters
    ----------
    vectors : ndarray, shape (n, dimension)
    lengths : sequence of float, n
        Not negative.

    Returns
    -------
    ndarray, shape (dimension,), float32
        Zero when there is no window or the windows cancel out.
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    weights = np.asarray(lengths, dtype=np.float64)
    if vectors.ndim != 2 or weights.shape != (len(vectors),):
        raise InputError(f"vectors of shape {vectors.shape} cannot be pooled with lengths of shape {weights.shape}")
    total = weights @ vectors
    norm = np.linalg.norm(total)
    if norm <= 1e-12 * max(1.0, float(weights.sum())):
        return np.zeros(vectors.shape[1], dtype=np.float32)
    return np.asarray(total / norm, dtype=np.float32)


def _skip_space(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start


def _window_end(text: str, start: int, max_chars: int) -> int:
    # one character more, since a window may end right before a white space
    piece = text[start : start + max_chars + 1]
    ends = [match.end() for match in _SENTENCE_END.finditer(piece) if max_chars // 2 < match.end() <= max_chars]
    if ends:
        return start + ends[-1]
    for place in range(len(piece) - 1, 0, -1):
        if piece[place].isspace():
            return start + place
    return start + max_chars
