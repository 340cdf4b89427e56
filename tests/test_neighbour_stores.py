"""FAISS beside the catalogue and Milvus answer alike: as a comparison with every vector does, whatever was written."""

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.errors import CatalogueError, InputError
from smf_embed.milvus import TOKEN, Milvus
from smf_embed.milvus_store import MilvusStore, filter_of, store_of
from smf_embed.neighbour_stores import ClipFilter, NeighbourStore
from smf_embed.neighbours import Neighbours, similar
from smf_embed.shared_index import push
from smf_embed.vector_facts import LONGEST_NAME, MOST_NAMES, VectorFacts

# they talk to a server, or to a store that runs beside
pytestmark = pytest.mark.slow

milvus_lite = pytest.importorskip("milvus_lite", reason="milvus-lite keeps a collection in a file; not on Windows")

# names that would end a string, begin another condition, or be read as an escape
HOSTILE = [
    'Буба "и друзья"',
    "it's",
    "back\\slash",
    'end\\" or true or "',
    '") or labelled == true or array_contains(projects, "',
    "new\nline\ttab\rreturn",
    "\\u0041\\n",
    "None",
    "😀 $meta {project}",
    "и\u0301",
    "%_like%",
    "я" * LONGEST_NAME,
    "я" * LONGEST_NAME + "!",
]


class Stores:
    """A catalogue and what searches it, brought up to it by `follow`."""

    def __init__(self, catalogue: Catalogue, milvus: Milvus | None) -> None:
        self.catalogue, self.milvus = catalogue, milvus

    def add(self, titles: dict[str, str | None], **more: list) -> None:
        table = pd.DataFrame({"yt_reel_id": list(titles), "reel_name": list(titles.values())} | more)
        self.catalogue.add(iter_clips(table))

    def follow(self, field: str = "title") -> NeighbourStore:
        if self.milvus is None:
            return Neighbours(self.catalogue, field)
        push(self.catalogue, self.milvus)
        return store_of(self.milvus, field, self.catalogue)

    def similar(self, *words: str, **options) -> list[dict]:
        def opened(_: Catalogue, field: str) -> NeighbourStore:
            return self.follow(field)

        return similar(self.catalogue, *words, **options, open_index=opened)


@pytest.fixture(params=["faiss", "milvus"])
def stores(request, tmp_path, encoded) -> Iterator[Stores]:
    """An empty catalogue with made-up vectors of 16 dimensions, beside FAISS or a file of Milvus."""
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        if request.param == "faiss":
            yield Stores(catalogue, None)
        else:
            with Milvus(str(tmp_path / "vectors.db"), create=True) as milvus:
                yield Stores(catalogue, milvus)


@pytest.fixture
def filled(stores) -> Stores:
    """300 clips with 250 distinct titles."""
    stores.add({f"id{i}": f"title {i % 250}" for i in range(300)})
    return stores


def queries(count: int = 30) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(count, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def assert_exact(
    stores: Stores, index: NeighbourStore, k: int = 20, among: set[int] | None = None, where: ClipFilter | None = None
) -> None:
    """Compare with every distinct vector of the stored clips, or of those among them."""
    keys = stores.catalogue.vector_keys("title")
    keys = keys[[among is None or key in among for key in keys.tolist()]]
    similarity = queries() @ stores.catalogue.vectors(keys).T
    order = np.argsort(-similarity, axis=1)[:, :k]
    found, similar = index.search(queries(), order.shape[1], where)
    np.testing.assert_array_equal(found, keys[order])
    np.testing.assert_allclose(similar, np.take_along_axis(similarity, order, axis=1), atol=1e-5)


def test_the_order_is_that_of_brute_force(filled):
    index = filled.follow()
    assert len(index) == 250
    assert index.fingerprint == filled.catalogue.fingerprint
    np.testing.assert_array_equal(index.keys, filled.catalogue.vector_keys("title"))
    assert_exact(filled, index)


def test_a_text_is_nearest_to_itself(filled):
    index = filled.follow()
    keys, similarity = index.search(index.vectors(index.keys), 1)
    np.testing.assert_array_equal(keys[:, 0], index.keys)
    np.testing.assert_allclose(similarity, 1, atol=1e-3)


def test_vectors_come_back_as_they_are_in_the_order_asked_for(filled):
    index = filled.follow()
    keys = np.random.default_rng(1).permutation(index.keys)[:50]
    np.testing.assert_array_equal(index.vectors(keys), filled.catalogue.vectors(keys))
    assert index.vectors(keys[:0]).shape == (0, 16)
    with pytest.raises(CatalogueError):
        index.vectors(np.array([999_999]))


def test_more_than_there_are_and_none_at_all_are_filled_up(filled):
    keys, similarity = filled.follow().search(queries(3), 300)
    assert (keys[:, :250] > 0).all()
    assert (keys[:, 250:] == -1).all()
    assert np.isnan(similarity[:, 250:]).all()
    keys, _ = filled.follow().search(queries(3), 0)
    assert keys.shape == (3, 0)
    keys, _ = filled.follow().search(queries(3)[:0], 5)
    assert keys.shape == (0, 5)


def test_a_zero_vector_is_as_near_to_all(filled):
    keys, similarity = filled.follow().search(np.zeros((1, 16), dtype=np.float32), 5)
    assert (keys > 0).all()
    np.testing.assert_array_equal(similarity, np.zeros((1, 5)))


def test_new_texts_are_found_and_those_of_no_clip_are_not(filled):
    filled.follow()
    filled.add({f"new{i}": f"new title {i}" for i in range(40)})
    filled.catalogue.remove([f"id{i}" for i in range(60, 80)])
    index = filled.follow()
    assert len(index) == 270
    assert_exact(filled, index)


def test_a_clip_with_another_text_is_found_by_the_new_one(filled):
    filled.follow()
    filled.add({"id7": "another title"})
    index = filled.follow()
    assert len(index) == 251  # title 7 is that of id257, too
    filled.add({"id257": "another title"})
    index = filled.follow()
    assert len(index) == 250
    assert_exact(filled, index)


def test_an_empty_catalogue_that_had_clips_has_nothing_to_be_found(filled):
    filled.follow()
    filled.catalogue.remove([f"id{i}" for i in range(300)])
    index = filled.follow()
    assert len(index) == 0
    keys, similarity = index.search(queries(2), 3)
    assert (keys == -1).all()
    assert np.isnan(similarity).all()


def test_each_filter_lets_through_the_texts_of_its_clips(stores):
    stores.add(
        {f"id{i}": f"title {i}" for i in range(120)},
        cartoon=["Буба" if i % 3 == 0 else "none" if i % 3 == 1 else None for i in range(120)],
        yt_channel_id=[f"UC{i % 4}" for i in range(120)],
        yt_channel_name=[f"Канал {i % 5}" for i in range(120)],
        language=["ru" if i % 2 else None for i in range(120)],
    )
    index = stores.follow()
    for where, kept in (
        (ClipFilter(project="Буба"), lambda i: i % 3 == 0),
        (ClipFilter(project="none"), lambda i: i % 3 == 1),
        (ClipFilter(project="Лунтик"), lambda i: False),
        (ClipFilter(channel="UC1"), lambda i: i % 4 == 1),
        (ClipFilter(channel="Канал 2"), lambda i: i % 5 == 2),
        (ClipFilter(labelled=True), lambda i: i % 3 < 2),
        (ClipFilter(language="ru"), lambda i: i % 2),
        # each title is that of one clip, so that all conditions together are those of one clip
        (ClipFilter("Буба", "UC1", True, "ru"), lambda i: i % 3 == 0 and i % 4 == 1 and i % 2),
        (ClipFilter(), lambda i: True),
    ):
        clips = stores.catalogue.clips([f"id{i}" for i in range(120) if kept(i)])
        keys = {clip["title_vector"] for clip in clips}
        assert_exact(stores, index, among=keys, where=where)
        assert (index.search(queries(1), 120, where)[0] >= 0).sum() == len(keys)


def test_similar_clips_are_those_that_pass_all_filters_together(stores):
    # one text, and clips of it that each lack something
    titles = {f"a{i}": "the same title" for i in range(4)} | {f"b{i}": f"title {i}" for i in range(40)}
    stores.add(
        titles,
        cartoon=["Буба", None, "Лунтик", "Буба"] + ["Буба"] * 40,
        yt_channel_id=["UC1", "UC2", "UC2", "UC1"] + ["UC2" if i == 17 else "UC1" for i in range(40)],
        language=["ru"] * 4 + ["de"] * 40,
    )
    found = stores.similar(text="the same title", project="Буба", channel="UC2")
    assert [clip["yt_reel_id"] for clip in found] == ["b17"]
    found = stores.similar(text="the same title", project="Лунтик", channel="UC2", language="ru", labelled=True)
    assert [clip["yt_reel_id"] for clip in found] == ["a2"]
    assert stores.similar(text="the same title", project="Лунтик", language="de") == []
    found = stores.similar("a0", k=3)
    assert [clip["yt_reel_id"] for clip in found] == ["a1", "a2", "a3"]


def test_a_label_given_or_taken_away_counts(filled):
    filled.follow()
    filled.catalogue.label(["id3"], "Буба")
    assert [clip["yt_reel_id"] for clip in filled.similar(text="title 200", project="Буба")] == ["id3"]
    filled.catalogue.label(["id3"], None)
    assert filled.similar(text="title 200", labelled=True) == []


def test_hostile_names_are_names(stores):
    count = len(HOSTILE)
    stores.add(
        {f"id{i}": f"title {i}" for i in range(count)},
        cartoon=[f"p {name}" for name in HOSTILE],
        yt_channel_id=[f"c {name}" for name in HOSTILE],
        language=[f"l {name}" for name in HOSTILE],
    )
    stored = {clip["yt_reel_id"]: clip for clip in stores.catalogue.clips([f"id{i}" for i in range(count)])}
    for identifier, clip in stored.items():
        for condition in (
            {"project": clip["cartoon"]},
            {"channel": clip["yt_channel_id"]},
            {"language": clip["language"]},
            {"project": clip["cartoon"], "channel": clip["yt_channel_id"], "language": clip["language"]},
        ):
            assert [one["yt_reel_id"] for one in stores.similar(text="title 0", **condition)] == [identifier]
            others = {name: f"{value}x" for name, value in condition.items()}
            assert stores.similar(text="title 0", **others) == []


@pytest.mark.parametrize("stores", ["milvus"], indirect=True)
class TestMilvus:
    """What only Milvus has."""

    def test_a_text_of_more_channels_than_a_list_holds_passes_every_filter_and_its_clips_tell(self, stores):
        many = MOST_NAMES + 1
        stores.add(
            {f"id{i}": "shorts" for i in range(many)} | {"other": "another title"},
            yt_channel_id=[f"UC{i}" for i in range(many)] + ["UC7"],
        )
        found = stores.similar(text="shorts", channel="UC7")
        assert [clip["yt_reel_id"] for clip in found] == ["id7", "other"]
        assert stores.similar(text="shorts", channel="UC7", project="Буба") == []

    def test_upsert_replaces_and_delete_removes(self, stores):
        vectors = queries(10)
        facts = [VectorFacts("0" * 32, (), (), (), False, False)] * 10
        keys = np.arange(10, 20)
        store = MilvusStore.create(stores.milvus, "title", "0" * 16, 16, "one")
        store.upsert(keys, vectors, facts)
        store.upsert(keys[:2], vectors[:2][::-1], [VectorFacts("1" * 32, ("Буба",), (), (), True, False)] * 2)
        assert len(store) == 10
        assert store.search(vectors[:2], 1)[0].ravel().tolist() == [11, 10]
        assert store.search(vectors[:1], 5, ClipFilter(project="Буба"))[0][0].tolist() == [11, 10, -1, -1, -1]
        assert store.checks()[1][0] != store.checks()[1][2]
        store.delete(np.array([11, 12, 999]))
        assert store.keys.tolist() == [10, *range(13, 20)]
        assert 11 not in store.search(vectors, 10)[0]
        with pytest.raises(ValueError, match="do not fit"):
            store.upsert(keys, vectors[:, :5], facts)
        with pytest.raises(ValueError, match="5 dimensions"):
            store.search(vectors[:, :5], 1)

    def test_keys_far_apart_are_all_listed(self, stores):
        store = MilvusStore.create(stores.milvus, "title", "0" * 16, 16, "one")
        keys = np.array([0, 1, 99_999, 100_000, 10**9, 2**62, 2**63 - 1])
        store.upsert(keys, queries(7), [VectorFacts("0" * 32, (), (), (), False, False)] * 7)
        np.testing.assert_array_equal(store.keys, keys)

    def test_it_is_the_same_when_it_is_opened_again(self, filled, tmp_path):
        filled.follow()
        filled.milvus.close()
        with Milvus(str(tmp_path / "vectors.db")) as milvus:
            index = store_of(milvus, "title", filled.catalogue)
            assert index.pushed
            assert_exact(filled, index)
            assert_exact(filled, index, among=set(), where=ClipFilter(project="Буба"))
            filled.milvus = milvus
            filled.add({"new": "new title"})
            assert_exact(filled, filled.follow())
        filled.milvus = Milvus(str(tmp_path / "vectors.db"))  # for the fixture to close

    def test_vectors_of_another_encoder_dimension_or_catalogue_are_refused(self, filled):
        filled.follow()
        ours = filled.catalogue.fingerprint
        for words in (("f" * 16, 16, None), (ours, 17, None), (ours, 16, "another")):
            with pytest.raises(CatalogueError) as refused:
                MilvusStore.open(filled.milvus, "title", *words)
            told = str(refused.value)
            there = {"f" * 16: ours, 17: "16", "another": filled.catalogue.catalogue_id}
            wrong = next(word for word in words if word in there)
            assert str(wrong) in told
            assert there[wrong] in told
            assert "smf-embed index push" in told

    def test_it_listens_to_this_machine_alone(self, stores):
        import psutil

        listening = [one.laddr.ip for one in psutil.Process().net_connections() if one.status == psutil.CONN_LISTEN]
        assert listening
        assert {address.removeprefix("::ffff:") for address in listening} <= {"127.0.0.1", "::1"}


def test_a_filter_says_what_is_asked_for():
    assert filter_of(None) == filter_of(ClipFilter()) == ""
    assert filter_of(ClipFilter(labelled=True)) == "labelled == true"
    assert filter_of(ClipFilter('a"b\\', labelled=True)) == (
        'crowded == true or (array_contains(projects, "a\\"b\\\\") and labelled == true)'
    )


def test_kinds_of_index_have_their_names_in_milvus(tmp_path):
    with Milvus(str(tmp_path / "kinds.db"), create=True) as milvus:
        vectors = np.random.default_rng(0).normal(size=(600, 16)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        facts = [VectorFacts("0" * 32, (), (), (), True, False)] * 600
        for number, kind in enumerate(["HNSW32", "IVF4,Flat", "IVF4,SQ8", "SQ8"]):
            store = MilvusStore.create(milvus, "title", f"{number:016}", 16, "one", kind)
            store.upsert(np.arange(600), vectors, facts)
            milvus.call(milvus.client.flush, store.name)
            keys, _ = store.search(vectors, 5)
            assert (keys[:, 0] == np.arange(600)).mean() > 0.95
            assert MilvusStore(milvus, store.name).kind == kind


def test_what_is_no_place_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv(TOKEN, "secret-token")
    for place, told in (
        ("vectors.sqlite", "ends in .db"),
        ("ftp://127.0.0.1", "http://HOST:19530"),
        ("http://", "http://HOST:19530"),
        ("http://[bad", "http://HOST:19530"),
        (str(tmp_path / "nowhere.db"), "smf-embed index push"),
    ):
        with pytest.raises(InputError, match=told):
            Milvus(place)
    with pytest.raises(InputError, match=TOKEN) as refused:
        Milvus("https://root:word@127.0.0.1:19530")
    assert "word" not in str(refused.value).replace("password", "")
    with pytest.raises(InputError, match="no folder"):
        Milvus(str(tmp_path / "no" / "vectors.db"), create=True)
    with pytest.raises(CatalogueError, match=r"127\.0\.0\.1:9") as silent:
        Milvus("http://127.0.0.1:9")
    assert "secret-token" not in str(silent.value)


def test_a_file_that_another_program_has_open_is_told(tmp_path):
    import subprocess

    place = str(tmp_path / "vectors.db")
    code = (
        "import sys; from smf_embed.milvus import Milvus\n"
        f"with Milvus({place!r}, create=True): print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(CatalogueError, match="another program has it open"):
            Milvus(place)
        other.communicate(timeout=30)
    with Milvus(place):
        pass
