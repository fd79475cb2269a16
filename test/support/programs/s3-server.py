"""moto's S3 server, with a page /control by which tests make objects older and have requests refused or held. Prints its port."""

import datetime
import io
import json
import logging
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

logging.getLogger("werkzeug").setLevel(logging.ERROR)
s3 = DomainDispatcherApplication(create_backend_app)
# Which answer a bucket's requests get instead of S3's, and how many of them.
refusals = {}
# Of which folder of a bucket nothing more is written, how many objects still are, and the event that ends it.
holds = {}


def control(environ, start_response):
    order = json.loads(Request(environ).get_data())
    if "age" in order:
        (backends,) = [regions["aws"] for regions in s3_backends.values()]
        for name, key in backends.buckets[order["bucket"]].keys.items():
            if name.startswith(order["prefix"]):
                key.last_modified -= datetime.timedelta(milliseconds=order["age"])
    elif "hold" in order:
        holds[order["bucket"]] = {"folder": f'/{order["bucket"]}/{order["hold"]}', "left": order["objects"], "end": threading.Event()}
    elif "let_go" in order:
        holds.pop(order["bucket"])["end"].set()
    else:
        refusals[order["bucket"]] = order
    return Response(status=204)(environ, start_response)


def hold_back(environ):
    hold = holds.get(environ["PATH_INFO"].split("/")[1])
    if environ["REQUEST_METHOD"] != "PUT" or hold is None or not environ["PATH_INFO"].startswith(hold["folder"]):
        return
    # Whoever sent it may be gone by then; a store that has a whole object writes it all the same.
    environ["wsgi.input"] = io.BytesIO(Request(environ).get_data())
    hold["left"] -= 1
    if hold["left"] < 0:
        hold["end"].wait()


def serve(environ, start_response):
    if environ["PATH_INFO"] == "/control":
        return control(environ, start_response)
    # A store may always give less of a list than it is asked for, and says that there is more.
    if "list-type=2" in environ["QUERY_STRING"]:
        environ["QUERY_STRING"] += "&max-keys=20"
    hold_back(environ)
    refusal = refusals.get(environ["PATH_INFO"].split("/")[1])
    if refusal is None or refusal["times"] == 0:
        return s3(environ, start_response)
    refusal["times"] -= 1
    Request(environ).get_data()
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{refusal["code"]}</Code><Message>refused</Message></Error>'
    return Response(body, status=refusal["status"], content_type="application/xml")(environ, start_response)


server = make_server("127.0.0.1", 0, serve, threaded=True)
print(server.port, flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    sys.exit(0)
