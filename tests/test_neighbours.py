"""Nearest neighbours are those of a comparison with every vector, however the index came about."""

import json

import numpy as np
import pandas as pd
import pytest

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.errors import InputError
from smf_embed.neighbours import Neighbours, refresh_snapshots, similar


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


def snapshot_is_used(catalogue: Catalogue) -> bool:
    index = Neighbours(catalogue)
    return index._newer < len(index)


def test_a_snapshot_is_read_and_gives_the_same(catalogue):
    Neighbours(catalogue).save()
    assert snapshot_is_used(catalogue)
    assert_exact(catalogue, Neighbours(catalogue))


@pytest.mark.parametrize("damage", ["torn", "swapped", "empty", "missing", "no voucher", "torn voucher", "odd voucher"])
def test_a_snapshot_that_cannot_be_trusted_is_made_again(catalogue, damage):
    Neighbours(catalogue).save()
    path = catalogue.folder / "title.faiss"
    voucher = catalogue.folder / "title.faiss.json"
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
    else:
        voucher.write_text(json.dumps(json.loads(voucher.read_text()) | {"generation": "one"}))
    assert not snapshot_is_used(catalogue)
    assert_exact(catalogue, Neighbours(catalogue))
    refresh_snapshots(catalogue)
    # bits that flipped are seen when it is read, and not when it is asked whether much is new
    assert snapshot_is_used(catalogue) == (damage != "swapped")


@pytest.mark.parametrize("change", [{"fingerprint": "another"}, {"generation": 99}])
def test_a_snapshot_of_another_encoder_or_of_a_later_catalogue_is_made_again(catalogue, change):
    Neighbours(catalogue).save()
    voucher = catalogue.folder / "title.faiss.json"
    voucher.write_text(json.dumps(json.loads(voucher.read_text()) | change))
    assert not snapshot_is_used(catalogue)
    assert_exact(catalogue, Neighbours(catalogue))


def test_a_snapshot_is_written_again_only_when_much_is_new(catalogue):
    refresh_snapshots(catalogue)
    path = catalogue.folder / "title.faiss"
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


def test_a_snapshot_of_an_earlier_catalogue_in_the_same_folder_is_not_believed(tmp_path):
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
