"""Checks the exports of a run with programs of others.

Run from anywhere, on a store with at least one run:

    python -m venv /tmp/oracle
    /tmp/oracle/bin/pip install roc-validator==0.13.0 runcrate==0.6.2 rocrate==0.16.0 mlcroissant==1.1.1 pillow \
        'cyclonedx-python-lib[json-validation]==11.12.0' pydicom==3.0.2 numpy
    apt-get install dicom3tools
    /tmp/oracle/bin/python tests/oracle/exports.py target/release/hilum pipelines/.hilum

Exports the newest run four times into a temporary directory, or reads the exports in the directory that is named last. roc-validator
must find every REQUIRED of the profile fulfilled (what is RECOMMENDED and is not fulfilled is printed), runcrate must list every stage,
and for rocrate the inputs and outputs of every stage must be those of `hilum trace --json`. mlcroissant must validate the data set, load
all records, and refuse it once a file was changed. The strict validator of cyclonedx-python-lib must accept the bill of materials, and
refuse it once a key is misspelt. For pydicom every DICOM file must say that it is synthetic, of nobody and from no source, and show
the pixels that Pillow finds in the PNG file; dciodvfy must find nothing but that it does not know (0008,001C). Nothing is written beside the exports.

roc-validator asks w3id.org for the JSON-LD context of RO-Crate 1.1. Without a network, HILUM_CRATE_CONTEXT names a copy of it.
"""

import collections
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROFILE = "provenance-run-crate-0.5"


def as_list(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def hilum(*call):
    return subprocess.run([str(part) for part in call], check=True, capture_output=True, text=True).stdout


def answer_from(copy):
    """Has roc-validator read the context from a file, and finds nothing elsewhere."""
    import requests
    from rocrate_validator.utils import document_loader
    from rocrate_validator.utils.http import HttpRequester

    def get(self, url, **_):
        response = requests.Response()
        response.status_code = 200 if url == "https://w3id.org/ro/crate/1.1/context" else 404
        response.url, response.headers["Content-Type"] = url, "application/ld+json"
        response._content = pathlib.Path(copy).read_bytes()
        return response

    HttpRequester.get = get
    document_loader._fetch_json_ld = lambda url: json.loads(pathlib.Path(copy).read_text())
    document_loader.install_document_loader()


def issues(crate, severity):
    from rocrate_validator import models, services

    if copy := os.environ.get("HILUM_CRATE_CONTEXT"):
        answer_from(copy)
    settings = models.ValidationSettings(rocrate_uri=str(crate), profile_identifier=PROFILE, requirement_severity=getattr(models.Severity, severity))
    result = services.validate(settings)
    return [(i.severity.name, i.check.identifier, i.message) for i in result.get_issues()]


def check_validator(crate):
    found = issues(crate, "RECOMMENDED")
    required = [issue for issue in found if issue[0] == "REQUIRED"]
    assert not required, required
    print(f"  roc-validator: every REQUIRED of {PROFILE} is fulfilled")
    counts = collections.Counter(message for _, _, message in found)
    for message, count in sorted(counts.items()):
        print(f"    RECOMMENDED, not fulfilled, {count} times: {message.strip()[:150]}")
    broken = pathlib.Path(tempfile.mkdtemp()) / "crate"
    shutil.copytree(crate, broken)
    document = broken / "ro-crate-metadata.json"
    document.write_text(document.read_text().replace('"programmingLanguage"', '"programingLanguage"'))
    assert issues(broken, "REQUIRED"), "a crate without the language of its workflow was accepted"
    print("  roc-validator: refuses the crate without the language of its workflow")


def stages_of(trace):
    """Every stage of a trace by its name, from wherever it is shown in full."""
    found, left = {}, list(trace)
    while left:
        stage = left.pop()
        if not stage.get("see_above"):
            found[stage["stage"]] = stage
            left += [i["from"] for i in stage["inputs"] if i["from"]]
    return found


def check_against_trace(program, store, crate):
    from rocrate.rocrate import ROCrate
    from runcrate.report import dump_crate_actions

    read = ROCrate(crate)
    actions = {a["name"]: a for a in read.get_entities() if "CreateAction" in as_list(a.type) and a.id != "#run"}
    listed = io.StringIO()
    dump_crate_actions(ROCrate(crate), f=listed)
    for name, action in actions.items():
        assert f"action: {action.id}\n" in listed.getvalue(), f"runcrate does not list {name}"
    print(f"  runcrate: lists all {len(actions)} stages")
    journal = json.loads((crate / "run.json").read_text())["journal"]
    names = [stage["stage"] for stage in journal["stages"]]
    assert set(names) == {name for name, a in actions.items() if a["actionStatus"].endswith("/CompletedActionStatus")}
    stages = stages_of(json.loads(hilum(program, "trace", *names, "--store", store, "--json")))
    artifacts = lambda entities: {e["sha256"] for e in as_list(entities) if "PropertyValue" not in as_list(e.type)}
    compared = 0
    for name in names:
        stage = stages[name]
        given = {i["from"]["outputs"][i["output"]]["sha256"] if "outputs" in i["from"] else stages[i["from"]["stage"]]["outputs"][i["output"]]["sha256"] for i in stage["inputs"] if i["from"]}
        made = {output["sha256"] for output in stage["outputs"].values()}
        assert artifacts(actions[name].get("object")) == given, f"{name}: the crate names other inputs than the trace"
        assert artifacts(actions[name].get("result")) == made, f"{name}: the crate names other outputs than the trace"
        compared += len(given) + len(made)
        assert actions[name]["startTime"].replace("+00:00", "Z") == stage["started"] and actions[name]["identifier"] == stage["key"], name
    print(f"  rocrate: {compared} inputs and outputs of {len(names)} stages are those of `hilum trace --json`")


def check_croissant(directory):
    import logging

    import mlcroissant

    logging.disable(logging.WARNING)
    data = mlcroissant.Dataset(directory / "croissant.json")
    problems = data.metadata.ctx.issues
    assert not problems.errors, problems.errors
    print(f"  mlcroissant: valid, warnings: {sorted(problems.warnings) or 'none'}")
    loaded = 0
    names = [r.uuid for r in data.metadata.record_sets if not r.uuid.endswith("-images")]
    text = lambda value: value.decode() if isinstance(value, bytes) else value
    for name in names:
        images = {text(row[f"{name}-images/file"]): row[f"{name}-images/image"] for row in data.records(f"{name}-images")}
        rows = list(data.records(name))
        table = (directory / f"{name}.csv").read_text().splitlines()
        assert len(rows) == len(table) - 1 == len(images), name
        for row in rows:
            image = images[text(row[f"{name}/file"])]
            assert image.size == (row[f"{name}/width"], row[f"{name}/height"])
            assert "SYNTHETIC" in image.info["Description"], "an image does not say that it is synthetic"
        loaded += len(rows)
    print(f"  mlcroissant: loads {loaded} records, each with its image, which says that it is synthetic")
    for file in [*directory.glob("*.csv"), *directory.glob("*.tar")]:
        changed = pathlib.Path(tempfile.mkdtemp()) / "set"
        shutil.copytree(directory, changed)
        bytes_ = bytearray((changed / file.name).read_bytes())
        bytes_[len(bytes_) // 2] ^= 1
        (changed / file.name).write_bytes(bytes_)
        try:
            list(mlcroissant.Dataset(changed / "croissant.json").records(file.stem if file.suffix == ".csv" else file.stem.rsplit("-", 1)[0] + "-images"))
        except Exception as e:  # noqa: BLE001, whatever it raises has to be about the digest
            assert "is not identical with the" in f"{e} {e.__cause__}", e
        else:
            raise AssertionError(f"a changed {file.name} was not noticed")
    print("  mlcroissant: refuses a changed table and a changed archive")


def check_cyclonedx(directory):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    validator = JsonStrictValidator(SchemaVersion.V1_7)
    text = (directory / "bom.cdx.json").read_text()
    assert validator.validate_str(text) is None, validator.validate_str(text)
    models = [c for c in json.loads(text)["components"] if c["type"] == "machine-learning-model"]
    metrics = sum(len(m["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]) for m in models)
    print(f"  cyclonedx: the strict validator accepts {len(models)} models with {metrics} metrics")
    for right, wrong in [("modelCard", "modelCards"), ("machine-learning-model", "machine-learning"), ("architectureFamily", "architectureFamilies")]:
        assert f'"{right}"' in text and validator.validate_str(text.replace(f'"{right}"', f'"{wrong}"')) is not None, right
    print("  cyclonedx: the strict validator refuses misspelt keys")
    references = {c["bom-ref"] for c in json.loads(text)["components"]}
    named = {d for dependency in json.loads(text)["dependencies"] for d in [dependency["ref"], *dependency["dependsOn"]]}
    assert named <= references, named - references


def check_dicom(directory, images):
    import numpy
    import pydicom
    from PIL import Image

    index = json.loads((directory / "index.json").read_text())
    instances, seen = index["instances"], set()
    for instance in instances:
        found = pydicom.dcmread(directory / instance["file"])
        says = {
            "SyntheticData": "YES", "Modality": "OT", "ConversionType": "SYN", "ImageType": ["DERIVED", "SECONDARY"], "BurnedInAnnotation": "NO",
            "RecognizableVisualFeatures": "NO", "PhotometricInterpretation": "MONOCHROME2", "BitsStored": 8, "SOPInstanceUID": instance["sop_instance_uid"],
            "StudyInstanceUID": index["study_instance_uid"], "PatientName": "SYNTHETIC^NO PATIENT", "PatientBirthDate": "", "AccessionNumber": "",
        }
        for name, value in says.items():
            assert found[name].value == value, f"{instance['file']}: {name} is {found[name].value!r}"
        for name in ["SourceImageSequence", "Laterality", "ImageLaterality"]:
            assert name not in found, name
        equipment = found.ContributingEquipmentSequence[0]
        code = equipment.PurposeOfReferenceCodeSequence[0]
        assert (code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning) == ("109100", "DCM", "Synthesizing Equipment") and equipment.Manufacturer == "hilum"
        assert "not for diagnosis" in found.DerivationDescription and found.PatientID.startswith("SYNTHETIC-")
        png = next(images.glob(f"**/{instance['from']['output'].split('.')[0]}/**/{instance['from']['file']}"))
        assert numpy.array_equal(found.pixel_array, numpy.asarray(Image.open(png))), instance["file"]
        seen.add(found.SOPInstanceUID)
    assert len(seen) == len(instances)
    print(f"  pydicom: {len(instances)} files say that they are synthetic, and show the pixels of the PNG files")
    complaints = collections.Counter()
    for instance in instances:
        run = subprocess.run(["dciodvfy", "-new", str(directory / instance["file"])], capture_output=True, text=True)
        complaints.update(line for line in (run.stdout + run.stderr).splitlines() if line.startswith(("Error", "Warning")))
    for line, count in sorted(complaints.items()):
        print(f"    dciodvfy, {count} times: {line[:160]}")
    wrong = [line for line in complaints if line.startswith("Error") and "(0008,001c)" not in line]
    assert not wrong, wrong


def main(program, store, exports=None):
    directory = pathlib.Path(exports or tempfile.mkdtemp())
    directory.mkdir(exist_ok=True)
    for name in ["ro-crate", "croissant", "cyclonedx", "dicom"]:
        if not (directory / name).exists():
            hilum(program, "export", name, "-o", directory / name, "--store", store)
    print("ro-crate")
    check_validator(directory / "ro-crate")
    check_against_trace(program, store, directory / "ro-crate")
    print("croissant")
    check_croissant(directory / "croissant")
    print("cyclonedx")
    check_cyclonedx(directory / "cyclonedx")
    print("dicom")
    check_dicom(directory / "dicom", pathlib.Path(store).resolve().parent / "results")


if __name__ == "__main__":
    main(*sys.argv[1:])
