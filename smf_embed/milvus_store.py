"""The vectors of one field of a catalogue in a collection of Milvus, with the facts of their clips.

A collection is of one field and one fingerprint, `smf_title_0123456789abcdef`, and of one catalogue, whose keys of
vectors are its primary keys. What else must be known of it stands in its properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from smf_embed.errors import CatalogueError, InputError
from smf_embed.index_kinds import check_kind, lists_of
from smf_embed.milvus import Milvus
from smf_embed.neighbour_stores import ClipFilter
from smf_embed.vector_facts import LONGEST_NAME, MOST_NAMES, VectorFacts, as_name

# queries and vectors that are sent or asked for at once, to stay under 64 MB, and keys of which the checks are
_QUERIES, _ROWS, _CHECKS = 500, 2_000, 100_000
_LARGEST_KEY = int(np.iinfo(np.int64).max)
_MOST_FOUND = 16_384  # a server answers no more to a query
_NAME = re.compile(r"smf_(?P<field>[a-z]+)_(?P<fingerprint>[0-9a-f]{16})")
_CATALOGUE, _KIND, _PUSHED = "smf_embed.catalogue", "smf_embed.kind", "smf_embed.pushed"
_LISTS = ("projects", "channels", "languages")
# what both the server and milvus-lite read back as what it was; the server has more escapes, and needs no others
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
# candidates of a graph, and the share of the lists that is looked at: recall beside speed, see docs/decisions.md
_CANDIDATES, _SHARE_OF_LISTS = 256, 16


class MilvusStore:
    """An open collection; made by `create` or `open`.

    Attributes
    ----------
    fingerprint : str
    dimension : int
    kind : str
        What the index was asked to be, in the words of `smf_embed.index_kinds`.
    """

    def __init__(self, milvus: Milvus, name: str) -> None:
        self._milvus, self.name = milvus, name
        told = milvus.call(milvus.client.describe_collection, name)
        self._properties = dict(told.get("properties") or {})
        vector = next(column for column in told["fields"] if column["name"] == "vector")
        self.dimension = int(vector["params"]["dim"])
        self.fingerprint = _NAME.fullmatch(name)["fingerprint"]  # type: ignore[index]
        self.kind = self._properties.get(_KIND, "Flat")

    @classmethod
    def create(
        cls, milvus: Milvus, field: str, fingerprint: str, dimension: int, catalogue_id: str, kind: str = "Flat"
    ) -> MilvusStore:
        """Make an empty collection; see `open` for the parameters."""
        from pymilvus import DataType

        client = milvus.client
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("vector_key", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
        schema.add_field("text", DataType.VARCHAR, max_length=32)
        for name in _LISTS:
            lengths = {"max_capacity": MOST_NAMES, "max_length": LONGEST_NAME}
            schema.add_field(name, DataType.ARRAY, element_type=DataType.VARCHAR, **lengths)
        schema.add_field("labelled", DataType.BOOL)
        schema.add_field("crowded", DataType.BOOL)
        schema.add_field("fingerprint", DataType.VARCHAR, max_length=16)
        schema.add_field("facts_check", DataType.INT64)
        index = client.prepare_index_params()
        index.add_index("vector", metric_type="IP", **_index_of(kind))
        name = collection_name(field, fingerprint)
        # all in one call: a collection that is there can be used
        milvus.call(
            client.create_collection,
            name,
            schema=schema,
            index_params=index,
            properties={_CATALOGUE: catalogue_id, _KIND: kind},
            consistency_level="Bounded",
        )
        return cls(milvus, name)

    @classmethod
    def open(
        cls,
        milvus: Milvus,
        field: str,
        fingerprint: str,
        dimension: int | None = None,
        catalogue_id: str | None = None,
    ) -> MilvusStore | None:
        """Return the collection of a field; None where the place has none of the field.

        Parameters
        ----------
        milvus : Milvus
        field : str
        fingerprint : str
        dimension : int, optional
            That the vectors must have.
        catalogue_id : str, optional
            Of the catalogue whose keys are asked for; where not given, those of any.

        Raises
        ------
        CatalogueError
            There are vectors of another encoder, dimension or catalogue; says which and which were asked for.
        """
        name = collection_name(field, fingerprint)
        there = collections_of(milvus, field)
        if name not in there:
            if not there:
                return None
            others = ", ".join(_NAME.fullmatch(other)["fingerprint"] for other in there)  # type: ignore[index]
            raise CatalogueError(
                f"{milvus.place}: holds {field} vectors of fingerprint {others}, not of {fingerprint}; vectors of two "
                f"encoders cannot be compared. Push those of the catalogue: smf-embed index push --to {milvus.place}"
            )
        store = cls(milvus, name)
        if dimension is not None and store.dimension != dimension:
            raise CatalogueError(
                f"{milvus.place}: its {field} vectors have {store.dimension} dimensions, those of the catalogue "
                f"{dimension}; put them in its place: smf-embed index push --replace --to {milvus.place}"
            )
        if catalogue_id is not None and store.catalogue_id != catalogue_id:
            raise CatalogueError(
                f"{milvus.place}: its {field} vectors are of catalogue {store.catalogue_id}, not of {catalogue_id}, "
                "which numbers texts in its own way. Name another file or database, or put them in its place: "
                f"smf-embed index push --replace --to {milvus.place}"
            )
        milvus.call(milvus.client.load_collection, name)
        return store

    def __len__(self) -> int:
        return int(self._ask(self._milvus.client.query, output_fields=["count(*)"])[0]["count(*)"])

    def __repr__(self) -> str:
        return f"MilvusStore({self._milvus.place!r}, {self.name}, {self.kind})"

    @property
    def catalogue_id(self) -> str:
        """Of the catalogue whose keys the vectors have; empty where it does not say."""
        return self._properties.get(_CATALOGUE, "")

    @property
    def pushed(self) -> str:
        """What the last push that came to its end noted; empty where none has."""
        return self._properties.get(_PUSHED, "")

    def note_pushed(self, mark: str) -> None:
        """Note what the collection is a copy of; an empty mark before it is changed."""
        self._milvus.call(self._milvus.client.alter_collection_properties, self.name, properties={_PUSHED: mark})
        self._properties[_PUSHED] = mark

    @property
    def keys(self) -> np.ndarray:
        """Keys of all vectors, int64, sorted."""
        return self.checks()[0]

    def checks(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the keys of all vectors, sorted, and the checks of their facts; both int64, shape (n,)."""
        keys, checks = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        count, first, width = len(self), 0, _CHECKS
        while sum(map(len, keys)) < count and first <= _LARGEST_KEY:
            span = f"vector_key >= {first} and vector_key <= {min(first + width - 1, _LARGEST_KEY)}"
            rows = self._ask(self._milvus.client.query, filter=span, output_fields=["vector_key", "facts_check"])
            found = np.array([(row["vector_key"], row["facts_check"]) for row in rows], dtype=np.int64).reshape(-1, 2)
            found = found[np.argsort(found[:, 0])]
            keys.append(found[:, 0])
            checks.append(found[:, 1])
            first += width
            # keys are handed out one after the other; where they are not, or others take some away meanwhile, it ends
            width *= 2 if len(found) < width // 4 else 1
        return np.concatenate(keys), np.concatenate(checks)

    def vectors(self, keys: np.ndarray) -> np.ndarray:
        """Return the vectors with these keys, float32, shape (len(keys), dimension).

        Raises
        ------
        CatalogueError
            One of them is not there.
        """
        parts = [vectors for _, vectors in self.texts_and_vectors(keys)]
        return np.concatenate([np.empty((0, self.dimension), dtype=np.float32), *parts])

    def texts_and_vectors(self, keys: np.ndarray) -> Iterator[tuple[list[str], np.ndarray]]:
        """Yield the digests of texts and the vectors of these keys, in pieces; see `vectors`."""
        for start in range(0, len(keys), _ROWS):
            part = keys[start : start + _ROWS].tolist()
            rows = self._ask(self._milvus.client.get, ids=part, output_fields=["vector_key", "text", "vector"])
            found = {row["vector_key"]: row for row in rows}
            if missing := set(part) - found.keys():
                raise CatalogueError(
                    f"{self._milvus.place}: {len(missing)} of {len(part)} vectors of {self.name} are not there"
                )
            vectors = np.array([found[key]["vector"] for key in part], dtype=np.float32)
            yield [found[key]["text"] for key in part], vectors

    def search(self, vectors: np.ndarray, k: int, where: ClipFilter | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest texts; see `smf_embed.neighbour_stores.NeighbourStore.search`.

        A server finds no more than 16,384.
        """
        keys = np.full((len(vectors), k), -1, dtype=np.int64)
        similarity = np.full((len(vectors), k), np.nan, dtype=np.float32)
        most = min(k, _MOST_FOUND)
        if not most:
            return keys, similarity
        effort = {"ef": max(_CANDIDATES, most), "nprobe": max(8, lists_of(self.kind) // _SHARE_OF_LISTS)}
        if vectors.shape[1] != self.dimension:
            raise ValueError(f"vectors of {vectors.shape[1]} dimensions are asked about, there are {self.dimension}")
        for start in range(0, len(vectors), _QUERIES):
            answers = self._milvus.call(
                self._milvus.client.search,
                self.name,
                data=list(np.ascontiguousarray(vectors[start : start + _QUERIES], dtype=np.float32)),
                anns_field="vector",
                limit=most,
                filter=filter_of(where),
                # nothing is asked for but the keys, and milvus-lite sends all where that is said by an empty list
                output_fields=["vector_key"],
                search_params={"metric_type": "IP", "params": effort if self.kind != "Flat" else {}},
            )
            for row, found in enumerate(answers, start=start):
                keys[row, : len(found)] = found.ids
                similarity[row, : len(found)] = found.distances
        return keys, similarity

    def upsert(self, keys: np.ndarray, vectors: np.ndarray, facts: Sequence[VectorFacts]) -> None:
        """Put vectors in, in the place of those that have their keys.

        Parameters
        ----------
        keys : ndarray of int64, shape (n,)
            Not negative.
        vectors : ndarray, shape (n, dimension), float32
        facts : sequence of VectorFacts, of length n
        """
        if vectors.shape != (len(keys), self.dimension):
            raise ValueError(f"vectors of shape {vectors.shape} do not fit {len(keys)} keys of {self.dimension}")
        for start in range(0, len(keys), _ROWS):
            rows = [
                {
                    "vector_key": key,
                    "vector": vector,
                    **vars(known) | {name: list(getattr(known, name)) for name in _LISTS},
                    "fingerprint": self.fingerprint,
                    "facts_check": known.check,
                }
                for key, vector, known in zip(
                    keys[start : start + _ROWS].tolist(),
                    vectors[start : start + _ROWS],
                    facts[start : start + _ROWS],
                    strict=True,
                )
            ]
            self._milvus.call(self._milvus.client.upsert, self.name, data=rows)

    def delete(self, keys: np.ndarray) -> None:
        """Take vectors out; keys that are not there are passed over."""
        for start in range(0, len(keys), _ROWS):
            part = keys[start : start + _ROWS].tolist()
            self._milvus.call(self._milvus.client.delete, self.name, ids=part)

    def _ask(self, ask: Any, **options: Any) -> Any:
        # what was put in a moment ago is seen
        return self._milvus.call(ask, self.name, consistency_level="Strong", **options)


def collection_name(field: str, fingerprint: str) -> str:
    """Return the name of the collection of a field and an encoder."""
    return f"smf_{field}_{fingerprint}"


def collections_of(milvus: Milvus, field: str) -> list[str]:
    """Return the names of the collections that hold vectors of a field, of any encoder and catalogue."""
    names = (_NAME.fullmatch(name) for name in milvus.call(milvus.client.list_collections))
    return sorted(name[0] for name in names if name and name["field"] == field)


def filter_of(where: ClipFilter | None) -> str:
    """Return a filter in the words of Milvus, empty for none."""
    if not where:
        return ""
    conditions = [
        f'array_contains({name}, "{as_name(value).translate(_ESCAPES)}")'
        for name, value in (("projects", where.project), ("channels", where.channel), ("languages", where.language))
        if value is not None
    ]
    if not conditions:
        return "labelled == true"
    if where.labelled:
        conditions.append("labelled == true")
    return f"crowded == true or ({' and '.join(conditions)})"


def _index_of(kind: str) -> dict[str, Any]:
    """Return what Milvus calls an index of a kind; the nearest that it has."""
    if lists := lists_of(check_kind(kind)):
        name = "IVF_SQ8" if kind.endswith("SQ8") else "IVF_FLAT"
        return {"index_type": name, "params": {"nlist": lists}}
    if kind.startswith("HNSW"):
        links = int(kind.removeprefix("HNSW").partition(",")[0])
        return {"index_type": "HNSW", "params": {"M": links, "efConstruction": 200}}
    return {"index_type": "FLAT", "params": {}}


def store_of(milvus: Milvus, field: str, catalogue: Any) -> MilvusStore:
    """Return the collection of a field of a catalogue.

    Parameters
    ----------
    milvus : Milvus
    field : str
    catalogue : Catalogue

    Raises
    ------
    InputError
        Nothing of the field was pushed there.
    CatalogueError
        See `MilvusStore.open`.
    """
    found = MilvusStore.open(milvus, field, catalogue.fingerprint, catalogue.dimension, catalogue.catalogue_id)
    if found is None:
        raise InputError(
            f"{milvus.place}: holds no {field} vectors of this catalogue; push them: smf-embed index push "
            f"--to {milvus.place}"
        )
    return found
