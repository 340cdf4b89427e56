"""How the notebooks draw: in the colours of the report, and small enough to be kept in a repository."""

from __future__ import annotations

import io
import warnings

import matplotlib.pyplot as plt
from IPython.display import Image
from matplotlib.axes import Axes

from smf_embed.report_plots import LIGHT

FIRST, SECOND, FAINT, TEXT = LIGHT.first, LIGHT.second, LIGHT.faint, LIGHT.text
_DPI = 85
# widest picture, in pixels, and colours of one that is not drawn here
_WIDEST, _COLOURS = 860, 96


def use_style() -> None:
    """Draw all that follows in the light theme of `smf_embed.report_plots`."""
    # libraries ask for widgets to show their progress by, and none is shown here
    warnings.filterwarnings("ignore", message="IProgress not found")
    plt.rcParams.update({
        "figure.dpi": _DPI, "figure.figsize": (8.0, 3.4), "figure.constrained_layout.use": True,
        "figure.facecolor": LIGHT.background, "axes.facecolor": LIGHT.background, "savefig.facecolor": LIGHT.background,
        "text.color": TEXT, "axes.labelcolor": TEXT, "axes.titlecolor": TEXT, "xtick.color": TEXT, "ytick.color": TEXT,
        "axes.edgecolor": FAINT, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10.5,
        "axes.titlelocation": "left", "axes.labelsize": 9.5, "xtick.labelsize": 9, "ytick.labelsize": 9,
        "xtick.major.size": 3, "ytick.major.size": 3, "axes.grid": True, "grid.color": FAINT, "grid.linewidth": 0.5,
        "grid.alpha": 0.6, "axes.axisbelow": True, "legend.frameon": False, "legend.fontsize": 8.5,
        "font.family": "DejaVu Sans",
    })  # fmt: skip


def picture(png: bytes) -> Image:
    """Return a plot of `smf_embed.report_plots.draw_all`, with fewer pixels and colours."""
    from PIL import Image as Pixels

    with Pixels.open(io.BytesIO(png)) as drawn:
        small = drawn.convert("RGB")
        small.thumbnail((_WIDEST, _WIDEST), Pixels.Resampling.LANCZOS)
        stream = io.BytesIO()
        small.quantize(_COLOURS).save(stream, format="png", optimize=True)
    return Image(stream.getvalue())


def write_values(axes: Axes, form: str = "{:.2f}") -> None:
    """Write the length of each bar beside or above it."""
    for bars in axes.containers:
        axes.bar_label(bars, fmt=form, padding=3, fontsize=8.5, color=TEXT)
    axes.margins(x=0.12) if _lies(axes) else axes.margins(y=0.12)


def short(text: str, longest: int = 60) -> str:
    """Return a text that fits into a table; a dollar sign would begin a formula."""
    text = " ".join(text.split()).replace("$", r"\$")
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _lies(axes: Axes) -> bool:
    return any(getattr(bars, "orientation", "") == "horizontal" for bars in axes.containers)
