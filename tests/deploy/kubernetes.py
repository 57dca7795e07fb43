"""Tests of the Kubernetes manifests as kustomize renders them.

usage: python3 tests/deploy/kubernetes.py
       python3 tests/deploy/kubernetes.py write

The second form writes the rules of deploy/prometheus into the PrometheusRules.
"""

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

import yaml

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import harness  # noqa: E402
from harness import SOURCES, free_port, project_version, wait_for  # noqa: E402

DEPLOY = f"{SOURCES}/deploy"
FOLDER = f"{DEPLOY}/kubernetes"
RULES = f"{FOLDER}/overlays/prometheus-operator/prometheusrule.yaml"
RENDERED = ("base", "overlays/prometheus-operator", "overlays/tls-and-login",
            "overlays/sharded")
WITH_POLICY = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: betanet
resources: [../overlays/prometheus-operator]
components: [../components/network-policy]
images:
  - name: {image}
    newName: registry.example.org/betanet_exporter
    newTag: 9.8.7
"""
WITH_TLS = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../overlays/{overlay}]
components: [../components/tls-and-login]
"""


def published_image():
    """The image that release.yml publishes, in the repository that the rules
    name."""
    with open(f"{SOURCES}/.github/workflows/release.yml") as f:
        registry = re.search(r"IMAGE: (\S+)/\$\{\{ github.repository \}\}",
                             f.read())[1]
    with open(f"{DEPLOY}/prometheus/betanet.alerts.yml") as f:
        repository = re.search(r"github\.com/([^/]+/[^/]+)/", f.read())[1]
    return f"{registry}/{repository.lower()}"


def prometheus_rules():
    """The rule files, comments and all, as PrometheusRules."""
    documents = []
    for name in ("rules", "alerts"):
        with open(f"{DEPLOY}/prometheus/betanet.{name}.yml") as f:
            _, _, groups = f.read().partition("\ngroups:\n")
        groups = re.sub(r"^(?=.)", "  ", groups, flags=re.MULTILINE)
        documents.append(
            f"# Written by tests/deploy/kubernetes.py from deploy/prometheus/"
            f"betanet.{name}.yml.\n"
            "apiVersion: monitoring.coreos.com/v1\n"
            "kind: PrometheusRule\n"
            f"metadata:\n  name: betanet-{name}\n  labels:\n"
            "    app.kubernetes.io/name: betanet-exporter\n"
            f"spec:\n  groups:\n{groups}")
    return "---\n".join(documents)


def kustomize():
    """The command that renders a folder, or None: Debian's kubectl contains a
    kustomize that is too old for components."""
    with tempfile.TemporaryDirectory() as home:
        os.mkdir(f"{home}/c")
        for path, lines in (
                ("kustomization.yaml", "kind: Kustomization\ncomponents: [c]"),
                ("c/kustomization.yaml", "kind: Component\nnamePrefix: x-")):
            version = "v1alpha1" if path[0] == "c" else "v1beta1"
            with open(f"{home}/{path}", "w") as f:
                f.write(f"apiVersion: kustomize.config.k8s.io/{version}\n"
                        f"{lines}\nconfigMapGenerator:\n"
                        f"- {{name: {path[0]}, literals: [a=b]}}\n")
        for command in (["kustomize", "build"], ["kubectl", "kustomize"]):
            if shutil.which(command[0]) and subprocess.run(
                    [*command, home], capture_output=True).returncode == 0:
                return command
    return None


KUSTOMIZE = kustomize()
MISSING = "no kubectl or kustomize that knows components"


def labels_of(document):
    return document["metadata"].get("labels", {})


class Files(unittest.TestCase):
    """What can be said without kustomize."""

    def test_every_file_is_in_a_kustomization_that_finds_it(self):
        for folder, _, files in os.walk(FOLDER):
            if "kustomization.yaml" not in files:
                continue
            with open(f"{folder}/kustomization.yaml") as f:
                k = yaml.safe_load(f)
            named = k.get("resources", []) + k.get("components", []) + \
                [p["path"] for p in k.get("patches", [])] + \
                [n for g in k.get("configMapGenerator", [])
                 for n in g["files"]]
            for name in named:
                self.assertTrue(os.path.exists(f"{folder}/{name}"), name)
            self.assertLessEqual(set(files) - {"kustomization.yaml"},
                                 set(named))

    def test_the_rules_are_those_of_the_rule_files(self):
        with open(RULES) as f:
            self.assertEqual(f.read(), prometheus_rules(),
                             "run: tests/deploy/kubernetes.py write")


@unittest.skipUnless(KUSTOMIZE, MISSING)
class Rendered(harness.Case):
    @classmethod
    def setUpClass(cls):
        home = cls.enterClassContext(tempfile.TemporaryDirectory())
        shutil.copytree(DEPLOY, f"{home}/deploy")
        own = {"own": WITH_POLICY.format(image=published_image()),
               "operator-tls": WITH_TLS.format(overlay="prometheus-operator"),
               "sharded-tls": WITH_TLS.format(overlay="sharded")}
        for name, text in own.items():
            folder = f"{home}/deploy/kubernetes/{name}"
            os.mkdir(folder)
            with open(f"{folder}/kustomization.yaml", "w") as f:
                f.write(text)
        cls.all = {}
        for name in (*RENDERED, *own):
            text = subprocess.run(
                [*KUSTOMIZE, f"{home}/deploy/kubernetes/{name}"], check=True,
                capture_output=True, text=True).stdout
            cls.all[name] = list(yaml.safe_load_all(text))
        with open(f"{FOLDER}/README.md") as f:
            cls.readme = f.read()

    def each(self):
        for name, documents in self.all.items():
            with self.subTest(name):
                kinds = {}
                for document in documents:
                    kinds.setdefault(document["kind"], []).append(document)
                yield name, kinds

    @staticmethod
    def workload_of(kinds):
        return (kinds.get("Deployment") or kinds["StatefulSet"])[0]

    @staticmethod
    def pod_of(kinds):
        template = Rendered.workload_of(kinds)["spec"]["template"]
        return template, template["spec"], template["spec"]["containers"][0]

    # -- references ----------------------------------------------------------

    def test_each_folder_holds_what_it_promises(self):
        base = {"Deployment", "Service", "ServiceAccount", "ConfigMap"}
        operator = base | {"ServiceMonitor", "PrometheusRule"}
        sharded = operator - {"Deployment"} | {"StatefulSet"}
        expected = {"base": base, "overlays/prometheus-operator": operator,
                    "overlays/tls-and-login": base,
                    "overlays/sharded": sharded,
                    "own": operator | {"NetworkPolicy"},
                    "operator-tls": operator, "sharded-tls": sharded}
        for name, kinds in self.each():
            self.assertEqual(set(kinds), expected[name])

    def test_selectors_select(self):
        for _, kinds in self.each():
            template, _, _ = self.pod_of(kinds)
            pod = labels_of(template).items()
            selectors = [
                (self.workload_of(kinds)["spec"]["selector"]["matchLabels"],
                 pod),
                (kinds["Service"][0]["spec"]["selector"], pod)]
            for monitor in kinds.get("ServiceMonitor", []):
                selectors.append((monitor["spec"]["selector"]["matchLabels"],
                                  labels_of(kinds["Service"][0]).items()))
            for policy in kinds.get("NetworkPolicy", []):
                selectors.append((policy["spec"]["podSelector"]["matchLabels"],
                                  pod))
            for selector, labels in selectors:
                self.assertTrue(selector)
                self.assertLessEqual(selector.items(), labels)

    def test_ports_agree(self):
        for _, kinds in self.each():
            _, _, container = self.pod_of(kinds)
            ports = {p["name"]: p["containerPort"] for p in container["ports"]}
            self.assertEqual(ports, {"http": 9200})  # the binary's default
            service = {p["name"]: p
                       for p in kinds["Service"][0]["spec"]["ports"]}
            for port in service.values():
                self.assertIn(port["targetPort"], ports)
            for monitor in kinds.get("ServiceMonitor", []):
                for endpoint in monitor["spec"]["endpoints"]:
                    self.assertIn(endpoint["port"], service)
            for policy in kinds.get("NetworkPolicy", []):
                self.assertEqual([p["port"]
                                  for rule in policy["spec"]["ingress"]
                                  for p in rule["ports"]], ["http"])
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                self.assertIn(container[probe]["httpGet"]["port"], ports)

    def test_the_image_is_the_one_that_a_release_publishes(self):
        for name, kinds in self.each():
            _, _, container = self.pod_of(kinds)
            self.assertEqual(
                container["image"],
                f"{published_image()}:{project_version()}" if name != "own"
                else "registry.example.org/betanet_exporter:9.8.7")
        self.assertIn(f"images:  {' ' * 32}# only for another registry or "
                      f"version\n  - name: {published_image()}\n",
                      self.readme)

    def test_references_resolve(self):
        for _, kinds in self.each():
            _, pod, container = self.pod_of(kinds)
            self.assertEqual(pod["serviceAccountName"],
                             kinds["ServiceAccount"][0]["metadata"]["name"])
            maps = [m["metadata"]["name"] for m in kinds["ConfigMap"]]
            volumes = set()
            for volume in pod["volumes"]:
                volumes.add(volume["name"])
                if "configMap" in volume:
                    self.assertIn(volume["configMap"]["name"], maps)
                else:
                    self.assertRegex(
                        self.readme, r"kubectl create secret \w+ " +
                        volume["secret"]["secretName"])
            mounts = container["volumeMounts"]
            self.assertEqual({m["name"] for m in mounts}, volumes)
            for mount in mounts:
                self.assertTrue(mount["readOnly"])
                self.assertNotIn("subPath", mount)

    def test_a_monitor_knows_the_login_of_the_listener(self):
        for name in ("operator-tls", "sharded-tls"):
            kinds = {d["kind"]: d for d in self.all[name]}
            workload = kinds.get("Deployment") or kinds["StatefulSet"]
            arguments = workload["spec"]["template"]["spec"]["containers"][0][
                "args"]
            self.assertEqual(arguments[-1], "--web.config.file="
                             "/etc/betanet_exporter_secrets/web/web.yml")
            self.assertEqual("--shard.count=4" in arguments,
                             name == "sharded-tls")
            endpoint, = kinds["ServiceMonitor"]["spec"]["endpoints"]
            self.assertEqual(endpoint["scheme"], "https")
            self.assertEqual(endpoint["tlsConfig"]["serverName"],
                             kinds["Service"]["metadata"]["name"])
            secrets = {endpoint["tlsConfig"]["ca"]["secret"]["name"],
                       *(s["name"] for s in endpoint["basicAuth"].values())}
            for secret in secrets:
                self.assertRegex(self.readme,
                                 rf"kubectl create secret \w+ {secret}\b")

    def test_the_operator_gets_rules_and_dashboard_as_they_are(self):
        for name, kinds in self.each():
            if "PrometheusRule" not in kinds:
                continue
            rules = {r["metadata"]["name"]: r["spec"]
                     for r in kinds["PrometheusRule"]}
            for kind in ("rules", "alerts"):
                with open(f"{DEPLOY}/prometheus/betanet.{kind}.yml") as f:
                    self.assertEqual(rules[f"betanet-{kind}"],
                                     yaml.safe_load(f))
            dashboard = next(m for m in kinds["ConfigMap"]
                             if labels_of(m).get("grafana_dashboard") == "1")
            with open(f"{DEPLOY}/grafana/betanet.json") as f:
                self.assertEqual(json.loads(dashboard["data"]["betanet.json"]),
                                 json.load(f))
            relabelings = kinds["ServiceMonitor"][0]["spec"]["endpoints"][0][
                "relabelings"]
            self.assertIn({"action": "labeldrop",
                           "regex": "endpoint|pod|container"}, relabelings)

    def test_the_shards_are_complete(self):
        kinds = {d["kind"]: d for d in self.all["overlays/sharded"]}
        stateful, service = kinds["StatefulSet"], kinds["Service"]
        spec = stateful["spec"]
        container = spec["template"]["spec"]["containers"][0]
        self.assertIn(f"--shard.count={spec['replicas']}", container["args"])
        self.assertEqual(container["env"], [
            {"name": "BETANET_EXPORTER_SHARD_INDEX", "valueFrom": {
                "fieldRef": {"fieldPath": "metadata.name"}}}])
        self.assertEqual(spec["serviceName"], service["metadata"]["name"])
        self.assertEqual(service["spec"]["clusterIP"], "None")
        self.assertNotIn("strategy", spec)  # a StatefulSet has none
        relabelings = kinds["ServiceMonitor"]["spec"]["endpoints"][0][
            "relabelings"]
        self.assertIn({"action": "replace", "separator": "/",
                       "sourceLabels": ["__meta_kubernetes_namespace",
                                        "__meta_kubernetes_pod_name"],
                       "targetLabel": "instance"}, relabelings)

    # -- security ------------------------------------------------------------

    def test_pods_are_restricted(self):
        """The Pod Security Standard "restricted", one control after another:
        kubernetes.io/docs/concepts/security/pod-security-standards"""
        allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral",
                   "persistentVolumeClaim", "projected", "secret"}
        for _, kinds in self.each():
            template, pod, _ = self.pod_of(kinds)
            own = pod["securityContext"]
            for key in ("hostNetwork", "hostPID", "hostIPC"):
                self.assertFalse(pod.get(key))
            self.assertTrue(own["runAsNonRoot"])
            self.assertGreater(own["runAsUser"], 0)
            self.assertIn(own["seccompProfile"]["type"],
                          ("RuntimeDefault", "Localhost"))
            for key in ("sysctls", "seLinuxOptions", "windowsOptions",
                        "appArmorProfile"):
                self.assertNotIn(key, own)
            self.assertFalse([a for a in template["metadata"].get(
                "annotations", {}) if "apparmor" in a])
            for volume in pod.get("volumes", []):
                self.assertLessEqual(set(volume) - {"name"}, allowed)
            containers = pod["containers"] + pod.get("initContainers", []) + \
                pod.get("ephemeralContainers", [])
            for container in containers:
                self.check_container(container)

    def check_container(self, container):
        own = container["securityContext"]
        self.assertFalse(own.get("privileged"))
        self.assertIs(own["allowPrivilegeEscalation"], False)
        self.assertEqual(own["capabilities"], {"drop": ["ALL"]})
        self.assertNotEqual(own.get("runAsUser"), 0)
        self.assertIsNot(own.get("runAsNonRoot"), False)
        for key in ("seLinuxOptions", "procMount", "seccompProfile",
                    "windowsOptions", "appArmorProfile"):
            self.assertNotIn(key, own)
        for port in container["ports"]:
            self.assertNotIn("hostPort", port)
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            self.assertNotIn("host", container[probe]["httpGet"])
        # more than the standard demands
        self.assertIs(own["readOnlyRootFilesystem"], True)
        self.assertTrue(container["resources"]["limits"]["memory"])

    def test_no_token_is_mounted(self):
        for _, kinds in self.each():
            _, pod, _ = self.pod_of(kinds)
            self.assertIs(pod["automountServiceAccountToken"], False)
            self.assertIs(kinds["ServiceAccount"][0][
                "automountServiceAccountToken"], False)

    # -- the binary ----------------------------------------------------------

    def mount(self, kinds):
        """Makes the files that the pod sees; returns what to replace in its
        arguments and files."""
        home = self.enterContext(tempfile.TemporaryDirectory())
        _, pod, container = self.pod_of(kinds)
        content = {m["metadata"]["name"]: m["data"]
                   for m in kinds["ConfigMap"]} | self.secrets(home)
        sources = {v["name"]: v.get("configMap", {}).get("name") or
                   v["secret"]["secretName"] for v in pod["volumes"]}
        places = {m["mountPath"]: f"{home}/{m['name']}"
                  for m in container["volumeMounts"]}
        # the longest first: one mount path is the beginning of another
        order = sorted(places, key=len, reverse=True)

        def moved(text):
            for path in order:
                text = text.replace(path + "/", places[path] + "/")
            return text

        for mount in container["volumeMounts"]:
            os.makedirs(places[mount["mountPath"]])
            for name, text in content[sources[mount["name"]]].items():
                with open(f"{places[mount['mountPath']]}/{name}", "w") as f:
                    f.write(moved(text))
        return [moved(argument) for argument in container["args"]]

    def secrets(self, home):
        """The secrets of the README, with a certificate made for them."""
        crt, key = f"{home}/crt", f"{home}/key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-out", crt, "-keyout", key], check=True,
            capture_output=True)
        with open(crt) as c, open(key) as k:
            crt, key = c.read(), k.read()
        web = re.search(r"# web\.yml\n(.*?)```", self.readme, re.DOTALL)[1]
        web = web.replace(  # of "test", cost 4
            "<hash>", "$2y$04$9gMtWKjA0ERsxSs4FBXRPu6QS0QdnX7pwIBRcVuq."
                      "0sNFTFM6DHpm")
        return {"betanet-exporter-web": {"web.yml": web},
                "betanet-exporter-tls": {"tls.crt": crt, "tls.key": key},
                "betanet-credentials": {"password": "secret", "ca.crt": crt}}

    def test_the_binary_serves_what_the_probes_ask(self):
        context = ssl._create_unverified_context()
        for name, kinds in self.each():
            arguments = self.mount(kinds)
            port = free_port()
            _, _, container = self.pod_of(kinds)
            pod_names = {e["name"]: "betanet-exporter-0"
                         for e in container.get("env", [])}
            exporter = self.start(
                f"{harness.BINARIES}/betanet_exporter", *arguments,
                f"--web.listen-address=127.0.0.1:{port}",
                "--collection.timeout=200ms", "--retry.delays=10ms",
                **pod_names)

            def status(path, scheme):
                try:
                    with urllib.request.urlopen(
                            f"{scheme.lower()}://127.0.0.1:{port}{path}",
                            context=context) as answer:
                        return answer.status
                except urllib.error.HTTPError as e:
                    return e.code
                except OSError:
                    return exporter.text()

            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                get = container[probe]["httpGet"]
                wait_for(lambda: status(get["path"], get.get(
                    "scheme", "HTTP")) == 200,
                    lambda: f"{name} {get}: {status(get['path'], 'HTTP')}", 30)
            exporter.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        with open(RULES, "w") as f:
            f.write(prometheus_rules())
    else:
        if not KUSTOMIZE:
            print(f"skipped: kubernetes.py: all that is rendered: {MISSING}")
        unittest.main()
