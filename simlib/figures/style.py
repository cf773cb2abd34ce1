"""Style: one look for all figures, fonts for three languages, text for those who cannot see the picture.

Figures are made without pyplot, so that importing them opens no window and keeps no global list of figures.
"""

from __future__ import annotations

import base64
import html
import io
import warnings
from typing import Final

import matplotlib as mpl
import matplotlib.style
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.ticker import StrMethodFormatter
from matplotlib.transforms import Bbox

from simlib.languages import _, current_language

BLUE, ORANGE, GREEN, RED, SKY, PURPLE, YELLOW = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
    "#F0E442",
)
"""Colours that people with any kind of colour vision can tell apart (Okabe and Ito)."""
GREY: Final = "#5A5A5A"
COLOURS: Final = (BLUE, ORANGE, GREEN, RED, SKY, PURPLE, GREY)
DASHES: Final = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)))
"""Line styles, one for each of `COLOURS`: colour is never the only difference."""

SIZE: Final = (9.0, 4.4)
"""Width and height of a figure in inches."""
DPI: Final = 100
"""Pixels per inch: 900 pixels wide fits a notebook on a small laptop."""

STYLE: Final = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 14,
    "axes.titleweight": "bold",
    "axes.unicode_minus": False,
    "figure.facecolor": "white",
    "font.size": 12,
    "grid.color": "#DDDDDD",
    "legend.frameon": False,
    "savefig.facecolor": "white",
}

CJK_FONTS: Final = {
    "zh-Hant": (
        "Microsoft JhengHei",
        "PingFang TC",
        "PingFang HK",
        "Noto Sans CJK TC",
        "Noto Sans CJK JP",
        "Noto Sans TC",
        "Source Han Sans TC",
        "Heiti TC",
        "PMingLiU",
    ),
    "zh-Hans": (
        "Microsoft YaHei",
        "PingFang SC",
        "Noto Sans CJK SC",
        "Noto Sans CJK JP",
        "Noto Sans SC",
        "Source Han Sans SC",
        "WenQuanYi Zen Hei",
        "Heiti SC",
        "SimHei",
    ),
}
"""Fonts that come with the usual systems and hold Chinese characters, best first. Debian's Noto fonts show
themselves to matplotlib under their Japanese name; they hold all characters."""

_styled_for: str | None = None


def use_fonts(lang: str) -> str | None:
    """Set the look of all later figures, with a font that can write the language.

    Parameters
    ----------
    lang
        Language tag.

    Returns
    -------
    str or None
        A sentence for the reader if no font on this computer can write the language; None if all is well.
    """
    global _styled_for
    mpl.style.use(STYLE)
    wanted = CJK_FONTS.get(lang, ())
    installed = {font.name for font in font_manager.fontManager.ttflist}
    found = [name for name in wanted if name in installed][:1]
    mpl.rcParams["font.family"] = [*found, "DejaVu Sans"]
    _styled_for = lang
    if wanted and not found:
        return _(
            "No font with Chinese characters was found, so charts will show empty boxes: "
            "install the font “Noto Sans CJK” and start again."
        )
    return None


def new_axes(width: float = SIZE[0], height: float = SIZE[1]) -> Axes:
    """Empty axes in a figure of their own, in the kit's look.

    Parameters
    ----------
    width, height
        Inches.
    """
    if _styled_for != current_language():
        use_fonts(current_language())
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def legend_below(ax: Axes) -> None:
    """Put the legend under the axes, where it covers nothing."""
    ax.get_figure(root=True).legend(loc="outside lower center", ncols=3)  # type: ignore[union-attr]


def settle_layout(ax: Axes) -> Bbox:
    """Work out once where the axes must stand for all labels to fit, and leave the figure's layout so, with some room.

    Parameters
    ----------
    ax
        The axes, drawn on.

    Returns
    -------
    Bbox
        Place of the axes in the figure, for `Axes.set_position` of those drawn later.
    """
    figure = ax.get_figure(root=True)
    engine = figure.get_layout_engine()  # type: ignore[union-attr]
    if engine is not None:
        engine.execute(figure)  # type: ignore[arg-type]
    figure.set_layout_engine("none")  # type: ignore[union-attr]
    place = ax.get_position()
    # Room at both sides for what later pictures may bring: longer numbers, a number at the very end of an axis.
    return Bbox.from_extents(place.x0 + 0.02, place.y0, place.x1 - 0.025, place.y1)


def whole_numbers(axis: Axis) -> None:
    """Write the numbers along an axis in full, thousands apart."""
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def describe(ax: Axes, *, title: str, alt: str, sentence: str) -> Axes:
    """Give a figure its words.

    Parameters
    ----------
    ax
        The axes drawn on.
    title
        Stands above the picture.
    alt
        What the picture shows, for those who cannot see it.
    sentence
        The one sentence with the number that matters; stands below.
    """
    ax.set_title(title)
    ax.set_label(sentence)
    ax.get_figure(root=True).set_label(alt)  # type: ignore[union-attr]
    return ax


def alt_text(ax: Axes) -> str:
    """What the picture shows, in words."""
    return str(ax.get_figure(root=True).get_label())  # type: ignore[union-attr]


def sentence(ax: Axes) -> str:
    """The sentence with the number that matters."""
    return str(ax.get_label())


def picture(ax: Axes) -> bytes:
    """The figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # A missing character shows as a box; the reader was told in a sentence of his own (`use_fonts`).
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = ax.get_figure(root=True)
        if isinstance(figure.get_layout_engine(), PlaceHolderLayoutEngine):  # type: ignore[union-attr]
            # The place is settled (`settle_layout`); savefig would draw everything twice to work it out. A panel's
            # picture goes no farther than the browser beside: packed quickly, it is a twentieth larger.
            figure.canvas.print_png(  # type: ignore[union-attr]
                buffer, metadata={"Software": None}, pil_kwargs={"compress_level": 1}
            )
        else:
            figure.savefig(buffer, format="png", metadata={"Software": None})  # type: ignore[union-attr]
    return buffer.getvalue()


def html_picture(ax: Axes) -> str:
    """Picture, text for screen readers and sentence, as HTML that needs no file beside it."""
    data = base64.b64encode(picture(ax)).decode("ascii")
    below = "font-size:1.05em;padding:0.3em 0"
    return (
        f'<figure style="margin:0;max-width:{SIZE[0] * DPI:.0f}px">'
        f'<img alt="{html.escape(alt_text(ax))}" src="data:image/png;base64,{data}" style="max-width:100%">'
        f'<figcaption style="{below}">{html.escape(sentence(ax))}</figcaption></figure>'
    )


def show(ax: Axes) -> None:
    """Put the figure and its sentence into the notebook."""
    from IPython.display import display

    display({"text/html": html_picture(ax), "text/plain": sentence(ax)}, raw=True)  # type: ignore[no-untyped-call]
