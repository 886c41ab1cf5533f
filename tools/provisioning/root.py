"""Makes the root of an image in which the Chroma server of a Python package runs: an interpreter, its library, the server's one extension,
and the system's libraries that these are linked with. Nothing is fetched: `python root.py FOLDER`, by the Python that has the package.

The health check of a container wants a shell and wget: those are busybox's.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

USER = 1000
# What Chroma's server does not need of the library, and is large.
LEFT_OUT = ("site-packages", "test", "idlelib", "tkinter", "ensurepip", "lib2to3", "config-*", "__pycache__")


def copy(source: Path, root: Path) -> None:
    """A file, under the same path."""
    target = root / source.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def linked_with(binary: Path) -> set[Path]:
    told = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout
    words = (word for line in told.splitlines() for word in line.split())
    return {Path(word) for word in words if word.startswith("/") and Path(word).is_file()}


def main() -> None:
    root = Path(sys.argv[1])
    interpreter = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    library = Path(sysconfig.get_paths(vars={"base": sys.base_prefix, "installed_base": sys.base_prefix})["stdlib"])
    bindings = importlib.util.find_spec("chromadb_rust_bindings")
    assert bindings and bindings.origin, "this Python has no chromadb"
    package = Path(bindings.origin).parent

    shutil.copytree(library, root / library.relative_to("/"), ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copytree(package, root / "srv" / package.name)
    copy(interpreter, root)
    binaries = {interpreter, *library.glob("lib-dynload/*.so"), *package.glob("*.so")}
    for needed in set().union(*map(linked_with, binaries)):
        copy(needed, root)
    # The program that loads the others is named by a path that may be a link.
    loader = Path("/lib64/ld-linux-x86-64.so.2") if os.uname().machine == "x86_64" else Path("/lib/ld-linux-aarch64.so.1")
    copy(loader, root)

    start = "import chromadb_rust_bindings as c, sys; c.cli(['chroma', 'run', '--path', '/data', '--host', '0.0.0.0', '--port', '8000'])"
    (root / "srv" / "start").write_text(
        f"#!/bin/sh\nexport PYTHONPATH=/srv PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH={sys.base_prefix}/lib\nexec {interpreter} -c \"{start}\"\n"
    )
    (root / "srv" / "start").chmod(0o755)
    programs = root / "bin"
    programs.mkdir(exist_ok=True)
    shutil.copy2("/bin/busybox", programs / "busybox")
    for program in ("sh", "wget"):
        (programs / program).symlink_to("busybox")
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    (root / "data").mkdir()
    os.chown(root / "data", USER, USER)


if __name__ == "__main__":
    main()
