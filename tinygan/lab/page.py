"""The texts and the arrangement of the laboratory's page: three columns, two, or one on a phone."""
from __future__ import annotations

from html import escape

from tinygan.doctor import Finding
from tinygan.lab.curves import WIDTH as CURVES
from tinygan.lab.plane import WIDTH as PLANE
from tinygan.lab.presets import Preset, place
from tinygan.plots import D_BLUE, FAKE

RATES = 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1
WIDE, NARROW = 1180, 700  # pixels: from WIDE on three columns, from NARROW on two
CSS = f"""<style>
.tinygan-lab {{ container-type: inline-size; width: 100%; margin: 0; overflow: visible; }}
.tinygan-lab .widget-html, .tinygan-lab .widget-html-content {{ line-height: 1.4; height: auto; white-space: normal; }}
.tinygan-page {{ display: grid; gap: 4px 14px; align-items: start; overflow: visible; grid-template-columns:
    270px minmax(0, {PLANE}px) minmax(0, {CURVES}px); grid-template-rows: auto auto 1fr; grid-template-areas:
    "head plane curves" "sets plane curves" "sets voice voice"; }}
{' '.join(f'.tinygan-{area} {{ grid-area: {area}; min-width: 0; overflow: visible; }}'
          for area in ('head', 'plane', 'curves', 'sets', 'voice'))}
.tinygan-page img {{ width: 100%; height: auto; }}
.tinygan-page button {{ padding: 0 4px; }}
.tinygan-text {{ overflow: auto; max-height: 60vh; padding: 0 14px; border: 1px solid #c0c0c0;
    box-sizing: border-box; }}
.tinygan-text img {{ max-width: 640px; }}
@container (max-width: {WIDE}px) {{ .tinygan-page {{ grid-template-columns: 270px minmax(0, 1fr);
    grid-template-rows: auto; grid-template-areas: "head plane" "sets plane" "sets voice" "sets curves"; }} }}
@container (max-width: {NARROW}px) {{ .tinygan-page {{ grid-template-columns: minmax(0, 1fr);
    grid-template-areas: "head" "plane" "voice" "curves" "sets"; }}
    .tinygan-page button {{ min-height: 40px; }} .tinygan-curves {{ max-width: {CURVES}px; }} }}
@media (max-width: {NARROW}px) {{ #rendered_cells {{ padding: 4px 6px !important; }} }}
</style>"""
ABOUT = f"""<b style="font-size:1.4em">The GAN laboratory</b><br>
<b style="color:{FAKE}">G</b> makes points from noise. <b style="color:{D_BLUE}">D</b> colours the plane: blue where it
classifies a point as real. Each arrow shows where the gradient of D moves one sample."""
OPTIONS = {"rate_d": RATES, "rate_g": RATES, "r1": (0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
           "batch": (2, 4, 8, 16, 32, 64, 128, 256, 512), "width": (2, 4, 8, 16, 32, 64, 128)}  # of sliders
DRAW = "Click on the plane, or drag over it, to draw your data."
NOTHING = "finds nothing wrong yet. Some failures count only if they last for 400 steps."
STILL = "looks at the game every 40 steps."


def note(text: str) -> str:
    """A message to the user, as HTML."""
    return f"<div style='color:#8a1c00'>{escape(text)}</div>" if text else ""


def story(preset: Preset) -> str:
    """The sentences of a preset, as HTML."""
    return f"{escape(preset.sentence)} <i>{escape(preset.cure)}</i>"


def diagnosis(findings: list[Finding] | None) -> str:
    """The findings of the doctor as HTML; None if the doctor has not looked yet."""
    if not findings:
        return f"<b>The doctor</b> {STILL if findings is None else NOTHING}"
    return "<b>The doctor finds:</b>" + "".join(
        f"<div style='margin-top:4px'><b>{escape(finding.ailment.name)}</b>: {escape(finding.figures)}.<br>"
        f"Try {escape(finding.ailment.remedy)}; see "
        f"{escape(place(finding.ailment.lecture, finding.ailment.section))}.</div>" for finding in findings)


def link(content: bytes) -> str:
    """A link that saves the content as a file, as HTML."""
    from base64 import b64encode
    return (f'<a download="laboratory.json" href="data:application/json;base64,{b64encode(content).decode()}">'
            f"save laboratory.json</a> ({len(content) // 1000 + 1} kB)")
