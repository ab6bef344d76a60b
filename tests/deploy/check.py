"""Checks every file of deploy/ with the tools that will read it, and that each check can fail.

Usage: check.py TOOLS HELAN, with the directory that tests/deploy/setup filled and the built binary.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

import promql_parser
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "helan"
VALUES = ROOT / "tests" / "deploy" / "values.yaml"
TOOLS, HELAN = (pathlib.Path(argument) for argument in sys.argv[1:3])
KUBERNETES = ["1.35", "1.37"]
# What systemd may say of our units at most, of 10.0; 9.x is a unit without any protection.
EXPOSURE = 15


def run(*command, **options):
    """Runs a command; returns its exit code and what it said."""
    path = f"{TOOLS}/bin:{TOOLS}/python/bin:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "SYSTEMD_COLORS": "0", **options.pop("env", {})}
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=environment, check=False, **options
    )
    return done.returncode, done.stdout + done.stderr


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def accepts(self, *command, **options):
        code, said = run(*command, **options)
        self.assertEqual(code, 0, said)
        return said

    def refuses(self, *command, word, **options):
        code, said = run(*command, **options)
        self.assertNotEqual(code, 0, said)
        self.assertIn(word, said)

    def written(self, name, text):
        path = self.dir / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def resolves(self, arguments, environment, settings=None):
        """The program itself takes these arguments, variables and settings: files of a container or another machine
        stand in for each other, all else is as deployed."""
        stand_in = {
            "/run/secrets/kafka_properties": self.written("kafka.properties", "security.protocol=SASL_SSL\n"),
            "/run/secrets/kafka/kafka.properties": self.dir / "kafka.properties",
            "/run/secrets/credentials": self.written("credentials.jsonl", ""),
            "/run/secrets/helan/credentials.jsonl": self.dir / "credentials.jsonl",
            "/run/secrets/tls/tls.crt": ROOT / "services/ingest/tests/http/tls/one.pem",
            "/run/secrets/tls/tls.key": self.written(
                "tls.key", (ROOT / "services/ingest/tests/http/tls/one.key").read_text()
            ),
            "/etc/helan-catalog": ROOT / "schemas" / "catalogs" / "ningxia-2018",
        }

        def here(text):
            for path in sorted(stand_in, key=len, reverse=True):
                text = text.replace(path, str(stand_in[path]))
            return text

        environment = {name: here(str(value)) for name, value in environment.items()}
        if settings is not None:
            environment["HELAN_CONFIG"] = str(self.written("helan.toml", here(settings)))
        # `backup --to DIR` and the like are arguments too: --check stops before anything is done.
        return self.accepts(HELAN, *arguments, "--check", env=environment)


class Chart(Case):
    def render(self, *more):
        return run(
            "helm", "template", "demo", CHART, "--values", VALUES, "--kube-version", KUBERNETES[0], *more
        )

    def manifests(self, *more):
        code, said = self.render(*more)
        self.assertEqual(code, 0, said)
        return said

    def test_it_is_linted_strictly(self):
        self.accepts("helm", "lint", "--strict", "--kube-version", KUBERNETES[0], CHART, "--values", VALUES)

    def test_what_it_renders_is_valid_and_a_wrong_field_is_not(self):
        tls = ["--set", "tls.behindProxy=false,tls.secretName=helan-tls"]
        for more in [[], tls, ["--set", "networkPolicy.enabled=false,rollup.enabled=false,log.propertiesSecret="]]:
            path = self.written("rendered.yaml", self.manifests(*more))
            for version in KUBERNETES:
                self.accepts("kubernetes-validate", "--strict", "--kubernetes-version", version, path)
        text = path.read_text()
        for right, wrong in [("containerPort:", "contanerPort:"), ("replicas: 2", "replicas: two")]:
            self.assertIn(right, text)
            broken = self.written("broken.yaml", text.replace(right, wrong))
            self.refuses(
                "kubernetes-validate", "--strict", "--kubernetes-version", KUBERNETES[0], broken, word="ERROR"
            )

    def test_wrong_values_are_refused(self):
        for setting, word in [
            ("ingest.city.replica=2", "[Aa]dditional propert"),
            ("ingest.city.replicas=0", "minimum|greater than or equal"),
            ("log.url=kafka-0:9092", "pattern"),
            ("lake.url=/var/lib/lake", "pattern"),
            ("image.tag=latest", "not"),
            ("image.digest=sha256:12", "pattern"),
            ("credentialsSecret=", "pattern"),
            ("rollup.schedule=daily", "pattern"),
            ("networkPolicy.egressPorts={0}", "minimum|greater than or equal"),
            ("traces.endpoint=collector:4318", "pattern"),
            ("tls.behindProxy=false", "secretName"),
        ]:
            with self.subTest(setting):
                code, said = self.render("--set", setting)
                self.assertNotEqual(code, 0, said)
                self.assertIn("values don't meet the specifications of the schema", said)
                # Releases of Helm say it in different words.
                self.assertRegex(said, word)

    def test_tls_ends_in_the_pods_if_a_secret_is_named(self):
        text = self.manifests("--set", "tls.behindProxy=false,tls.secretName=helan-tls")
        documents = [document for document in yaml.safe_load_all(text) if document]
        settings = next(it for it in documents if it["kind"] == "ConfigMap")["data"]["helan.toml"]
        for document in documents:
            if document["kind"] == "Service":
                self.assertEqual([port["port"] for port in document["spec"]["ports"]], [443])
            if document["kind"] == "Deployment":
                [container] = document["spec"]["template"]["spec"]["containers"]
                for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                    self.assertEqual(container[probe]["httpGet"]["scheme"], "HTTPS")
                self.assertIn("/run/secrets/tls", [mount["mountPath"] for mount in container["volumeMounts"]])
                environment = {it["name"]: it["value"] for it in container["env"]}
                self.assertIn("TLS ends here", self.resolves(container["args"], environment, settings))
        open_to_all = settings.replace("tls_", "# tls_")
        code, said = run(HELAN, "query", "--check", env={"HELAN_CONFIG": str(self.written("open.toml", open_to_all))})
        self.assertNotEqual(code, 0, said)

    def test_every_container_is_closed_and_its_arguments_and_settings_exist(self):
        documents = [document for document in yaml.safe_load_all(self.manifests()) if document]
        settings = next(it for it in documents if it["kind"] == "ConfigMap")["data"]["helan.toml"]
        kinds = [document["kind"] for document in documents]
        self.assertEqual(
            {kind: kinds.count(kind) for kind in set(kinds)},
            {"ConfigMap": 1, "ServiceAccount": 1, "NetworkPolicy": 1, "Deployment": 4, "PodDisruptionBudget": 4,
             "Service": 3, "CronJob": 2},
        )
        for document in documents:
            if document["kind"] not in ("Deployment", "CronJob"):
                continue
            spec = document["spec"]
            pod = (spec["jobTemplate"]["spec"] if document["kind"] == "CronJob" else spec)["template"]["spec"]
            self.assertTrue(pod["securityContext"]["runAsNonRoot"])
            self.assertFalse(pod["automountServiceAccountToken"])
            for container in pod["containers"]:
                security = container["securityContext"]
                self.assertEqual(security["capabilities"]["drop"], ["ALL"])
                self.assertTrue(security["readOnlyRootFilesystem"])
                self.assertFalse(security["allowPrivilegeEscalation"])
                self.assertIn("memory", container["resources"]["limits"])
                if document["kind"] == "Deployment":
                    self.assertEqual(container["readinessProbe"]["httpGet"]["path"], "/readyz")
                    self.assertEqual(container["livenessProbe"]["httpGet"]["path"], "/healthz")
                environment = {it["name"]: it["value"] for it in container["env"]}
                said = self.resolves(container["args"], environment, settings)
                self.assertIn("s3://helan/lake", said)
        code, said = run(HELAN, "ingest", "--reporters", "town", "--check")
        self.assertNotEqual(code, 0, said)


class Compose(Case):
    file = DEPLOY / "compose" / "compose.yaml"

    def test_it_is_valid_and_a_wrong_key_is_not(self):
        schema = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
        self.accepts(*schema, self.file)
        broken = self.written("compose.yaml", self.file.read_text().replace("healthcheck:", "healthchek:"))
        self.refuses(*schema, broken, word="healthchek")

    def test_every_service_is_closed_and_its_arguments_exist(self):
        services = yaml.safe_load(self.file.read_text())["services"]
        ours = {name: it for name, it in services.items() if it["image"].startswith("helan:")}
        self.assertEqual(
            sorted(ours), ["aggregate", "doctor", "ingest-city", "ingest-park", "query", "rollup"]
        )
        for name, service in services.items():
            self.assertRegex(service["image"], r":[0-9]+\.[0-9]+\.[0-9]+$", "pinned")
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), f"{name} is open to other machines: {port}")
        for service in ours.values():
            self.assertTrue(service["read_only"])
            self.assertEqual(service["cap_drop"], ["ALL"])
            self.resolves(service["command"], service["environment"])


class Systemd(Case):
    units = sorted((DEPLOY / "systemd").glob("*.service"))
    timers = sorted((DEPLOY / "systemd").glob("*.timer"))

    def here(self, unit, text=None):
        """The unit with a program that exists: `verify` looks for it."""
        name = unit.name.replace("@", "@city") if "@" in unit.name else unit.name
        return self.written(name, (text or unit.read_text()).replace("/usr/local/bin/helan", "/bin/true"))

    def test_units_and_timers_are_understood_and_a_slip_is_not(self):
        paths = [self.here(unit) for unit in [*self.units, *self.timers]]
        self.assertEqual(self.accepts("systemd-analyze", "verify", "--man=no", *paths).strip(), "")
        text = (DEPLOY / "systemd" / "helan.service").read_text()
        slip = self.here(self.units[0], text.replace("ProtectSystem=", "ProtectSistem="))
        self.assertIn("ProtectSistem", run("systemd-analyze", "verify", "--man=no", slip)[1])
        for timer in self.timers:
            calendar = re.search(r"^OnCalendar=(.*)$", timer.read_text(), re.M).group(1)
            self.accepts("systemd-analyze", "calendar", calendar)
            self.assertTrue(timer.with_suffix(".service").exists())
        self.refuses("systemd-analyze", "calendar", "*-*-* 26:00", word="Failed to parse")

    def test_units_are_hardened_and_one_that_is_not_fails(self):
        security = ("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager")
        for unit in self.units:
            said = self.accepts(*security, self.here(unit))
            print(unit.name, said.strip().splitlines()[-1])
        text = self.units[0].read_text()
        soft = self.here(self.units[0], re.sub(r"^(Protect|Private|Restrict|System|Cap).*\n", "", text, flags=re.M))
        self.refuses(*security, soft, word="exposure level")

    def test_arguments_and_settings_exist(self):
        settings = (DEPLOY / "systemd" / "helan.toml").read_text()
        for unit in self.units:
            text = unit.read_text()
            arguments = shlex.split(re.search(r"^ExecStart=/usr/local/bin/helan (.*)$", text, re.M).group(1))
            arguments = ["city" if argument == "%i" else argument for argument in arguments]
            environment = dict(
                pair.split("=", 1) for pair in re.search(r"^Environment=(.*)$", text, re.M).group(1).split()
            )
            self.assertEqual(environment["HELAN_CONFIG"], "/etc/helan/helan.toml")
            said = self.resolves(arguments, environment, settings)
            self.assertIn("/var/lib/helan", said)


class Image(Case):
    def test_the_dockerfile_is_linted_and_a_careless_one_is_not(self):
        file = DEPLOY / "Dockerfile"
        self.accepts("hadolint", "--failure-threshold", "info", file)
        text = file.read_text()
        self.assertRegex(text, r"\nUSER 65532")
        careless = self.written("Dockerfile", re.sub(r"debian:\S+", "debian:latest", text))
        self.refuses("hadolint", careless, word="DL3007")

    def test_the_health_command_of_the_image_exists(self):
        check = re.search(r'HEALTHCHECK .* CMD \["helan", "(.*)"\]', (DEPLOY / "Dockerfile").read_text()).group(1)
        self.accepts(HELAN, check, "--help")


class Monitoring(Case):
    def test_alerts_are_sound_and_fire_when_they_should(self):
        folder = DEPLOY / "prometheus"
        self.accepts("promtool", "check", "rules", folder / "alerts.yaml")
        self.accepts("promtool", "test", "rules", folder / "alerts.test.yaml")
        shutil.copy(folder / "alerts.test.yaml", self.dir)
        text = (folder / "alerts.yaml").read_text()
        self.written("alerts.yaml", text.replace("partitions_stopped > 0", "partitions_stopped > 1"))
        self.refuses("promtool", "test", "rules", self.dir / "alerts.test.yaml", word="FAILED")
        broken = self.written("broken.yaml", text.replace("histogram_quantile(0.99,", "histogram_quantile(0.99"))
        self.refuses("promtool", "check", "rules", broken, word="FAILED")

    def test_every_question_of_the_dashboard_can_be_asked(self):
        dashboard = json.loads((DEPLOY / "grafana" / "helan.json").read_text())
        questions = [it["expr"] for panel in dashboard["panels"] for it in panel.get("targets", [])]
        self.assertGreater(len(questions), 30)
        for question in questions:
            promql_parser.parse(question.replace("$__rate_interval", "5m"))
        with self.assertRaises(ValueError):
            promql_parser.parse("sum(rate(helan_ingest_events_total[5m])")


if __name__ == "__main__":
    outcome = unittest.main(argv=["deploy", "--verbose"], exit=False).result
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"test result: {'FAILED' if failed else 'ok'}. {outcome.testsRun - failed} passed; {failed} failed;")
    sys.exit(1 if failed else 0)
