"""Words of titles are read once, and those that stand for nothing are not kept for ever."""

from smf_embed import token_readings
from smf_embed.token_readings import MatchKind, Slot, TokenReader


def test_words_that_stand_for_nothing_are_forgotten_and_tell_the_same(monkeypatch):
    monkeypatch.setattr(token_readings, "_MOST_NOTHING", 10)
    reader = TokenReader([Slot("смешарики")])
    assert reader.read(["смешарики", "смешарикки"]) == ["смешарики", "смешарикки"]
    for number in range(100):
        assert reader.read([f"слово{number}"]) == []
        assert reader.readings(f"слово{number}") == {}
    assert len(reader._memory) <= 2 * 10 + 2
    assert reader.readings("слово0") == {}
    assert reader.readings("смешарики")[0].kind == MatchKind.EXACT
    assert reader.readings("смешарикки")[0].kind == MatchKind.FUZZY
