# SPDX-License-Identifier: MIT
"""An HTTPS server that serves files well or badly: usage: mirror.py CERTIFICATE FOLDER PORT_FILE

The first part of a path says how: /good/NAME is FOLDER/NAME, the other words are the methods below.
A line for each request goes to standard output.
"""

import gzip
import http.server
import os
import pathlib
import ssl
import sys
import time

certificate, folder, port_file = sys.argv[1:]


class Mirror(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, flush=True)
        how, name = self.path.strip("/").split("/", 1)
        getattr(self, how)(name)

    def send(self, body, length=None, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def good(self, name):
        path = pathlib.Path(folder, name)
        self.send(path.read_bytes()) if path.is_file() else self.missing(name)

    def missing(self, name):
        self.send(b"no such file", status=404)

    def page(self, name):
        self.send(b"\n<!DOCTYPE html><title>Welcome to our network</title>")

    def text(self, name):
        self.send(b"please log in")

    def empty(self, name):
        self.send(b"")

    def broken_off(self, name):
        """Fewer bytes than were announced."""
        self.send(gzip.compress(bytes(10008))[:-8], length=50000)

    def cut(self, name):
        """The gzip stream ends in its middle."""
        self.send(gzip.compress(os.urandom(10008))[:-100])

    def altered(self, name):
        """Of the right size, and otherwise wrong."""
        self.send(gzip.compress(bytes(10008)))

    def small(self, name):
        self.send(gzip.compress(bytes(10007)))

    def bomb(self, name):
        self.send(gzip.compress(bytes(1 << 26), 9))

    def behind(self, name):
        self.send(gzip.compress(bytes(10008)) + b"more")

    def large(self, name):
        """Says at once that it is too large."""
        self.send(b"\x1f\x8b" + bytes(1000), length=1 << 40)

    def endless(self, name):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(bytes(1 << 16))

    def redirected(self, name):
        self.send_response(302)
        self.send_header("Location", "http://localhost:%d/good/%s" % (port, name))
        self.end_headers()

    def moved(self, name):
        self.send_response(301)
        self.send_header("Location", "https://localhost:%d/good/%s" % (port, name))
        self.end_headers()

    def silent(self, name):
        time.sleep(60)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
server.handle_error = lambda request, address: None  # clients leave early here
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)
server.socket = context.wrap_socket(server.socket, server_side=True)
port = server.server_address[1]
pathlib.Path(port_file + ".new").write_text(str(port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
