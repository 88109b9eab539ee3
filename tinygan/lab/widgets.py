"""Buttons and other controls, as wide as their column. Only calls import ipywidgets."""
from __future__ import annotations


def button(text: str, tooltip: str, does, style: str = "", **options):
    """A button that calls does()."""
    import ipywidgets
    made = ipywidgets.Button(description=text, tooltip=tooltip, button_style=style, layout=_layout(), **options)
    made.on_click(lambda _: does())
    return made


def control(kind: str, text: str, tooltip: str, does=None, **options):
    """A widget of ipywidgets' class `kind` that calls does(value) after a change."""
    import ipywidgets
    made = getattr(ipywidgets, kind)(description=text, tooltip=tooltip, layout=_layout(),
                                     style={"description_width": "62px"}, **options)
    if does:
        made.observe(lambda change: does(change.new), "value")
    return made


def row(*buttons):
    """Buttons of one width, side by side."""
    import ipywidgets
    columns = ipywidgets.Layout(grid_template_columns=f"repeat({len(buttons)}, 1fr)", grid_gap="0 4px")
    return ipywidgets.GridBox(buttons, layout=columns)


def area(name: str, *children):
    """A column of widgets with the CSS class tinygan-name."""
    import ipywidgets
    made = ipywidgets.VBox(children)
    made.add_class(f"tinygan-{name}")
    return made


def _layout():
    """A layout for one widget, since a layout that two share hides both."""
    import ipywidgets
    return ipywidgets.Layout(width="auto", margin="2px 0")
