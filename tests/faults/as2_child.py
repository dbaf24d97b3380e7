"""A gateway's process for the AS2 crash tests: takes one message, or works one send lane, and may be told to die."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

from gateway.logs import configure_logs
from gateway.store import work
from gateway.store.engine import open_store
from tests.gateway.as2.workspace import gateway_of, post


def main(what: str, url: str, home: str, argument: str) -> None:
    """Do one thing.

    Args:
        what: receive or work.
        url: the database.
        home: the workspace.
        argument: of receive, a file with the request; of work, the lane.
    """
    configure_logs("error")  # on stderr
    store = open_store(url, connections=4)
    gateway = gateway_of(Path(home), store)
    if what == "receive":
        said = json.loads(Path(argument).read_text())
        headers = tuple((name, value) for name, value in said["headers"])
        answer = post(gateway.as2_endpoint(lambda _lanes: None), headers, base64.b64decode(said["body"]))
        body = base64.b64encode(answer.body).decode()
        sys.stdout.write(json.dumps({"status": answer.status, "headers": answer.headers, "body": body}))
    else:
        with store.begin() as conn:
            claims = work.claim(conn, argument, worker="child", now=gateway.clock.now())
        working = gateway.work(worker="child", wake=lambda _lanes: None)
        for claim in claims:
            working(claim)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:5])
