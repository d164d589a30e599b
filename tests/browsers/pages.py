"""The HTTPS server of the test: each page says as what, and at which address and port, it was reached."""

import http.server
import ssl
import threading


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        host = self.headers.get("host", "").rsplit(":", 1)[0]
        address, port = self.connection.getsockname()
        here = f"{host} is at {address}:{port}"
        found = self.path == "/"
        # The text is put there by a script: it is only seen by one who runs the page.
        body = f"<!doctype html><body><script>document.body.append({here!r})</script>" if found else ""
        self.send_response(200 if found else 404)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.send_header("cache-control", "no-store")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Site(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate, key, port=0):
        super().__init__(("0.0.0.0", port), Page)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        self.tls.set_alpn_protocols(["http/1.1"])
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        # In the thread of the connection: browsers open some that they never use.
        with self.tls.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def shutdown_request(self, request):
        self.close_request(request)

    def handle_error(self, *_):
        """A browser may leave when it likes."""
