"""One look: Mantine's theme, the Plotly template and the colours both share.

Series colours are Okabe and Ito's, which readers with any colour vision tell apart.
"""

import plotly.graph_objects as go
import plotly.io as pio

INK = "#1c2b36"
MUTED = "#5b6b78"
GRID = "#e4e9ed"
PAPER = "#ffffff"
BLUE = "#0b5a8a"
ORANGE = "#c2570c"
GREEN = "#007a5a"
SKY = "#4b9fd4"
PURPLE = "#9a4f86"
AMBER = "#e0a100"
BAND = "rgba(194, 87, 12, 0.10)"
SERIES = [BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER]
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif'

MANTINE = {
    "fontFamily": FONT,
    "headings": {"fontFamily": FONT, "fontWeight": "650"},
    "primaryColor": "siseri",
    "primaryShade": 7,
    "defaultRadius": "md",
    "colors": {
        "siseri": [
            "#eef6fb", "#dcebf5", "#b6d6ea", "#8cbfdf", "#67abd5",
            "#4f9ecf", "#2f86bb", "#0b5a8a", "#094c75", "#063c5e",
        ],
    },
}  # fmt: skip

TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 13, "color": INK},
        "colorway": SERIES,
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "margin": {"l": 56, "r": 20, "t": 16, "b": 44},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": GRID, "font": {"family": FONT, "size": 13}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": {"text": ""}},
        "xaxis": {"gridcolor": GRID, "linecolor": "#b8c3cb", "showgrid": False, "ticks": "outside", "automargin": True,
                  "title": {"font": {"size": 13, "color": MUTED}}},
        "yaxis": {"gridcolor": GRID, "zerolinecolor": "#b8c3cb", "rangemode": "tozero", "automargin": True,
                  "title": {"font": {"size": 13, "color": MUTED}}},
    }
)  # fmt: skip
pio.templates["dosilake"] = TEMPLATE

# French writes 1 234,5: Plotly takes the decimal sign, then the thousands sign.
SEPARATORS = {"fr": ",\u202f", "en": ".,"}


def figure(language: str = "fr", height: int = 320, **layout) -> go.Figure:
    """An empty figure in the house style."""
    return go.Figure(layout={"template": "dosilake", "separators": SEPARATORS[language], "height": height, **layout})


def say_unpublished(made: go.Figure, x, text: str) -> None:
    """Write `text` on the axis at `x`, where a value is not published."""
    made.add_annotation(
        x=x, y=0, yref="paper", yanchor="bottom", text=text, showarrow=False, font={"color": MUTED, "size": 12}
    )
