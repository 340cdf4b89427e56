"""Another encoder for a catalogue is the kind of encoder that the catalogue was opened for."""

import pytest

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.encoder import Encoder
from smf_embed.isolation import IsolatedEncoder
from smf_embed.reencoding import reencode


@pytest.mark.parametrize(("isolate", "kind"), [(False, Encoder), (True, IsolatedEncoder)])
def test_another_encoder_keeps_to_the_device_and_the_process_that_were_asked_for(
    train, encoded, tmp_path, monkeypatch, isolate, kind
):
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        catalogue.add(iter_clips(train.head(5)))
    used = []
    encode = Encoder.encode
    monkeypatch.setattr(Encoder, "encode", lambda self, texts: (used.append(self), encode(self, texts))[1])
    for made in (Encoder, IsolatedEncoder):
        monkeypatch.setattr(made, "fingerprint_parts", property(lambda self: {"name": self.name}))
    with Catalogue(tmp_path / "index", device="cpu", isolate=isolate) as catalogue:
        reencode(catalogue, "another")
    assert {(type(encoder), encoder.name, encoder.device) for encoder in used} == {(kind, "another", "cpu")}
