"""`tinygan lab`: serves the GAN laboratory as a web page."""
from __future__ import annotations

from tinygan.cli import arguments
from tinygan.lab.serve import serve

ABOUT = "open the GAN laboratory in the browser"


def add(parser) -> None:
    parser.add_argument("--port", type=arguments.port, default=8866, help="port on localhost (default: 8866)")
    parser.add_argument("--no-browser", action="store_true", help="serve the page without opening a browser")
    parser.add_argument("--idle", type=arguments.count, default=5, metavar="MINUTES",
                        help="minutes after which the kernel of a closed page ends (default: 5)")


def run(options):
    serve(options.port, not options.no_browser, 60 * options.idle)
