"""The built-in encoder as a module of sentence-transformers: to be saved, read again, and run on GPUs.

`UniversalSentenceEncoder` is an input module of that library, and its `encode` is the way in:

    model = SentenceTransformer(modules=[UniversalSentenceEncoder()])
    vectors = model.encode(texts, batch_size=BATCH_SIZE)  # that of smf_embed.builtin_network

A saved model is read again by `SentenceTransformer(folder, trust_remote_code=True)`: sentence-transformers 6 asks for
the flag whenever `modules.json` names a class that is not its own, for a local folder too, although no code is read
from that folder. `SentenceTransformer(modules=[UniversalSentenceEncoder.load(folder)])` does without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from sentence_transformers.base.modules import InputModule

from smf_embed.builtin_network import BuiltinNetwork
from smf_embed.errors import EncoderError


class UniversalSentenceEncoder(BuiltinNetwork, InputModule):  # type: ignore[misc]  # texts only, a Rust tokenizer
    """The network, as the first module of a `SentenceTransformer`; parameters and errors are those of the network."""

    config_file_name = "universal_sentence_encoder.json"
    config_keys = ["weights_digest"]  # noqa: RUF012 - the base class declares it so
    _tensors_file = "model.safetensors"
    _pieces_file = "sentencepiece.model"

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        """Write the tensors as safetensors, the SentencePiece model and a JSON file; a pickle is never written."""
        folder = Path(output_path)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(
            {name: tensor.contiguous() for name, tensor in self.state_dict().items()}, folder / self._tensors_file
        )
        (folder / self._pieces_file).write_bytes(self._sentencepiece)
        self.save_config(output_path)

    @classmethod
    def load(  # type: ignore[override]  # the keywords of the base class are all accepted
        cls, model_name_or_path: str, subfolder: str = "", **kwargs: Any
    ) -> UniversalSentenceEncoder:
        """Read what `save` wrote, from a folder or a model hub; the package with the weights is not needed.

        Raises
        ------
        EncoderError
            When a file is missing.
        """
        known = ("token", "cache_folder", "revision", "local_files_only")
        source = {"subfolder": subfolder, **{key: kwargs[key] for key in known if key in kwargs}}
        tensors = cls.load_file_path(model_name_or_path, cls._tensors_file, **source)
        pieces = cls.load_file_path(model_name_or_path, cls._pieces_file, **source)
        if tensors is None or pieces is None:
            raise EncoderError(
                f"{model_name_or_path} has no {cls._tensors_file} or no {cls._pieces_file}; save the encoder again"
            )
        config = cls.load_config(model_name_or_path, **source)
        return cls(load_file(tensors), Path(pieces).read_bytes(), config.get("weights_digest"))
