"""Sends one event with CloudEvents' Python library in every way that it has; prints `mode status submission` a line.

The library has two interfaces: the older one writes headers as they are, the newer one encodes them as the HTTP binding
says. Either sends an event of JSON with and without a content type, and with extension attributes.
"""

import json
import os
import sys
import urllib.request
from datetime import datetime, timezone

from cloudevents.core.bindings import http as newer
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1 import conversion as older
from cloudevents.v1.http import CloudEvent as OlderEvent

DATA = {
    "ref_area": "640000",
    "indicator": "rd_expenditure",
    "time_period": "2018",
    "value": "455792.5",
    "unit": "CNY",
    "unit_mult": 4,
    "note": "初步",
}
TIME = datetime(2019, 8, 30, 1, 0, tzinfo=timezone.utc)
ATTRIBUTES = {"id": 'py:1"2', "source": "/nx/nx-stats", "type": "helan.observation.reported.v1"}
ADDED = {
    "datacontenttype": "application/json",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "partitionkey": "640000",
}


def messages():
    """Every form of the event: its name, headers and body."""
    for name, more in (("plain", {}), ("extended", ADDED)):
        event = CloudEvent(attributes={**ATTRIBUTES, **more, "specversion": "1.0", "time": TIME}, data=DATA)
        for mode in (newer.to_binary_event, newer.to_structured_event):
            message = mode(event)
            yield f"newer-{name}-{mode.__name__}", message.headers, message.body
        event = OlderEvent({**ATTRIBUTES, **more, "time": "2019-08-30T01:00:00Z"}, DATA)
        for mode in (older.to_binary, older.to_structured):
            headers, body = mode(event)
            yield f"older-{name}-{mode.__name__}", headers, body


for name, headers, body in messages():
    # A client that names no type itself; urllib would name one of its own for a body.
    headers = {"content-type": "", **headers, "authorization": f"Bearer {os.environ['HELAN_TOKEN']}"}
    request = urllib.request.Request(f"{sys.argv[1]}/v1/events", data=body, headers=headers, method="POST")
    if not headers["content-type"]:
        request.headers.pop("Content-type")
        request.add_unredirected_header("Content-type", "")
    with urllib.request.urlopen(request) as answer:
        print(name, answer.status, json.load(answer)["submission"])
