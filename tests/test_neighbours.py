"""Nearest neighbours are those of a comparison with every vector, however the index came about."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.errors import InputError
from smf_embed.files import file_digest, read_sealed_json, write_sealed_json
from smf_embed.neighbours import Neighbours, refresh_snapshots, reindex_kind, similar
from smf_embed.snapshots import remove_other_snapshots
from smf_embed.vector_index import VectorIndex


def add(catalogue: Catalogue, titles: dict[str, str | None], **more) -> None:
    catalogue.add(iter_clips(pd.DataFrame({"yt_reel_id": list(titles), "reel_name": list(titles.values())} | more)))


@pytest.fixture
def catalogue(tmp_path, encoded):
    """A catalogue of 300 clips with 250 distinct titles, with made-up vectors."""
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        add(catalogue, {f"id{i}": f"title {i % 250}" for i in range(300)})
        yield catalogue


def brute_force(catalogue: Catalogue, vectors: np.ndarray, k: int, field: str = "title"):
    """Compare with every distinct vector of the stored clips."""
    keys = catalogue.vector_keys(field)
    similarity = vectors @ catalogue.vectors(keys).T
    order = np.argsort(-similarity, axis=1)[:, :k]
    return keys[order], np.take_along_axis(similarity, order, axis=1)


def assert_exact(catalogue: Catalogue, index: Neighbours, k: int = 20) -> None:
    queries = np.random.default_rng(0).normal(size=(30, catalogue.dimension)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    keys, similarity = index.search(queries, k)
    expected_keys, expected = brute_force(catalogue, queries, k)
    np.testing.assert_array_equal(keys, expected_keys)
    np.testing.assert_allclose(similarity, expected, atol=1e-5)


def test_search_is_that_of_brute_force_in_values_and_order(catalogue):
    index = Neighbours(catalogue)
    assert len(index) == 250
    assert_exact(catalogue, index)


def test_search_of_more_than_there_is_fills_up_with_minus_one(catalogue):
    keys, _ = Neighbours(catalogue).search(catalogue.vectors(catalogue.vector_keys("title")[:2]), 300)
    assert (keys[:, :250] > 0).all()
    assert (keys[:, 250:] == -1).all()


def test_an_empty_catalogue_is_searched_without_an_error(tmp_path, encoded):
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        index = Neighbours(catalogue)
        keys, _ = index.search(np.ones((1, 16), dtype=np.float32), 3)
        assert keys.tolist() == [[-1, -1, -1]]
        index.save()
        refresh_snapshots(catalogue)
        assert similar(catalogue, text="буба") == []


def test_clips_written_since_the_snapshot_are_found(catalogue):
    Neighbours(catalogue).save()
    add(catalogue, {f"new{i}": f"new title {i}" for i in range(40)})
    index = Neighbours(catalogue)
    assert len(index) == 290
    assert_exact(catalogue, index)


def test_a_text_that_no_clip_has_any_more_is_found_no_more(catalogue):
    Neighbours(catalogue).save()
    add(catalogue, {"id249": "another title"})
    index = Neighbours(catalogue)
    assert len(index) == 250
    assert_exact(catalogue, index)
    assert len(similar(catalogue, text="title 249", k=300)) == 300


def snapshot_of(catalogue: Catalogue, field: str = "title") -> tuple[Path, Path]:
    path = catalogue.folder / f"{field}.{catalogue.index_kind}.faiss"
    return path, path.with_name(f"{path.name}.json")


def snapshot_is_used(catalogue: Catalogue) -> bool:
    index = Neighbours(catalogue)
    return index._newer < len(index)


def test_a_snapshot_is_read_and_gives_the_same(catalogue):
    Neighbours(catalogue).save()
    assert snapshot_is_used(catalogue)
    assert_exact(catalogue, Neighbours(catalogue))


@pytest.mark.parametrize(
    "damage",
    [
        *("torn", "swapped", "empty", "missing", "another kind"),
        *("no voucher", "torn voucher", "flipped voucher", "odd voucher"),
    ],
)
def test_a_snapshot_that_cannot_be_trusted_is_made_again(catalogue, damage):
    Neighbours(catalogue).save()
    path, voucher = snapshot_of(catalogue)
    if damage == "torn":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "swapped":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "missing":
        path.unlink()
    elif damage == "no voucher":
        voucher.unlink()
    elif damage == "torn voucher":
        voucher.write_text(voucher.read_text()[:50])
    elif damage == "flipped voucher":
        voucher.write_text(voucher.read_text().replace('"generation": 1', '"generation": 0'))
    elif damage == "another kind":
        VectorIndex.build("HNSW16", np.arange(2_000), np.eye(2_000, 16, dtype=np.float32)).write(path)
        changed = {"digest": file_digest(path), "bytes": path.stat().st_size}
        write_sealed_json(voucher, read_sealed_json(voucher) | changed)
    else:
        write_sealed_json(voucher, read_sealed_json(voucher) | {"generation": "one"})
    assert not snapshot_is_used(catalogue)
    assert_exact(catalogue, Neighbours(catalogue))
    refresh_snapshots(catalogue)
    # bits that flipped are seen when it is read, and not when it is asked whether much is new
    assert snapshot_is_used(catalogue) == (damage not in ("swapped", "another kind"))


@pytest.mark.parametrize(
    "change", [{"fingerprint": "another"}, {"generation": 99}, {"generation": -1}, {"token": "another"}]
)
def test_a_snapshot_of_another_encoder_or_of_a_later_catalogue_is_made_again(catalogue, change):
    Neighbours(catalogue).save()
    _, voucher = snapshot_of(catalogue)
    write_sealed_json(voucher, read_sealed_json(voucher) | change)
    assert not snapshot_is_used(catalogue)
    assert_exact(catalogue, Neighbours(catalogue))


def test_a_snapshot_is_written_again_only_when_much_is_new(catalogue):
    refresh_snapshots(catalogue)
    path, _ = snapshot_of(catalogue)
    before = path.read_bytes()
    add(catalogue, {f"new{i}": f"new title {i}" for i in range(10)})
    refresh_snapshots(catalogue)
    assert path.read_bytes() == before
    add(catalogue, {f"newer{i}": f"newer title {i}" for i in range(40)})
    refresh_snapshots(catalogue)
    assert path.read_bytes() != before


def test_similar_clips_come_nearest_first_without_the_clip_itself(catalogue):
    found = similar(catalogue, "id7", k=299)
    assert len(found) == 299
    assert "id7" not in {clip["yt_reel_id"] for clip in found}
    similarities = [clip["similarity"] for clip in found]
    assert similarities == sorted(similarities, reverse=True)
    assert found[0]["yt_reel_id"] == "id257"  # has the same title
    assert found[0]["similarity"] == pytest.approx(1, abs=1e-3)


def test_clips_of_one_text_are_listed_each(catalogue):
    found = similar(catalogue, text="title 3", k=3)
    assert [clip["yt_reel_id"] for clip in found[:2]] == ["id3", "id253"]
    assert [clip["title"] for clip in found[:2]] == ["title 3", "title 3"]


def test_similar_tells_title_project_and_channel(tmp_path, encoded):
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        add(catalogue, {"a": "Буба [4K]", "b": "Кот"}, cartoon=["Буба", None], yt_channel_name=["Канал", None])
        assert similar(catalogue, text="буба [4k]", k=1) == [
            {"yt_reel_id": "a", "similarity": 1.0, "title": "Буба [4K]", "project": "Буба", "channel": "Канал"}
        ]


def test_a_clip_without_a_title_is_compared_by_its_description(tmp_path, encoded):
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        add(catalogue, {"a": None, "b": "x", "c": "y"}, text=["words", "words", "other"])
        assert [clip["yt_reel_id"] for clip in similar(catalogue, "a")] == ["b", "c"]


@pytest.mark.parametrize("words", [{"yt_reel_id": "unknown"}, {"text": ""}, {"text": "😂"}, {"text": None}])
def test_an_unknown_clip_or_nothing_readable_is_an_error(catalogue, words):
    with pytest.raises(InputError):
        similar(catalogue, **words)


def test_a_clip_without_any_text_is_an_error(catalogue):
    add(catalogue, {"blank": None})
    with pytest.raises(InputError, match="no readable text"):
        similar(catalogue, "blank")


def test_a_snapshot_of_an_earlier_catalogue_in_the_same_folder_is_not_believed(tmp_path, encoded):
    def titles(words: list[str]) -> pd.DataFrame:
        return pd.DataFrame({"yt_reel_id": [f"id{row}" for row in range(len(words))], "reel_name": words})

    index = tmp_path / "index"
    with Catalogue(index, create=True) as first:
        first.add(iter_clips(titles(["игрушка", "йогурт", "ракета"])))
        refresh_snapshots(first)
    for path in index.glob("catalogue.sqlite*"):
        path.unlink()
    with Catalogue(index, create=True) as second:
        second.add(iter_clips(titles(["замок", "мост", "река"])))
        [nearest] = similar(second, text="замок", k=1)
    assert nearest["title"] == "замок"
    assert nearest["similarity"] == pytest.approx(1, abs=1e-3)


def test_a_snapshot_of_a_copy_that_went_another_way_is_not_believed(catalogue, tmp_path):
    shutil.copytree(catalogue.folder, tmp_path / "copy")
    add(catalogue, {f"new{i}": f"new title {i}" for i in range(100)})
    refresh_snapshots(catalogue)
    with Catalogue(tmp_path / "copy") as copy:
        add(copy, {f"new{i}": f"quite another title {i}" for i in range(100)})
        for path in snapshot_of(catalogue):
            shutil.copy(path, copy.folder)
        assert copy.generation == catalogue.generation
        assert not snapshot_is_used(copy)
        assert_exact(copy, Neighbours(copy))


def test_an_open_index_follows_what_is_written_meanwhile(catalogue):
    with Catalogue(catalogue.folder) as reader:
        index = Neighbours(reader)
        index.refresh()
        add(catalogue, {f"new{i}": f"new title {i}" for i in range(40)} | {"id249": "another title"})
        assert len(index) == 250
        index.refresh()
        assert len(index) == 290
        assert index.generation == catalogue.generation
        assert_exact(reader, index)


def test_an_open_index_of_a_generation_that_never_was_is_opened_again(catalogue):
    index = Neighbours(catalogue)
    index._seen = (index.generation, "another token", *index._seen[2:])
    # of the same keys, but with the vectors of other texts
    index._index = VectorIndex.build("Flat", index.keys, np.roll(catalogue.vectors(index.keys), 1, axis=0))
    index.refresh()
    assert_exact(catalogue, index)


def test_all_texts_removed_leave_no_snapshot(catalogue):
    refresh_snapshots(catalogue)
    add(catalogue, {f"id{i}": None for i in range(300)})
    refresh_snapshots(catalogue)
    assert not any(path.exists() for path in snapshot_of(catalogue))
    assert similar(catalogue, text="title 7") == []


@pytest.fixture(scope="module")
def large_folder(tmp_path_factory) -> Path:
    """Where the first test that asks for `large` puts it."""
    return tmp_path_factory.mktemp("large") / "index"


@pytest.fixture
def large(large_folder, tmp_path, encoded):
    """A catalogue of 1,400 clips: projects, channels and languages in turn; descriptions of a few."""
    if not large_folder.exists():
        rows = range(1_400)
        with Catalogue(large_folder, create=True) as catalogue:
            add(
                catalogue,
                {f"id{i}": f"title {i}" for i in rows},
                text=[f"words of clip {i}" if i % 100 == 0 else None for i in rows],
                cartoon=["Буба" if i % 50 == 0 else "none" if i % 2 else None for i in rows],
                yt_channel_id=[f"UC{i % 7}" for i in rows],
                yt_channel_name=[f"Канал {i % 7}" for i in rows],
                language=["ru" if i % 3 else "en" for i in rows],
            )
    with Catalogue(shutil.copytree(large_folder, tmp_path / "index")) as catalogue:
        yield catalogue


def files(catalogue: Catalogue) -> set[str]:
    return {path.name for path in catalogue.folder.iterdir() if "faiss" in path.name}


@pytest.mark.parametrize("kind", ["Flat", "HNSW16", "IVF16,Flat", "IVF16,SQ8"])
def test_another_kind_is_built_beside_the_old_and_swapped_in(large, kind):
    refresh_snapshots(large)
    told: list[tuple[float, str]] = []
    facts = reindex_kind(large, kind, progress=lambda share, what: told.append((share, what)))
    assert facts == large.index_facts
    assert (large.index_kind, facts["kind"], facts["field"], facts["vectors"]) == (kind, kind, "title", 1_400)
    assert facts["measured"][0]["recall_at_10"] > 0.9
    assert told == [(0.0, f"title: {kind}"), (0.5, f"description: {kind}")]
    names = {f"{field}.{kind}.faiss" for field in ("title", "description")}
    assert files(large) == names | {f"{name}.json" for name in names}
    assert snapshot_is_used(large)
    index = Neighbours(large)
    keys, _ = index.search(large.vectors(large.vector_keys("title")), 1)
    assert (keys[:, 0] == large.vector_keys("title")).mean() > 0.97


@pytest.mark.parametrize("kind", ["HNSW16", "IVF16,SQ8"])
def test_any_kind_follows_clips_that_come_and_go_and_is_built_again_when_it_must(large, kind):
    reindex_kind(large, kind)
    before = {path.name: path.read_bytes() for path in snapshot_of(large)}
    add(large, {f"id{i}": f"new title {i}" for i in range(10)})
    index = Neighbours(large)
    assert {name: (large.folder / name).read_bytes() for name in before} == before
    np.testing.assert_array_equal(index.keys, large.vector_keys("title"))
    add(large, {f"id{i}": f"newest title {i}" for i in range(300)})
    index.refresh()
    assert index.is_stale()
    index.save()
    opened = Neighbours(large)
    assert (opened._newer, opened.is_stale(), opened._index.built_as) == (0, False, kind)
    assert opened._index._index.ntotal == 1_400  # no tombstones
    for clip in similar(large, text="newest title 7", k=1), similar(large, text="title 1300", k=1):
        assert clip[0]["similarity"] == pytest.approx(1, abs=1e-3)


def test_without_a_snapshot_the_search_is_exact_whatever_the_kind_until_it_is_written(large):
    reindex_kind(large, "HNSW16")
    snapshot_of(large)[0].unlink()
    index = Neighbours(large)
    assert index.is_stale()
    assert_exact(large, index)
    refresh_snapshots(large)
    assert Neighbours(large)._index.built_as == "HNSW16"


@pytest.mark.parametrize("killed_at", ["VectorIndex.build", "write_snapshot", "Catalogue.set_index"])
def test_a_reindex_that_is_killed_leaves_the_old_index_serving(large, monkeypatch, killed_at):
    refresh_snapshots(large)
    expected = similar(large, "id7")
    before = {name: (large.folder / name).read_bytes() for name in files(large)}
    name = killed_at.rpartition(".")
    owner = {"VectorIndex": VectorIndex, "Catalogue": Catalogue, "": sys.modules["smf_embed.neighbours"]}[name[0]]
    work, calls = getattr(owner, name[2]), []

    def killed(*words):
        calls.append(words)
        if len(calls) == 2 or name[2] == "set_index":
            raise KeyboardInterrupt
        return work(*words)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name[2], killed)
        with pytest.raises(KeyboardInterrupt):
            reindex_kind(large, "HNSW16")
    assert large.index_kind == "Flat"
    assert {name: (large.folder / name).read_bytes() for name in before} == before
    assert snapshot_is_used(large)
    assert similar(large, "id7") == expected
    reindex_kind(large, "HNSW16")
    assert {name.partition(".")[2].partition(".")[0] for name in files(large)} == {"HNSW16"}


def test_a_budget_chooses_the_kind_and_what_was_measured_is_noted(large):
    facts = reindex_kind(large, max_memory=2**30, max_latency=5.0)
    assert (large.index_kind, facts["max_memory"], facts["max_latency"]) == ("Flat", 2**30, 5.0)
    assert large.index_facts["measured"][0]["recall_at_10"] == 1
    facts = reindex_kind(large, max_memory=60_000)
    assert large.index_kind == facts["kind"] == "IVF64,SQ8"
    assert [row["kind"] for row in facts["measured"]] == ["Flat", "IVF64,Flat", "IVF64,SQ8", "HNSW32"]
    assert len(similar(large, "id7")) == 10


@pytest.mark.parametrize(
    "words", [{"kind": "nonsense"}, {"kind": "../x"}, {"kind": "Flat", "max_memory": 10**9}, {"max_memory": 1_000}]
)
def test_a_reindex_that_cannot_be_done_changes_nothing(large, words):
    refresh_snapshots(large)
    before, generation = files(large), large.generation
    with pytest.raises(InputError):
        reindex_kind(large, **words)
    assert (large.index_kind, large.generation, files(large)) == ("Flat", generation, before)


def test_an_empty_catalogue_takes_a_kind(tmp_path, encoded):
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        assert reindex_kind(catalogue, max_memory=1)["kind"] == "Flat"
        assert reindex_kind(catalogue, "HNSW16")["measured"] == []
        add(catalogue, {"a": "x"})
        refresh_snapshots(catalogue)
        assert reindex_kind(catalogue, max_latency=1.0)["kind"] == "Flat"
        assert [clip["yt_reel_id"] for clip in similar(catalogue, text="x")] == ["a"]


def test_only_snapshots_of_other_kinds_are_removed(large):
    refresh_snapshots(large)
    kept = files(large)
    leftovers = ["title.faiss", "title.faiss.json", "subtitles.IVF8,SQ8.faiss", ".title.Flat.0123abcd.faiss"]
    leftovers += [".title.Flat.faiss.0123abcd.json", "description.HNSW32.faiss.json"]
    foreign = ["notes.faiss", "title.txt", "title.Flat.faiss.bak"]
    for name in leftovers + foreign:
        (large.folder / name).write_text("x")
    remove_other_snapshots(large)
    assert files(large) == kept | {name for name in foreign if "faiss" in name}
    assert (large.folder / "title.txt").exists()


FILTERS = [
    {"project": "Буба"},
    {"project": "none", "language": "en"},
    {"channel": "UC3"},
    {"channel": "Канал 3", "labelled": True},
    {"labelled": True},
    {"language": "en"},
    {"project": "Фиксики"},
]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["Flat", "HNSW16", "IVF16,SQ8"])
@pytest.mark.parametrize("filters", FILTERS)
def test_filters_list_the_nearest_of_the_clips_that_pass(large, kind, filters):
    if kind != "Flat":
        reindex_kind(large, kind)
    clips = large.clips([f"id{i}" for i in range(1_400)])
    fits = [
        clip
        for clip in clips
        if filters.get("project") in (None, clip["cartoon"])
        and filters.get("language") in (None, clip["language"])
        and filters.get("channel") in (None, clip["yt_channel_id"], clip["yt_channel_name"])
        and not (filters.get("labelled") and clip["cartoon"] is None)
    ]
    vectors = large.vectors(np.array([clip["title_vector"] for clip in clips]))
    similarity = dict(zip([clip["yt_reel_id"] for clip in clips], (vectors @ vectors[7]).tolist(), strict=True))
    expected = sorted(
        (clip["yt_reel_id"] for clip in fits if clip["yt_reel_id"] != "id7"), key=lambda i: -similarity[i]
    )
    for k in (5, 1_500):
        found = similar(large, "id7", k=k, **filters)
        assert [clip["yt_reel_id"] for clip in found] == expected[:k]
        assert [clip["similarity"] for clip in found] == pytest.approx([similarity[i] for i in expected[:k]], abs=1e-3)


def test_a_text_that_passes_a_filter_by_one_clip_lists_that_clip_alone(tmp_path, encoded):
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        add(catalogue, {"a": "x", "b": "x", "c": "y"}, cartoon=["Буба", None, "Буба"])
        assert [clip["yt_reel_id"] for clip in similar(catalogue, text="x", project="Буба")] == ["a", "c"]
        assert [clip["yt_reel_id"] for clip in similar(catalogue, "a", project="Буба")] == ["c"]
        assert [clip["yt_reel_id"] for clip in similar(catalogue, "b", project="Буба", k=1)] == ["a"]


def test_similarities_are_exact_cosines_whatever_the_kind(large):
    expected = similar(large, "id7", k=20)
    reindex_kind(large, "IVF16,SQ8")
    exact = {clip["yt_reel_id"]: clip["similarity"] for clip in expected}
    found = {clip["yt_reel_id"]: clip["similarity"] for clip in similar(large, "id7", k=20)}
    common = exact.keys() & found.keys()
    assert len(common) >= 15
    assert [found[name] for name in common] == [exact[name] for name in common]


def test_similar_sees_one_generation_while_another_writes(large, monkeypatch):
    search = Neighbours.search

    def written_meanwhile(self, *words):
        with Catalogue(large.folder) as writer:
            add(writer, {"id8": "title 7", "brand new": "title 7"})
        return search(self, *words)

    monkeypatch.setattr(Neighbours, "search", written_meanwhile)
    with Catalogue(large.folder) as reader:
        assert {clip["title"] for clip in similar(reader, "id7", k=1_399)} == {f"title {i}" for i in range(1_400)} - {
            "title 7"
        }
