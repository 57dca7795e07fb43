"""Lists what an image contains, in the format SPDX 2.3: the packages that its
files come from, the libraries that were compiled in, and every file.

    list_contents.py FOLDER VERSION     FOLDER holds the files of the image

The date is $SOURCE_DATE_EPOCH.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from urllib.parse import quote

# Debian packages with headers that are compiled in.
COMPILED_IN = ("libboost1.81-dev", "libcli11-dev")
ROOT = "SPDXRef-betanet-exporter"


def entry(text):
    """The fields of one entry of dpkg's package list."""
    lines = (line.partition(": ") for line in text.splitlines()
             if not line.startswith(" "))
    return {name: value for name, _, value in lines}


def package(fields):
    name, version = fields["Package"], fields["Version"]
    return {
        "SPDXID": f"SPDXRef-Debian-{name.replace('+', '-')}",
        "name": name,
        "versionInfo": version,
        "supplier": "Organization: Debian",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": f"pkg:deb/debian/{quote(name)}@{quote(version)}"
                                f"?arch={fields['Architecture']}"}],
    }


def installed(folder):
    """The packages whose files are in the image."""
    entries = f"{folder}/var/lib/dpkg/status.d"
    for name in sorted(os.listdir(entries)):
        with open(f"{entries}/{name}", encoding="utf-8") as f:
            yield package(entry(f.read()))


def compiled_in():
    for name in COMPILED_IN:
        text = subprocess.run(["dpkg-query", "--status", name], check=True,
                              capture_output=True, text=True).stdout
        yield package(entry(text))


def files(folder):
    paths = sorted(os.path.join(at, name) for at, _, names in os.walk(folder)
                   for name in names)
    for number, path in enumerate(p for p in paths if not os.path.islink(p)):
        with open(path, "rb") as f:
            content = f.read()
        yield {
            "SPDXID": f"SPDXRef-File-{number}",
            "fileName": "." + path[len(folder):],
            "checksums": [{"algorithm": name.upper(),
                           "checksumValue": hashlib.new(name, content).hexdigest()}
                          for name in ("sha1", "sha256")],
            "licenseConcluded": "NOASSERTION",
            "copyrightText": "NOASSERTION",
        }


def relate(kind, elements):
    return [{"spdxElementId": ROOT, "relationshipType": kind,
             "relatedSpdxElement": e["SPDXID"]} for e in elements]


def contents(folder, version):
    own = {"SPDXID": ROOT, "name": "betanet_exporter", "versionInfo": version,
           "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
           "licenseConcluded": "MIT", "licenseDeclared": "MIT",
           "copyrightText": "2026 The Betanet exporter authors",
           "primaryPackagePurpose": "CONTAINER"}
    shipped, merged = list(installed(folder)), list(compiled_in())
    listed = list(files(folder))
    digest = hashlib.sha256(json.dumps([shipped, merged, listed])
                            .encode()).hexdigest()
    created = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"betanet_exporter-{version}",
        "documentNamespace": "https://spdx.org/spdxdocs/"
                             f"betanet_exporter-{version}-{digest[:32]}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", created),
            "creators": ["Tool: list_contents.py"]},
        "packages": [own, *shipped, *merged],
        "files": listed,
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
             "relatedSpdxElement": ROOT},
            *relate("CONTAINS", shipped + listed),
            *relate("STATIC_LINK", merged)],
    }


if __name__ == "__main__":
    json.dump(contents(sys.argv[1].rstrip("/"), sys.argv[2]), sys.stdout,
              indent=1)
    print()
