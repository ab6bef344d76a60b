"""Does a reporter's first day of work with a client that openapi-python-client makes of the server's own description.

Prints one line of JSON: what each step was answered. The description is fetched as any user would; the generator gets no
configuration but that it formats nothing.
"""

import importlib
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

base = sys.argv[1]
reporter, analyst = os.environ["HELAN_TOKEN"], os.environ["HELAN_ANALYST"]
TABLE = "ref_area,indicator,time_period,value,unit,unit_mult\n"


def generate(folder):
    """Makes the package `made` in a folder; returns what the generator could not make."""
    request = urllib.request.Request(f"{base}/openapi.json", headers={"authorization": f"Bearer {reporter}"})
    with urllib.request.urlopen(request) as answer:
        Path(folder, "openapi.json").write_bytes(answer.read())
    Path(folder, "config.yml").write_text("post_hooks: []\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json"]
    command += ["--config", "config.yml", "--output-path", "made", "--meta", "none"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return [line for line in (done.stdout + done.stderr).splitlines() if "will not be generated" in line]


with TemporaryDirectory() as folder:
    answers = {"missing": generate(folder)}
    sys.path.insert(0, folder)

    def call(path, **arguments):
        """Calls an operation: the status, and the answer as its model."""
        return importlib.import_module(f"made.api.{path}").sync_detailed(**arguments)

    def model(name):
        return getattr(importlib.import_module("made.models"), name)

    client = importlib.import_module("made").AuthenticatedClient(base_url=base, token=reporter)
    types = importlib.import_module("made.types")

    def table(row, **arguments):
        file = types.File(payload=(TABLE + row).encode())
        return call("reports.submissions", client=client, body=file, source="/nx/nx-stats", **arguments)

    # A table, whose outcome is waited for; then without waiting, asked for afterwards.
    sent = table("640000,gdp,2018,3705.18,CNY,8\n", prefer="wait=20")
    answers["table"] = [sent.status_code, sent.parsed.outcome.state, sent.headers.get("preference-applied")]
    later = table("640000,gdp,2017,3443.56,CNY,8\n")
    receipt = call("query.receipt", client=client, id=later.parsed.submission, wait="20s")
    answers["receipt"] = [later.status_code, receipt.status_code, receipt.parsed.state, receipt.parsed.accepted]

    # An event, several, and another value under the first one's id.
    def event(id, value, period="2018"):
        data = {"ref_area": "640000", "indicator": "rd_expenditure", "time_period": period, "value": value, "unit": "CNY"}
        whole = {"specversion": "1.0", "type": "helan.observation.reported.v1", "source": "/nx/nx-stats", "id": id}
        return model("HelanObservationReportedV1").from_dict({**whole, "data": {**data, "unit_mult": 4}})

    for name, body in {
        "event": event("rd-1", "455792.5"),
        "events": [event("rd-1", "455792.5"), event("rd-2", "389000", "2017")],
        "conflict": event("rd-1", "4557.9"),
    }.items():
        sent = call("reports.events", client=client, body=body, wait="20s")
        answer = sent.parsed
        said = answer.outcome.state if sent.status_code == 200 else answer.errors[0].code
        answers[name] = [sent.status_code, said]

    listed = call("query.list_submissions", client=client, source="/nx/nx-stats", state="accepted").parsed
    answers["submissions"] = [entry.outcome for entry in listed.submissions]
    owed = call("query.list_reports", client=client, period="2018").parsed
    gdp = [entry for entry in owed.reports if (entry.indicator, entry.ref_area) == ("gdp", "640000")]
    answers["reports"] = [owed.owed > 0, {entry.reporter for entry in owed.reports}.pop(), gdp[0].status, gdp[0].standing]
    found = call("query.list_findings", client=client).parsed
    answers["findings"] = [found.found, len(found.findings)]
    question = model("SqlRequest")(query="select value from rd_intensity where ref_area = '640000' and time_period = '2018'")
    refused = call("query.ask", client=client, body=question)
    answers["role"] = [refused.status_code, refused.parsed.code]
    asker = importlib.import_module("made").AuthenticatedClient(base_url=base, token=analyst)
    answers["sql"] = [json.loads(line) for line in call("query.ask", client=asker, body=question).parsed.splitlines()]

print(json.dumps(answers))
