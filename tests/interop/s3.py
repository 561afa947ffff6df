"""A small S3 on this machine: the calls that a client of objects makes, with the files of a folder as objects.

Prints its port. Whoever has another key than `lake-key` is refused.
"""

import sys
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

FOLDER = Path(sys.argv[1])
uploads, lock = {}, threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "content_length" not in headers:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_call(self):
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if "Credential=lake-key/" not in self.headers.get("authorization", ""):
            return self.answer(403, b"<Error><Code>InvalidAccessKeyId</Code></Error>")
        return getattr(self, "on_" + self.command)(unquote(url.path).strip("/"), parse_qs(url.query, True), body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_call

    def on_GET(self, key, query, _):
        if "list-type" in query:
            return self.list(key, query["prefix"][0])
        path = FOLDER / key
        if not path.is_file():
            return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        headers = {"ETag": '"%d"' % path.stat().st_size, "Last_Modified": formatdate(path.stat().st_mtime, usegmt=True)}
        query_id = path.with_name(path.name + ".query")
        if query_id.is_file():
            headers["x_amz_meta_fennel_request_id"] = query_id.read_text()
        data = path.read_bytes()
        return self.answer(200, data, content_length=str(len(data)), **headers)

    on_HEAD = on_GET

    def list(self, bucket, prefix):
        files = [path for path in sorted(FOLDER.rglob("*")) if path.is_file() and path.suffix != ".query"]
        keys = [(str(path.relative_to(FOLDER / bucket)), path) for path in files]
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{path.stat().st_size}</Size><ETag>\"1\"</ETag>"
            "<LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>"
            for key, path in keys if key.startswith(prefix)
        )
        self.answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>".encode())

    def on_POST(self, key, query, _):
        if "uploads" in query:
            with lock:
                upload = str(len(uploads))
                uploads[upload] = ({}, self.headers.get("x-amz-meta-fennel-request-id", ""))
            xml = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            return self.answer(200, xml.encode())
        parts, query_id = uploads[query["uploadId"][0]]
        path = FOLDER / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(path.name + ".query").write_text(query_id)
        path.write_bytes(b"".join(parts[number] for number in sorted(parts)))
        xml = "<CompleteMultipartUploadResult><ETag>\"1\"</ETag></CompleteMultipartUploadResult>"
        return self.answer(200, xml.encode())

    def on_PUT(self, _, query, body):
        uploads[query["uploadId"][0]][0][int(query["partNumber"][0])] = body
        self.answer(200, ETag='"1"')

    def on_DELETE(self, *_):
        self.answer(204)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
