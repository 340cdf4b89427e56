"""Names of projects as the plots can show them: what the plots' font cannot write is given a number instead."""

from __future__ import annotations

import unicodedata

_LONGEST = 26
# written from right to left and joined, which the plots do not do
_RIGHT_TO_LEFT = ("R", "AL")


class PlotNames:
    """The names of one report.

    Attributes
    ----------
    numbered : dict of str → str
        The numbers that were given to names that cannot be written → these names.
    """

    def __init__(self) -> None:
        from matplotlib.font_manager import findfont
        from matplotlib.ft2font import FT2Font

        self.numbered: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._glyphs = set(FT2Font(findfont("DejaVu Sans")).get_charmap())

    def shown(self, name: str) -> str:
        """Return the name for a plot, of 26 characters at most.

        Emoji and other signs without a glyph are left out; a name with such letters becomes `no. 1`.
        """
        if name not in self._shown:
            kept = "".join(letter for letter in name if self._can_show(letter))
            if any(letter.isalpha() and not self._can_show(letter) for letter in name) or not kept.strip():
                kept = f"no. {len(self.numbered) + 1}"
                self.numbered[kept] = name
            self._shown[name] = _for_matplotlib(" ".join(kept.split()))
        return self._shown[name]

    def _can_show(self, letter: str) -> bool:
        return (
            ord(letter) in self._glyphs
            and unicodedata.bidirectional(letter) not in _RIGHT_TO_LEFT
            and unicodedata.category(letter)[0] != "C"
        )


def _for_matplotlib(name: str) -> str:
    name = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
    # what begins with an underscore is left out of legends; a dollar sign would begin a formula
    return (" " if name.startswith("_") else "") + name.replace("$", r"\$")
