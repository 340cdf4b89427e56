"""The kinds of FAISS index by name: exact by default, smaller or faster ones for large catalogues.

A kind is a string of FAISS's index factory. Similarity is the inner product, which is the cosine for vectors of unit
length.

| kind | what it is |
|---|---|
| `Flat` | exact: every vector is compared; the default |
| `IVF1024,Flat` | vectors in 1024 lists by nearest centre, only the nearest lists are compared |
| `IVF1024,SQ8` | the same with a byte a component: a quarter of the memory |
| `HNSW32` | a graph of 32 links a vector: fast, and slow to build; removed vectors stay in it as tombstones |

`SQfp16` (two bytes a component) may stand for `SQ8`, both may stand alone, and after `HNSW32,`.
"""

from __future__ import annotations

import re

from smf_embed.errors import InputError

#: The default kind: exact.
FLAT = "Flat"
#: Fewer vectors than this are compared one by one whatever the kind: nothing is faster, and there is little to learn.
ALWAYS_EXACT = 1_000

_NUMBER, _STORAGE = "[1-9][0-9]{0,5}", "Flat|SQ8|SQfp16"
_KIND = re.compile(
    f"HNSW(?P<links>{_NUMBER})(?:,(?P<of_graph>{_STORAGE}))?|(?:IVF(?P<lists>{_NUMBER}),)?(?P<storage>{_STORAGE})"
)
_COMPONENT_BYTES = {"Flat": 4, "SQfp16": 2, "SQ8": 1}
# one link makes FAISS divide by log(1), and two or three leave parts of the graph that no search reaches
_LINKS = range(4, 129)
_LISTS = range(2, 65_537)
# FAISS warns when a list is learned from fewer
_LEAST_PER_LIST = 39


def check_kind(kind: str) -> str:
    """Return `kind` if it is one that an index can be made of.

    Raises
    ------
    InputError
        Says what to write instead.
    """
    match = _KIND.fullmatch(kind)
    if not match:
        raise InputError(
            f"{kind!r}: is no kind of index; write Flat (exact), HNSW32, IVF1024,Flat or IVF1024,SQ8, "
            "with other numbers where you like"
        )
    if match["links"] and int(match["links"]) not in _LINKS:
        raise InputError(f"{kind!r}: a graph has {_LINKS[0]} to {_LINKS[-1]} links a vector; write HNSW32")
    if match["lists"] and int(match["lists"]) not in _LISTS:
        raise InputError(f"{kind!r}: an index has {_LISTS[0]} to {_LISTS[-1]:,} lists; write IVF1024,SQ8")
    return kind


def fitting_kind(kind: str, count: int) -> str:
    """Return what an index of a kind is made as for so many vectors: with fewer lists, or exact, where there are few.

    Examples
    --------
    >>> fitting_kind("IVF1024,SQ8", 200_000), fitting_kind("IVF1024,SQ8", 5_000), fitting_kind("IVF1024,SQ8", 500)
    ('IVF1024,SQ8', 'IVF128,SQ8', 'Flat')
    """
    if count < ALWAYS_EXACT:
        return FLAT
    lists = lists_of(kind)
    return kind.replace(f"IVF{lists},", f"IVF{min(lists, count // _LEAST_PER_LIST)},") if lists else kind


def bytes_needed(kind: str, count: int, dimension: int) -> int:
    """Return the memory in bytes of an index of `count` vectors."""
    match = _KIND.fullmatch(kind)
    assert match
    each = dimension * _COMPONENT_BYTES[match["storage"] or match["of_graph"] or FLAT] + 8
    if match["links"]:
        # twice the links on the lowest level, one in `links` vectors on each higher one, and two numbers of bookkeeping
        links = int(match["links"])
        each += round(4 * (2 * links + links / (links - 1))) + 12
    return count * each + 4 * dimension * lists_of(kind)


def lists_of(kind: str) -> int:
    """Return the number of lists that a kind has; 0 where it has none."""
    match = _KIND.fullmatch(kind)
    return int(match["lists"] or 0) if match else 0
