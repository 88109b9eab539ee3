"""The server of the laboratory's page: strangers are refused, kernels are few and end."""
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("voila")
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import HTTPError
from tornado.websocket import websocket_connect

from tinygan.lab import server
from tinygan.lab.serve import PAGE

pytestmark = pytest.mark.filterwarnings("default")  # Voila and Jupyter have warnings of their own
KERNEL = "/api/kernels/0-0-0-0-0"
SCRIPT = "/voila/templates/base/static/voila.js"
ROUTES = ["/", SCRIPT, "/voila/static/voila.js", "/voila/labextensions/x", "/voila/files/laboratory.ipynb",
          "/voila/api/themes/x", "/voila/api/shutdown/x", "/voila/render/x.ipynb", "/voila/tree", "/api/contents",
          "/api/kernels", "/login", "/nothing", KERNEL, f"{KERNEL}/channels"]


@pytest.fixture
def voila(tmp_path, monkeypatch):
    """The application, made but not served."""
    notebook = tmp_path / "laboratory.ipynb"
    notebook.write_text(json.dumps(PAGE))
    (tmp_path / "voila.json").write_text('{"Voila": {"ip": "0.0.0.0"}}')
    (tmp_path / "picture.png").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(server.Server, "listen", lambda self: None)
    settings = server.settings(8866, False, 60)
    settings.Voila.connection_dir_root = str(tmp_path)
    settings.VoilaConfiguration.template = "lab"  # that of the laboratory extends it
    voila = server.Server(config=settings)
    voila.initialize([str(notebook)])
    voila.start()
    return voila


def ask(voila, *requests):
    """The answers to requests; each is a path and the options of HTTPRequest."""
    async def answers():
        socket, port = bind_unused_port()
        http = HTTPServer(voila.app, **server.LIMITS)
        http.add_socket(socket)
        try:
            return [await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}{path}", raise_error=False,
                                                  follow_redirects=False, **options) for path, options in requests]
        finally:
            http.stop()
            await http.close_all_connections()
    return asyncio.run(answers())


def codes(voila, *requests):
    return [answer.code for answer in ask(voila, *requests)]


def known(voila, **headers):
    """Options of a request with the token."""
    return {"headers": {"Authorization": f"token {voila.token}", **headers}}


def test_a_request_without_the_token_gets_nothing(voila):
    assert len(voila.token) >= 32
    answers = ask(voila, *[(path, {}) for path in ROUTES],
                  *[("/voila/api/shutdown/x", {"method": method, "body": b""}) for method in ("POST", "PUT")],
                  *[(KERNEL, {"method": method}) for method in ("DELETE", "OPTIONS")],
                  *[(f"/?token={wrong}", {}) for wrong in ("", voila.token[:-1], voila.token + "0", "%C3%A9", "...")],
                  ("/", {"headers": {"Authorization": "token x", "Cookie": "username-127-0-0-1=x"}}))
    assert {answer.code for answer in answers} == {403}
    assert {answer.body for answer in answers} == {server.ERRORS[403].encode()}


def test_a_file_of_the_working_folder_changes_nothing(voila):
    assert voila.ip == "localhost"


def test_the_token_opens_static_files_but_no_others(voila):
    assert codes(voila, (SCRIPT, {}), (SCRIPT, known(voila))) == [403, 200]
    closed = ["/voila/files/laboratory.ipynb", "/voila/files/open.html", "/voila/files/picture.png",
              "/voila/static/..%2f..%2fapp.py", "/voila/static//etc/passwd", "/voila/templates/%2e%2e/static/x",
              "/voila/labextensions/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", KERNEL]
    assert set(codes(voila, *[(path, known(voila)) for path in closed])) <= {403, 404}
    assert codes(voila, ("/voila/files/picture.png", known(voila))) == [403]
    forms = ask(voila, *[(path, known(voila)) for path in ("/login", "/logout", "/voila/tree")])
    assert all(answer.headers["Location"].startswith("/voila/files/") for answer in forms)


@pytest.mark.parametrize(("place", "code"), [("document", 302), ("image", 403), ("iframe", 403), ("empty", 403)])
def test_the_page_opens_in_a_tab_alone(voila, place, code):
    answers = ask(voila, (f"/?token={voila.token}", {"headers": {"Sec-Fetch-Dest": place}}),
                  (SCRIPT, known(voila, **{"Sec-Fetch-Dest": "script"})))
    assert [answer.code for answer in answers] == [code, 200]
    assert {answer.headers["Content-Security-Policy"] for answer in answers} == {"frame-ancestors 'none'"}


def test_the_token_leaves_the_address_and_a_cookie_stays(voila, caplog):
    [answer] = ask(voila, (f"/?token={voila.token}", {}))
    assert (answer.code, answer.headers["Location"]) == (302, "/")
    assert answer.headers["Referrer-Policy"] == "same-origin"
    cookies = answer.headers.get_list("Set-Cookie")
    [login] = [cookie for cookie in cookies if cookie.startswith("username")]
    assert {"HttpOnly", "SameSite=Lax"} <= set(login.split("; "))
    assert "expires" not in login  # it ends with the browser
    assert any(cookie.startswith("_xsrf=") for cookie in cookies)  # with it the page ends its kernel
    assert voila.token not in str(cookies)
    ask(voila, (f"/nothing?token={voila.token}", {}), (f"/voila/static//etc/passwd?token={voila.token}", {}))
    assert "etc/passwd" in caplog.text
    assert voila.token not in caplog.text


def test_a_cookie_alone_changes_nothing(voila):
    """A foreign page that makes the browser send a request has the cookie, but not the value for the form."""
    [answer] = ask(voila, (f"/?token={voila.token}", {}))
    [login] = [cookie for cookie in answer.headers.get_list("Set-Cookie") if cookie.startswith("username")]
    name, _, value = login.split("; ")[0].partition("=")
    port = name.rpartition("-")[2]  # the cookie belongs to host and port
    headers = {"Cookie": f"{name}={value}", "Host": f"127.0.0.1:{port}"}
    assert codes(voila, (SCRIPT, {"headers": headers}), (KERNEL, {"headers": headers, "method": "DELETE"}),
                 ("/voila/api/shutdown/x", {"headers": headers, "method": "POST", "body": b""})) == [200, 403, 403]
    origins = [headers["Host"], "127.0.0.1:1", "evil.example", "null"]
    sockets = [{**headers, **upgrade({"Sec-WebSocket-Protocol": server.PROTOCOL}), "Origin": f"http://{origin}"}
               for origin in origins]
    assert codes(voila, *[(f"{KERNEL}/channels", {"headers": each}) for each in sockets]) == [404, 403, 403, 403]


@pytest.mark.parametrize(("host", "code"), [
    ("localhost", 200), ("localhost:9999", 200),  # ssh -L 9999:localhost:8866
    ("127.0.0.1:1", 200), ("[::1]:8866", 200),
    ("evil.example", 403), ("evil.example:8866", 403), ("localhost.evil.example", 403), ("127.0.0.1.evil.example", 403),
    ("10.0.0.1:8866", 403), ("0.0.0.0:8866", 403), ("[::2]:8866", 403), ("[2001:db8::1]", 403)])
def test_hosts(voila, host, code):
    paths = [SCRIPT] if code == 200 else ROUTES
    assert set(codes(voila, *[(path, known(voila, Host=host)) for path in paths])) == {code}


def test_large_requests_are_cut(voila):
    [answer] = ask(voila, ("/voila/api/shutdown/x", {"method": "POST", "body": bytes(server.LARGEST + 1)}))
    assert answer.code in (400, 413, 599)  # 599: the connection was closed


def upgrade(protocols):
    """Options of a request that opens a websocket."""
    return {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **protocols}


@pytest.mark.parametrize(("offered", "code"), [(None, 400), ("", 400), ("v0", 400), (f"x{server.PROTOCOL}", 400),
                                               (server.PROTOCOL, 404), (f"x, {server.PROTOCOL}", 404)])
def test_websockets_offer_the_protocol(voila, offered, code):
    protocols = {} if offered is None else {"Sec-WebSocket-Protocol": offered}
    assert codes(voila, (f"{KERNEL}/channels", known(voila, **upgrade(protocols)))) == [code]  # 404: no such kernel


def test_messages_of_many_parts_are_not_read():
    class Below:
        def on_message(self, message):
            read.append(message)

        def close(self, code):
            closed.append(code)

    read, closed = [], []
    guard = type("Guarded", (server.WebSocketGuard, Below), {"__init__": lambda self: None})()
    good = (6).to_bytes(8, "little") + b"..."
    for message in (good, (2**62).to_bytes(8, "little"), (1000).to_bytes(8, "little"), "text"):
        guard.on_message(message)
    assert (read, closed) == ([good], [1003] * 3)


def test_at_most_eight_kernels(monkeypatch):
    async def start(self, *, kernel_id):
        await asyncio.sleep(0.01)
        self._kernels[kernel_id] = object()
        await asyncio.sleep(0.01)  # now it is known as a kernel, and still starting
        return kernel_id

    async def twelve():
        kernels = server.Kernels()
        some = [await kernels.start_kernel() for _ in range(2)]
        rest = await asyncio.gather(*[kernels.start_kernel() for _ in range(12)], return_exceptions=True)
        refused = [error for error in rest if isinstance(error, HTTPError)]
        assert (len(set(some + rest) - set(refused)), len(refused)) == (server.PAGES, 6)
        assert {error.status_code for error in refused} == {503}
        for kernel_id in some:
            del kernels._kernels[kernel_id]
        last = asyncio.create_task(kernels.start_kernel())
        await asyncio.sleep(0.015)
        assert len(kernels.list_kernel_ids()) == len(kernels.starting) + 6 == 7
        assert {await kernels.start_kernel(), await last} <= set(kernels.list_kernel_ids())

    monkeypatch.setattr(server.AsyncMappingKernelManager, "start_kernel", start)
    asyncio.run(twelve())


def test_a_kernel_without_a_page_ends(monkeypatch):
    async def end(self, kernel_id):
        ended.append(kernel_id)
        del self._kernels[kernel_id]

    def wait(seconds):
        clock[0] += seconds
        asyncio.run(kernels.cull_kernels())

    ended, clock = [], [0.0]
    monkeypatch.setattr(server.AsyncMappingKernelManager, "shutdown_kernel", end)
    monkeypatch.setattr(server, "time", type("Clock", (), {"monotonic": staticmethod(lambda: clock[0])}))
    kernels = server.Kernels(cull_idle_timeout=60)
    kernels._kernels = dict.fromkeys(("open", "closed", "again"))
    kernels._kernel_connections = {"open": 1, "closed": 0, "again": 0}
    wait(0)
    wait(50)
    kernels.notify_connect("again")
    wait(9)
    assert ended == []
    wait(1)
    kernels.notify_disconnect("again")
    wait(50)
    assert ended == ["closed"]
    wait(60)
    assert ended == ["closed", "again"]


def test_the_browser_gets_the_token_by_a_file(voila, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    voila.launch_browser()
    end = time.monotonic() + 10
    while not opened and time.monotonic() < end:
        time.sleep(0.01)
    page = Path(voila.root_dir) / "open.html"
    assert opened == [page.as_uri()]
    assert f'url={voila.address}"' in page.read_text()


@contextlib.contextmanager
def served(idle):
    """The laboratory in a process of its own: its address and its token."""
    free, port = bind_unused_port()
    free.close()
    command = f"from tinygan.lab.serve import serve; serve({port}, False, {idle})"
    process = subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True)
    try:
        yield re.search(r"(http://localhost:\d+)/\?token=(\w+)", process.stdout.readline()).groups()
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.mark.slow
def test_pages_from_first_to_last():
    with served(8) as (address, token):
        asyncio.run(first_to_last(address, {"Authorization": f"token {token}"}))


async def first_to_last(address, headers):
    async def load(path=""):
        return await AsyncHTTPClient().fetch(address + path, headers=headers, raise_error=False, request_timeout=60)

    async def connect(kernel, protocols=(server.PROTOCOL,), **more):
        url = f"{address}/api/kernels/{kernel}/channels?session_id=s".replace("http", "ws")
        return await websocket_connect(HTTPRequest(url, headers={**headers, **more}), subprotocols=[*protocols])

    async def gone(kernel, seconds=60):
        end = time.monotonic() + seconds
        while (answer := await load(f"/api/kernels/{kernel}")).code == 200:
            assert time.monotonic() < end
            await asyncio.sleep(0.5)
        return answer.code == 404

    def kernel_of(page):
        return re.search(rb'"kernelId": "([^"]+)"', page.body)[1].decode()

    first = await load()
    kernel, cookie = kernel_of(first), "; ".join(c.split(";")[0] for c in first.headers.get_list("Set-Cookie"))
    page = await connect(kernel, Authorization="", Cookie=cookie, Origin=address)
    with pytest.raises(HTTPClientError, match="400"):
        await connect(kernel, ())
    for wrong in ({}, {"Cookie": cookie, "Origin": "http://localhost:1"}, {"Cookie": cookie, "Host": "evil.example"}):
        with pytest.raises(HTTPClientError, match="403"):
            await connect(kernel, **{"Authorization": "", **wrong})
    pages = await asyncio.gather(*[load() for _ in range(server.PAGES + 1)])
    assert sorted(page.code for page in pages) == [200] * (server.PAGES - 1) + [503] * 2
    assert all([await gone(kernel_of(page)) for page in pages if page.code == 200])
    assert (await load(f"/api/kernels/{kernel}")).code == 200
    page.close()
    assert await gone(kernel)
    assert (await load()).code == 200
