"""A WebSub hub (Flask-WebSub, Celery eager, SQLite) on a free port of 127.0.0.1.

Run by the Python that has Flask-WebSub installed. Takes the file of its database as its argument, prints one line of
JSON when it answers, `{"url"}`, and ends when standard input closes, so it never outlives the test run that started it.
"""

from __future__ import annotations

import json
import sys
import threading

from celery import Celery
from flask import Flask
from flask_websub.hub import Hub, SQLite3HubStorage
from werkzeug.serving import make_server

celery = Celery("hub")
celery.conf.update(task_always_eager=True)
app = Flask("hub")
app.config["PUBLISH_SUPPORTED"] = True  # read here, not from the hub's arguments
hub = Hub(SQLite3HubStorage(sys.argv[1]), celery, MAX_ATTEMPTS=0)
app.register_blueprint(hub.build_blueprint(url_prefix="/hub"))

server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}/hub"}), flush=True)
sys.stdin.read()
server.shutdown()
