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
    r"ensurepip|no module named venv": "This Python cannot create virtual environments. On Debian and Ubuntu, "
    "run: sudo apt install python3-venv",
    r"permission denied|read-only file system": "The project folder cannot be written to. Copy it to a folder of your "
    "own and run the command there.",
}


def cause(output):
    """The sentence for what an installer printed when it failed; its last lines where none fits."""
    for pattern, sentence in CAUSES.items():
        if re.search(pattern, output, re.IGNORECASE):
            return sentence
    return "The installation failed. It ended with:\n" + "\n".join(output.strip().splitlines()[-12:])


def version_of(python):
    """(major, minor) of a Python program, or None if it does not start."""
    try:
        command = [python, "-c", "import sys; print(*sys.version_info[:2])"]
        out = subprocess.check_output(command, stderr=subprocess.DEVNULL, timeout=30)
        return tuple(map(int, out.split()))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def find_python(first):
    """`first` if its version suits the course, else the newest suitable Python on the PATH. Exits if there is none."""
    for python in [first] + [f"python3.{minor}" for _, minor in VERSIONS]:
        if version_of(python) in VERSIONS:
            return python
    found = ".".join(map(str, version_of(first) or ["none"]))
    sys.exit(
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


def up_to_date(venv, locks):
    """Whether these locks, perhaps among others, are installed as a whole."""
    return digests(locks).items() <= installed(venv).items()


def run(command, env=None, show=False):
    """Run an installer; with `show`, its progress goes to the terminal. Exits with the cause if it fails."""
    if show and subprocess.call(command, cwd=ROOT, env=env) == 0:
        return
    # Quietly. After a failure that was shown, this second try is also how we read its cause.
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(cause(done.stdout.decode("utf-8", "replace")))


def uv_environment(venv):
    """The environment for uv, which does not read pip's settings: a mirror, proxy or certificate set for pip counts."""
    env = dict(os.environ, UV_PYTHON_DOWNLOADS="never", VIRTUAL_ENV=venv)
    pip = [os.path.join(venv, "bin", "python"), "-m", "pip", "config", "list"]
    listing = subprocess.check_output(pip).decode()
    settings = dict(re.findall(r"(?m)^(?:global|install|:env:)\.([a-z-]+)='(.*)'$", listing))
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
            sys.exit(DISK_FULL)
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
    with open(os.path.join(venv, "installed.json"), "w") as file:
        json.dump(digests(locks), file)
    print("Done. The next call starts at once.", flush=True)


def main(arguments):
    venv = os.path.join(ROOT, ".venv")
    dev = "--dev" in arguments or "requirements-dev.txt" in installed(venv)  # what `make test` put there stays
    locks = ["requirements.txt"] + ["requirements-dev.txt"] * dev
    if up_to_date(venv, locks):
        return
    system, machine = platform.system(), platform.machine()
    if (system, machine) == ("Darwin", "x86_64") or machine not in ("x86_64", "AMD64", "aarch64", "arm64"):
        sys.exit(f"TensorFlow has no build for this machine ({system}, {machine}). Use another one.")
    python = find_python(sys.executable)
    try:
        with open(os.path.join(ROOT, ".venv.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a second make waits here, and finds the work done
            if not up_to_date(venv, locks):
                install(venv, locks, python)
    except OSError as error:
        sys.exit(cause(str(error)))
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next call starts the installation again; downloads are kept.")


if __name__ == "__main__":
    main(sys.argv[1:])
