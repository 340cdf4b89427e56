"""What models of the hub want to read before a text, where their own folder does not say so."""

from __future__ import annotations

import re

# model cards state these; each names the use for topics or, where a card knows no such use, for texts compared with
# texts of their own kind. Matched against the last part of a hub id or the name of a folder, in lower case.
_PROMPTS = {
    r"(multilingual-)?e5-(small|base|large)(-v2|-unsupervised)?": "query: ",
    r"multilingual-e5-large-instruct": "Instruct: Identify the cartoon series that a video belongs to\nQuery: ",
    r"nomic-embed-text-v\S+": "classification: ",
    r"embeddinggemma-\S+": "task: classification | query: ",
    r"ru-en-rosberta": "clustering: ",
    r"frida": "categorize_topic: ",
}


def known_prompt(name: str) -> str | None:
    """Return the prompt of a model that is known by its name, or None.

    Examples
    --------
    >>> known_prompt("intfloat/multilingual-e5-small")
    'query: '
    >>> known_prompt("sentence-transformers/LaBSE") is None
    True
    """
    last = name.partition("@")[0].rstrip("/\\").replace("\\", "/").rpartition("/")[2].lower()
    return next((prompt for pattern, prompt in _PROMPTS.items() if re.fullmatch(pattern, last)), None)
