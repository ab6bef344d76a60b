"""psql: its own commands, an answer, a cut-off, Ctrl-C."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

CHECKS = json.loads(Path(os.environ["HELAN_CHECKS"]).read_text())


def psql(*commands):
    arguments = [part for command in commands for part in ("-c", command)]
    ran = subprocess.run(["psql", "-X", "-A", "-t", "-v", "VERBOSITY=verbose", *arguments], capture_output=True, text=True, timeout=60)
    return ran.stdout.strip(), ran.stderr.strip()


def check(name, condition, said=""):
    print(f"{name}\t{'ok' if condition else repr(said)}")


check("connects", psql("select 1")[0] == "1")
lists = {command: psql(command) for command in (r"\d", r"\dv", r"\dt", r"\d figures", r"\d+ figures", r"\d events", r"\d+ catalog_areas", r"\dv+ figures", r"\df+ figures*", r"\l", r"\dn", r"\du", r"\dp", r"\dT", r"\di", r"\dd", r"\sv figures", r"\sf figures_as_of", r"\dt+", r"\dL", r"\dF", r"\dFd", r"\dFp", r"\dFt", r"\do", r"\dO", r"\dc", r"\dC", r"\db+", r"\dA", r"\dAc", r"\dAo", r"\dAp", r"\dRs", r"\deu", r"\dconfig+", r"\lo_list")}
wrong = {command: said for command, said in lists.items() if said[1] and "Did not find" not in said[1]}
docs = "LANGUAGE sql" in lists[r"\sf figures_as_of"][0] and "Figures to read" in lists[r"\dv+ figures"][0] and "Indicator." in lists[r"\d+ figures"][0] and "public|figures|view|helan" in lists[r"\d"][0]
check("lists", not wrong and docs, wrong or lists[r"\d+ figures"])
given = [psql(question)[0] for question, _ in CHECKS["answers"]]
check("answers", given == [answer for _, answer in CHECKS["answers"]], given)
moment, question, answer = CHECKS["as of"]
given = psql(f"set helan.as_of = '{moment}'", question)[0].splitlines()
check("as of", given[-1:] == [answer], given)
check("digits", psql(CHECKS["digits"][0])[0] == CHECKS["digits"][1])
check("parameter", psql(r"\timing on", "select count(*) from figures")[0].splitlines()[1].isdigit())
# Ctrl-C while it waits.
running = subprocess.Popen(["psql", "-X", "-v", "VERBOSITY=verbose", "-c", CHECKS["endless"]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
time.sleep(1)
running.send_signal(signal.SIGINT)
_, said = running.communicate(timeout=30)
late = psql("set statement_timeout = 300", CHECKS["endless"])[1]
check("cut off", "57014" in said and "57014" in late, said + late)
copied = psql(r"\copy (select 1) to /dev/null")[1]
check("reads only", "25006" in psql(CHECKS["write"])[1] and "0A000" in copied and "COPY is not offered" in copied, copied)
check("no files", "42883" in psql(CHECKS["file"])[1], psql(CHECKS["file"]))
check("own settings", psql("show helan.as_of")[0] == "")
