"""Two hundred connections at once: half of them idle, forty that ask and ask, twenty with a question that never ends and
twenty that vanish. Prints what the service did meanwhile; every place must be free afterwards, and memory stay within what
is documented."""

import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

import psycopg

TOKENS, OPERATOR, REPORTER, HTTP, PID = os.environ["HELAN_TOKENS"].split(), os.environ["HELAN_OPERATOR"], os.environ["HELAN_REPORTER"], os.environ["HELAN_HTTP"], os.environ["HELAN_PID"]
ENDLESS = json.load(open(os.environ["HELAN_CHECKS"]))["endless"]
# MiB beside what it had before, with the limits that it has by itself: --sql-total-memory, planning in each of eight places, and
# what the allocator keeps.
MOST = 512 + 8 * 30 + 256
states, lock, over = {}, threading.Lock(), threading.Event()


def connect(number):
    token = TOKENS[number % len(TOKENS)]
    return psycopg.connect(user=token.split("_")[1], password=token, autocommit=True)


def count(state):
    with lock:
        states[state] = states.get(state, 0) + 1


def ask(connection, query):
    try:
        connection.execute(query).fetchall()
        count("answered")
    except psycopg.Error as error:
        count(error.sqlstate or "gone")
        # As a tool does that is told to ask later.
        time.sleep(0.2)


def asking(connection):
    while not over.is_set():
        ask(connection, "select count(*) from figures where ref_area = '640000'")


def memory(kind="VmRSS"):
    for line in open(f"/proc/{PID}/status"):
        if line.startswith(kind):
            return int(line.split()[1]) // 1024


def running():
    request = urllib.request.Request(HTTP + "/metrics", headers={"Authorization": f"Bearer {OPERATOR}"})
    text = urllib.request.urlopen(request).read().decode()
    return int(next(line for line in text.splitlines() if line.startswith("helan_sql_running ")).split()[1])


def report(number):
    """Milliseconds until ingest takes an event."""
    event = {"specversion": "1.0", "type": "helan.observation.reported.v1", "source": "/nx/nx-stats", "id": f"crowd-{number}",
             "data": {"ref_area": "640000", "indicator": "rd_expenditure", "time_period": "2010", "value": "200000.5", "unit": "CNY", "unit_mult": 4}}
    headers = {"Authorization": f"Bearer {REPORTER}", "Content-Type": "application/cloudevents+json"}
    begun = time.monotonic()
    urllib.request.urlopen(urllib.request.Request(HTTP + "/v1/events", json.dumps(event).encode(), headers)).read()
    return (time.monotonic() - begun) * 1000


def reports(first, last):
    """The milliseconds of each, measured by a process of its own: in this one the crowd's threads would be waited for as well."""
    reporter.stdin.write(f"{first} {last}\n")
    reporter.stdin.flush()
    return json.loads(reporter.stdout.readline())


def of(times):
    """The middle one and p99, in milliseconds."""
    cuts = statistics.quantiles(times, n=100)
    return f"{cuts[49]:.0f}, p99 {cuts[98]:.0f} ms"


if sys.argv[1:] == ["reporter"]:
    for line in sys.stdin:
        print(json.dumps([report(number) for number in range(*map(int, line.split()))]), flush=True)
    sys.exit()

reporter = subprocess.Popen([sys.executable, __file__, "reporter"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
# The crowd's own threads stand for other machines: they take no time from the service, nor from the process that measures it.
os.nice(19)
quiet = reports(0, 200)
before = memory()
# From here on the highest memory is the crowd's own.
with open(f"/proc/{PID}/clear_refs", "w") as peak:
    peak.write("5")
idle = [connect(number) for number in range(100)]
busy = [connect(number) for number in range(80)]
vanishing = [connect(number) for number in range(20)]
threads = [threading.Thread(target=ask, args=(connection, ENDLESS)) for connection in vanishing + busy[40:60]]
threads += [threading.Thread(target=asking, args=(connection,)) for connection in busy[:40]]
[thread.start() for thread in threads]
crowded = reports(200, 700)
for connection in vanishing:
    handle = socket.socket(fileno=os.dup(connection.fileno()))
    handle.shutdown(socket.SHUT_RDWR)
    handle.close()
crowded += reports(700, 1200)
# The places of those that vanished are free again: the others have their turn.
for _ in range(300):
    if states.get("answered", 0) >= 40:
        break
    time.sleep(0.1)
over.set()
reporter.stdin.close()
for connection in busy[40:60]:
    connection.cancel_safe()
[thread.join(90) for thread in threads]
for _ in range(600):
    if running() == 0:
        break
    time.sleep(0.1)
alive = sum(connection.execute("select 1").fetchone() == (1,) for connection in idle)
highest = memory("VmHWM")
print(f"200 connections: {states}; memory {before} MiB, at most {highest} MiB (bound {before + MOST}); ingest takes an event in {of(quiet)}, beside the crowd in {of(crowded)}; "
      f"idle connections that still answer: {alive} of 100; places taken afterwards: {running()}")
sys.exit(0 if running() == 0 and alive == 100 and states.get("answered", 0) > 0 and highest <= before + MOST else 1)
