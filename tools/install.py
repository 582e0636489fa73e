"""Create `.venv`, or bring it up to date with the lock files. `make` calls this before it does anything else.

Usage: python tools/install.py            what a student needs (requirements.txt)
       python tools/install.py --dev      and what testing and editing need (requirements-dev.txt)

It uses only the standard library, and runs on old versions of Python 3, to say that they are too old. When everything
is in place it returns at once. An installation that was cut off is started over by the next call.
"""

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VERSIONS = [(3, 13), (3, 12), (3, 11)]
FREE_SPACE_NEEDED = 4e9  # bytes: 2 GB installed, and room for the downloads while they are unpacked

DISK_FULL = "The disk is full. Free about 4 GB, then run the same command again."
CAUSES = {  # what the installers print when something outside this project is wrong, and what we say then
    r"no space left|os error 28|disk quota": DISK_FULL,
    r"hash mismatch|do not match the hashes": "A downloaded package is not the one in the lock file, so it was not "
    "installed. Run the same command again; if it fails again, ask whoever runs your package index.",
    r"dns error|failed to lookup|name resolution|connection refused|network is unreachable|timed out|error sending "
    r"request|failed to establish|no route to host|could not connect|client error|failed to fetch|no matching "
    r"distribution": "The package index cannot be reached. Connect to the internet (once, for the installation), then "
    "run the same command again; what is downloaded already is kept.",
    r"ensurepip": "This Python cannot create virtual environments. On Debian and Ubuntu: sudo apt install python3-venv",
    r"permission denied|read-only file system": "The project folder cannot be written to. Copy it to a folder of your "
    "own and run the command there.",
}


class InstallError(Exception):
    """One sentence for the reader: what is wrong and what to do next."""


def cause(output):
    """The sentence for what an installer printed when it failed; its last lines where none fits."""
    for pattern, sentence in CAUSES.items():
        if re.search(pattern, output, re.IGNORECASE):
            return sentence
    return "The installation failed. It ended with:\n" + "\n".join(output.strip().splitlines()[-12:])


def check_platform(system, machine):
    """Raise InstallError where TensorFlow has no build: Intel Macs, and processors other than x86_64 and ARM."""
    if (system, machine) == ("Darwin", "x86_64") or machine not in ("x86_64", "AMD64", "aarch64", "arm64"):
        raise InstallError(f"TensorFlow has no build for this machine ({system}, {machine}). Use another one.")


def version_of(python):
    """(major, minor) of a Python program, or None if it does not start."""
    try:
        out = subprocess.check_output([python, "-c", "import sys; print(*sys.version_info[:2])"], timeout=30)
        return tuple(map(int, out.split()))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def find_python(first):
    """`first` if its version suits the course, else the newest suitable Python on the PATH; InstallError if none."""
    for python in [first] + [f"python3.{minor}" for _, minor in VERSIONS]:
        if version_of(python) in VERSIONS:
            return python
    found = ".".join(map(str, version_of(first) or ["none"]))
    raise InstallError(
        f"This course needs Python 3.11 to 3.13; found is Python {found}. Install one of these and run the command "
        "again, or name it: make lab PYTHON=/path/to/python3.13"
    )


def digests(locks):
    """{lock file: sha256}, so that a lock that changed is noticed whatever its date."""
    return {lock: hashlib.sha256(open(os.path.join(ROOT, lock), "rb").read()).hexdigest() for lock in locks}


def installed(venv):
    """The digests of the locks that are installed as a whole: {} before that, and while an installation is running."""
    try:
        with open(os.path.join(venv, "installed.json")) as file:
            return dict(json.load(file)) if os.path.exists(os.path.join(venv, "bin", "python")) else {}
    except (OSError, ValueError, TypeError):
        return {}


def run(command, env=None, show=False):
    """Run an installer; with `show`, its progress goes to the terminal. Raises InstallError with the cause."""
    if show and subprocess.call(command, cwd=ROOT, env=env) == 0:
        return
    # Quietly. After a failure that was shown, this second try is also how we read its cause.
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise InstallError(cause(done.stdout.decode("utf-8", "replace")))


def uv_environment(venv):
    """The environment for uv, which does not read pip's settings: a mirror, proxy or certificate set for pip counts."""
    env = dict(os.environ, UV_PYTHON_DOWNLOADS="never", VIRTUAL_ENV=venv)
    pip = [os.path.join(venv, "bin", "python"), "-m", "pip", "config", "list"]
    settings = dict(
        re.findall(r"(?m)^(?:global|install|:env:)\.([a-z-]+)='(.*)'$", subprocess.check_output(pip).decode())
    )
    for ours, theirs in [("index-url", "UV_DEFAULT_INDEX"), ("proxy", "HTTPS_PROXY"), ("cert", "SSL_CERT_FILE")]:
        if ours in settings:
            env.setdefault(theirs, settings[ours])
    return env


def install(venv, locks, python):
    """Install the lock files into `venv`, which is created first if there is none that can be relied on."""
    venv_python = os.path.join(venv, "bin", "python")
    if not installed(venv):
        shutil.rmtree(venv, ignore_errors=True)
        if shutil.disk_usage(ROOT).free < FREE_SPACE_NEEDED:
            raise InstallError(DISK_FULL)
        print("[1/4] Creating .venv with Python {}.{}".format(*version_of(python)), flush=True)
        run([python, "-m", "venv", venv])
    else:
        os.remove(os.path.join(venv, "installed.json"))
    print("[2/4] Fetching the installer", flush=True)
    pip = [venv_python, "-m", "pip", "--disable-pip-version-check", "--retries", "1", "--timeout", "20", "install"]
    run(pip + ["--quiet", "--no-deps", "--require-hashes", "-r", os.path.join(ROOT, "tools", "uv.txt")])
    print("[3/4] Installing {} (once; 1 to 5 minutes, mostly TensorFlow)".format(" and ".join(locks)), flush=True)
    uv = [venv_python, "-m", "uv", "pip", "install", "--require-hashes", "--compile-bytecode"]
    run(uv + [word for lock in locks for word in ("-r", os.path.join(ROOT, lock))], uv_environment(venv), show=True)
    print("[4/4] Starting TensorFlow once, to see that it works", flush=True)
    run([venv_python, "-c", "import tensorflow, keras, sklearn, matplotlib, pandas"])
    with open(os.path.join(venv, "installed.new"), "w") as file:
        json.dump(digests(locks), file)
    os.replace(os.path.join(venv, "installed.new"), os.path.join(venv, "installed.json"))
    print("Done. The next call starts at once.", flush=True)


def main(arguments):
    venv = os.path.join(ROOT, ".venv")
    dev = "--dev" in arguments or "requirements-dev.txt" in installed(venv)  # what `make test` put there stays
    locks = ["requirements.txt"] + ["requirements-dev.txt"] * dev
    try:
        if installed(venv) == digests(locks):
            return 0
        check_platform(platform.system(), platform.machine())
        python = find_python(sys.executable)
        with open(os.path.join(ROOT, ".venv.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a second make waits here, and finds the work done
            if installed(venv) != digests(locks):
                install(venv, locks, python)
        return 0
    except InstallError as error:
        print(f"\n{error}", file=sys.stderr)
    except OSError as error:
        print(f"\n{cause(str(error))}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped. The next call starts the installation again; downloads are kept.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
