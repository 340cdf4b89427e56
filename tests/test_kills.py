"""Writers that are killed at random moments lose nothing that they had reported; see benchmarks/kill_test.py."""

import sys
from pathlib import Path

import pytest

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import kill_test


@pytest.mark.slow
def test_what_was_reported_outlives_a_dozen_kills(tmp_path):
    found = kill_test.run(12, 7, 400, tmp_path)
    assert found.total() >= 12
    assert len({name.rpartition(",")[0] for name in found}) > 3


@pytest.mark.slow
@pytest.mark.endurance
@pytest.mark.timeout(1_800)
def test_what_was_reported_outlives_two_hundred_kills(tmp_path):
    assert kill_test.run(200, 1, 5_000, tmp_path).total() >= 200


@pytest.mark.parametrize("broken", ["a clip is lost", "a clip is half there", "a half-made file stays"])
def test_the_kill_test_sees_what_a_kill_could_break(tmp_path, broken):
    work = kill_test.Adding(60)
    with kill_test.quick_encoders():
        with Catalogue(tmp_path / "index", create=True, encoder="fake one") as catalogue:
            catalogue.add(iter_clips(kill_test.table(work.before)))
            sql = catalogue.database.sql
            if broken == "a clip is lost":
                sql.execute("DELETE FROM clips WHERE yt_reel_id = 'id7'")
            elif broken == "a clip is half there":
                sql.execute("UPDATE clips SET title_vector = NULL WHERE yt_reel_id = 'id7'")
        if broken == "a half-made file stays":
            (tmp_path / "index" / ".of another program").touch()
        with pytest.raises(kill_test.KillTestError):
            kill_test.check(work, tmp_path / "index", 0, 0, kill_test.random.Random(0))
