"""Voila's server for one page, for those who hold its token. It needs Voila, so only `serve` imports this module."""
from __future__ import annotations

import asyncio
import hmac
import secrets
import threading
import time
import webbrowser
from functools import partial
from http.client import responses
from pathlib import Path

from jupyter_server.auth.identity import IdentityProvider
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler
from traitlets.config import Config
from voila.app import Voila
from voila.handler import VoilaHandler

PAGES = 8  # each has a kernel
PROTOCOL = "v1.kernel.websocket.jupyter.org"
PARTS = 32  # of a message from the page; its widgets send six
LARGEST = 2**20  # bytes of a request or a message; those of the page have a few hundred
LIMITS = {"max_body_size": LARGEST, "max_buffer_size": 16 * LARGEST, "body_timeout": 10, "idle_connection_timeout": 60}
TORNADO = {"allow_remote_access": False,  # the Host header names this machine, or DNS rebinding would pass the origin
           "websocket_max_message_size": LARGEST,
           "headers": {"Referrer-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
                      "Content-Security-Policy": "frame-ancestors 'none'"}}
WIDGETS = ["@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager", "ipyevents"]
ERRORS = {403: "This page opens with the address that `tinygan lab` printed. The address begins with "
               "http://localhost and holds a token.",
          503: f"{PAGES} pages of the laboratory are open, and more are not allowed. Close one of them, then load "
               "this page again. A page that was lost, with its browser or its connection, counts for some minutes."}
OPENER = '<!DOCTYPE html><meta http-equiv="refresh" content="0; url={}"><title>The GAN laboratory</title>'


def settings(port, browser, idle):
    """The settings of Voila and of Jupyter's server: see `serve`."""
    return Config({
        "Voila": {"port": port, "open_browser": browser, "token": secrets.token_hex(24), "log_level": "ERROR",
                  "config_file_paths": [],  # a voila.py in the working folder would be run
                  "identity_provider_class": Identity, "tornado_settings": TORNADO},
        "Identity": {"cookie_options": {"samesite": "Lax", "expires_days": None}},
        "VoilaConfiguration": {"template": "tinygan", "extension_allowlist": WIDGETS, "file_allowlist": [],
                               "allow_template_override": "NO", "allow_theme_override": "NO",
                               "multi_kernel_manager_class": Kernels},
        "Kernels": {"cull_idle_timeout": idle, "cull_interval": min(idle, 30),
                    "buffer_offline_messages": False},  # a laboratory that plays fills a buffer without end
    })


class Identity(IdentityProvider):
    """Knows a request by the token, in its address or a header, or by the cookie that a request with the token got."""

    def get_handlers(self):
        """No page to log in."""
        return []

    def get_token(self, handler):
        """The token if the request has it. The time of the comparison does not depend on the text that was sent."""
        sent = super().get_token(handler) or ""
        return self.token if hmac.compare_digest(sent.encode(), self.token.encode()) else ""


class Kernels(AsyncMappingKernelManager):
    """At most `PAGES` kernels. A kernel without a page ends after `cull_idle_timeout` seconds.

    Jupyter's own rule asks for a kernel that is idle, and a laboratory that plays is not, even after its page is gone.
    """

    def __init__(self, **options):
        super().__init__(**options)
        self.starting: set[str] = set()
        self.alone: dict[str, float] = {}  # since when a kernel has no page

    async def start_kernel(self, **options):
        if len({*self.list_kernel_ids(), *self.starting}) >= PAGES:
            raise HTTPError(503)
        kernel_id = options["kernel_id"] = self.new_kernel_id()
        self.starting.add(kernel_id)
        try:
            return await super().start_kernel(**options)
        finally:
            self.starting.discard(kernel_id)

    async def cull_kernels(self):
        ids = self.list_kernel_ids()
        now = time.monotonic()
        self.alone = {id: self.alone.get(id, now) for id in ids if self._kernel_connections.get(id, 0) <= 0}
        late = [id for id, since in self.alone.items() if now - since >= self.cull_idle_timeout]
        await asyncio.gather(*map(self.shutdown_kernel, late), return_exceptions=True)


class Guard(JupyterHandler):
    """Comes before every handler of Voila: nothing is sent to a request of a foreign host or without the token."""

    async def prepare(self):
        self.request.uri, self.request.query = self.request.path, ""  # keeps the token from logs and from the kernel
        await super().prepare()
        if self.current_user is None:
            raise HTTPError(403)
        if isinstance(self, VoilaHandler):
            if self.request.headers.get("Sec-Fetch-Dest", "document") != "document":
                raise HTTPError(403)  # another page of this host would start kernels by its images
            _ = self.xsrf_token  # sets the cookie without which the page cannot end its kernel
            if "token" in self.request.query_arguments:
                self.redirect(self.base_url)  # the address bar and the history keep an address without the token

    def get_login_url(self):
        raise HTTPError(403)

    def write_error(self, status_code, **options):
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.write(ERRORS.get(status_code) or responses.get(status_code, "error"))


class WebSocketGuard(Guard):
    """Refuses what makes the server allocate without bound: an old protocol of Jupyter, and messages of many parts.

    Voila reads each message to the page as one of `PROTOCOL`. In a message of the old protocol, a number of up to 64
    bits at the place of the number of parts becomes the length of a list.
    """

    async def prepare(self):
        await super().prepare()
        if PROTOCOL not in map(str.strip, self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")):
            raise HTTPError(400)
        if not self.check_origin():  # Jupyter checks it after it has closed the page's own connection
            raise HTTPError(403)

    def on_message(self, message):
        if isinstance(message, bytes) and int.from_bytes(message[:8], "little") <= PARTS:
            super().on_message(message)
        else:
            self.close(1003)


class Server(Voila):
    """Voila with a guard before each handler. It prints its address when it listens."""

    @property
    def address(self):
        return f"http://localhost:{self.port}/?token={self.token}"

    def init_handlers(self):
        return [(pattern, guarded(handler), *options) for pattern, handler, *options in super().init_handlers()]

    def listen(self):
        self.app.listen = partial(self.app.listen, **LIMITS)
        IOLoop.current().add_callback(lambda: print(f"The laboratory is open at {self.address}", flush=True))
        super().listen()

    def launch_browser(self):
        """Opens a file that leads to the address: the arguments of a browser are seen by all users of the machine."""
        file = Path(self.root_dir) / "open.html"
        file.write_text(OPENER.format(self.address))
        threading.Thread(target=webbrowser.open, args=[file.as_uri()], daemon=True).start()


def guarded(handler):
    """A handler of Voila with the guard before it."""
    guard = WebSocketGuard if issubclass(handler, WebSocketHandler) else Guard
    return type(handler.__name__, (guard, handler), {})
