"""Controls call what they are given, and hide alone."""
import pytest

pytest.importorskip("ipywidgets")
from tinygan.lab.widgets import area, button, control, row


def test_controls_call_and_hide_alone():
    called = []
    one, other = (button(name, "", lambda name=name: called.append(name)) for name in "ab")
    number = control("IntSlider", "n", "", called.append, value=3, min=1, max=9)
    other.click()
    number.value = 5
    number.value = 5
    assert called == ["b", 5]
    one.layout.display = "none"
    assert (other.layout.display, number.layout.display) == (None, None)
    assert row(one, other).children == (one, other)
    made = area("head", number)
    assert (made.children, made._dom_classes) == ((number,), ("tinygan-head",))
