"""Create `.venv`, or bring it up to date with the lock files. `make` calls this before it does anything else.

Usage: python tools/install.py            what a student needs (requirements.txt)
       python tools/install.py --dev      and what testing and editing need (requirements-dev.txt)

It needs nothing but Python's standard library and runs on any Python 3, so that a Python which is too old for the
course can still say so. When everything is in place it returns at once. Every error is one sentence that says what
to do next, and the next call starts afresh where this one broke off.
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
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
INSTALLED = os.path.join(VENV, "installed.json")  # written last: which locks are fully installed
INCOMPLETE = os.path.join(VENV, "incomplete")  # there while an installation is under way
UV_LOCK = os.path.join(ROOT, "tools", "uv.txt")

OLDEST, NEWEST = (3, 11), (3, 13)
FREE_SPACE_NEEDED = 4e9  # bytes: 2 GB installed, and room for the downloads while they are unpacked

# What the installers print when something outside this project is wrong, and what to tell the reader then.
CAUSES = [
    (
        r"no space left|os error 28|disk quota",
        "The disk is full. Free about {:.0f} GB, then give the same command again.".format(FREE_SPACE_NEEDED / 1e9),
    ),
    (
        r"hash mismatch|do not match the hashes",
        "A downloaded package is not the one in the lock file, so it was not installed. Give the same command again; "
        "if it fails again, ask whoever runs your package index.",
    ),
    (
        r"dns error|failed to lookup|name resolution|connection refused|network is unreachable|timed out|error sending "
        r"request|failed to establish|no route to host|could not connect|client error|failed to fetch|"
        r"no matching distribution",
        "The package index cannot be reached. Connect to the internet (once, for the installation), then give the same "
        "command again; what is downloaded already is kept.",
    ),
    (
        r"ensurepip",
        "This Python cannot create virtual environments. On Debian and Ubuntu, run: sudo apt install python3-venv",
    ),
    (
        r"permission denied|read-only file system",
        "The project folder cannot be written to. Copy it to a folder of your own and give the command there.",
    ),
]


class InstallError(Exception):
    """One sentence for the reader: what is wrong and what to do next."""


def cause(output):
    """The sentence for what an installer printed when it failed; its last lines where none fits."""
    for pattern, sentence in CAUSES:
        if re.search(pattern, output, re.IGNORECASE):
            return sentence
    return "The installation failed. Its last words were:\n" + "\n".join(output.strip().splitlines()[-12:])


def check_platform(system, machine):
    """Raise InstallError where TensorFlow has no build: Intel Macs, and processors other than x86_64 and ARM."""
    if system == "Darwin" and machine == "x86_64":
        raise InstallError("TensorFlow no longer comes for Macs with an Intel processor. Use another machine.")
    if machine not in ("x86_64", "AMD64", "aarch64", "arm64"):
        raise InstallError("TensorFlow has no build for this processor ({}). Use another machine.".format(machine))


def version_of(python):
    """(major, minor) of a Python program, or None when it does not start."""
    try:
        code = "import sys; print(sys.version_info[0], sys.version_info[1])"
        out = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30)
        major, minor = out.stdout.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def find_python(first):
    """`first` if its version suits the course, else the newest suitable Python on the PATH.

    Raises InstallError when there is none.
    """
    minors = range(NEWEST[1], OLDEST[1] - 1, -1)
    for python in [first] + ["python3.{}".format(minor) for minor in minors]:
        version = version_of(python)
        if version and OLDEST <= version <= NEWEST:
            return python
    found = version_of(first)
    raise InstallError(
        "This course needs Python 3.{} to 3.{}; found is Python {}. Install one of these and give the command again, "
        "or name it: make lab PYTHON=/path/to/python3.{}".format(
            OLDEST[1], NEWEST[1], ".".join(map(str, found)) if found else "none", NEWEST[1]
        )
    )


def digest(path):
    """sha256 of a file, so that a lock that changed is noticed whatever its date."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def installed():
    """What an earlier call finished installing: {lock file: sha256}; empty when there is nothing to rely on."""
    try:
        with open(INSTALLED) as file:
            state = json.load(file)
        return state if isinstance(state, dict) and os.path.exists(VENV_PYTHON) else {}
    except (OSError, ValueError):
        return {}


def run(command, env=None, show=False):
    """Run an installer. With `show` its progress goes to the terminal. Raises InstallError with the cause."""
    if show and subprocess.run(command, cwd=ROOT, env=env).returncode == 0:
        return
    # Quietly. After a failure that was shown, this second try is also how its cause is read.
    result = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        raise InstallError(cause(result.stdout.decode("utf-8", "replace")))


def uv_environment():
    """The environment for uv, which does not read pip's settings: a mirror, proxy or certificate set for pip counts."""
    env = dict(os.environ, UV_PYTHON_DOWNLOADS="never", VIRTUAL_ENV=VENV)
    listing = subprocess.run([VENV_PYTHON, "-m", "pip", "config", "list"], stdout=subprocess.PIPE).stdout.decode()
    settings = dict(re.findall(r"^(?:global|install|:env:)\.([a-z-]+)='(.*)'$", listing, re.MULTILINE))
    for ours, theirs in [("index-url", "UV_DEFAULT_INDEX"), ("proxy", "HTTPS_PROXY"), ("cert", "SSL_CERT_FILE")]:
        if ours in settings:
            env.setdefault(theirs, settings[ours])
    return env


def install(locks, python):
    """Install the lock files into `.venv`, created first if there is none that can be relied on."""
    if os.path.exists(INCOMPLETE) or not installed():
        shutil.rmtree(VENV, ignore_errors=True)
    if not os.path.exists(VENV):
        free = shutil.disk_usage(ROOT).free
        if free < FREE_SPACE_NEEDED:
            raise InstallError("{} ({:.1f} GB are free.)".format(CAUSES[0][1], free / 1e9))
        print("[1/4] Creating .venv with Python {}.{}".format(*version_of(python)), flush=True)
        run([python, "-m", "venv", VENV])
    open(INCOMPLETE, "w").close()

    print("[2/4] Fetching the installer", flush=True)
    pip = [VENV_PYTHON, "-m", "pip", "--disable-pip-version-check", "--retries", "1", "--timeout", "20", "install"]
    run(pip + ["--quiet", "--no-deps", "--require-hashes", "-r", UV_LOCK])

    print("[3/4] Installing {} (once; 1 to 5 minutes, mostly TensorFlow)".format(" and ".join(locks)), flush=True)
    uv = [VENV_PYTHON, "-m", "uv", "pip", "install", "--require-hashes", "--compile-bytecode"]
    run(uv + [word for lock in locks for word in ("-r", os.path.join(ROOT, lock))], uv_environment(), show=True)

    print("[4/4] Starting TensorFlow once, to see that it works", flush=True)
    run([VENV_PYTHON, "-c", "import tensorflow, keras, sklearn, matplotlib, pandas"])
    with open(INSTALLED + ".new", "w") as file:
        json.dump({lock: digest(os.path.join(ROOT, lock)) for lock in locks}, file)
    os.replace(INSTALLED + ".new", INSTALLED)
    os.remove(INCOMPLETE)
    print("Done. The next call starts at once.", flush=True)


def main(arguments):
    locks = ["requirements.txt"]
    if "--dev" in arguments:
        locks.append("requirements-dev.txt")
    elif "requirements-dev.txt" in installed():
        locks.append("requirements-dev.txt")  # do not take away what `make test` put there

    def up_to_date():
        state = installed()
        return not os.path.exists(INCOMPLETE) and all(
            state.get(lock) == digest(os.path.join(ROOT, lock)) for lock in locks
        )

    try:
        if up_to_date():
            return 0
        check_platform(platform.system(), platform.machine())
        python = find_python(sys.executable)
        with open(os.path.join(ROOT, ".venv.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a second make waits here, and finds the work done
            if not up_to_date():
                install(locks, python)
        return 0
    except InstallError as error:
        print("\n{}".format(error), file=sys.stderr)
    except OSError as error:
        print("\n{}".format(cause(str(error))), file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped. The next call starts the installation again; downloads are kept.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
