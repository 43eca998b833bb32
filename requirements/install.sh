#!/bin/sh
# Build one locked environment, or compile the locks. Called by the Makefile; POSIX sh, for Linux and macOS.
#
#   requirements/install.sh dev       requirements/dev.txt -> .venv
#   requirements/install.sh sam       requirements/sam.txt -> .venv-sam
#   requirements/install.sh checks    requirements/checks.txt -> .venv-checks
#   requirements/install.sh lock      requirements/*.in -> *.txt   (UPGRADE=1: to the newest releases)
#
# Any python3 will do to start with: it fetches uv into .tools/, and uv finds or gets Python 3.13.
set -eu
cd "$(dirname "$0")/.."
PYTHON=3.13 # the deployed runtime's version

# Trust what the machine trusts, a company's own root included, not only the list inside uv (two names, of older and
# newer uv). A machine without a list of its own keeps uv's.
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -f "$bundle" ]; then
        export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS-true}" UV_NATIVE_TLS="${UV_NATIVE_TLS-true}"
    fi
done

die() {
    echo "make: $*" >&2
    exit 1
}

# A uv that is named on PATH need not run: pyenv keeps a shim for every version that ever had one. Nor need it be new
# enough: `uv python` came with the options used here.
works() {
    "$1" python --help >/dev/null 2>&1
}

find_python3() {
    for candidate in python3 python /usr/bin/python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    die "no python3 (3.8 or later) is on PATH; install one, or uv (https://docs.astral.sh/uv)."
}

fetch_uv() {
    python3=$(find_python3)
    rm -rf .tools
    mkdir .tools
    # Debian and Ubuntu ship python3 without ensurepip; there pip may still be able to install into a plain folder.
    if "$python3" -m venv .tools/venv >.tools/log 2>&1; then
        .tools/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
            -r requirements/uv.txt >>.tools/log 2>&1 || { cat .tools/log >&2; die "pip could not fetch uv (above)."; }
        ln -s venv/bin/uv .tools/uv
    elif "$python3" -m pip --version >/dev/null 2>&1; then
        "$python3" -m pip install --quiet --disable-pip-version-check --require-hashes --target .tools/lib \
            -r requirements/uv.txt >>.tools/log 2>&1 || { cat .tools/log >&2; die "pip could not fetch uv (above)."; }
        ln -s lib/bin/uv .tools/uv
    else
        die "$python3 has neither venv nor pip; install python3-venv (apt) or uv (https://docs.astral.sh/uv)."
    fi
}

find_uv() {
    for candidate in .tools/uv uv; do
        if works "$candidate"; then
            UV=$candidate
            return
        fi
    done
    echo "Fetching uv into .tools"
    fetch_uv
    works .tools/uv || die "the uv fetched into .tools does not run on this machine."
    UV=.tools/uv
}

# Print the Python to build with: one that uv finds, else one behind pyenv's shims, else the bare version, which uv then
# downloads. uv asks a shim only once, and a shim answers only for the versions that are switched on.
pick_python() {
    if "$UV" python find --system --no-python-downloads "$PYTHON" 2>/dev/null; then
        return
    fi
    # A shim on PATH tells its root; else pyenv's setting, or its default in the account's own home, which HOME need not be.
    own_home=$(eval "echo ~$(id -un)")
    roots=$(echo "$PATH" | tr ':' '\n' | sed -n 's:/shims/*$::p'; echo "${PYENV_ROOT:-$own_home/.pyenv}")
    found=$(echo "$roots" | while IFS= read -r root; do
        for python in "$root/versions/$PYTHON".*/bin/"python$PYTHON"; do
            case $python in *t/bin/*) continue ;; esac # a free-threaded build has no wheels
            if [ -x "$python" ] && "$python" -c 'import ssl' >/dev/null 2>&1; then
                echo "$python"
            fi
        done
    done | tail -n 1)
    echo "${found:-$PYTHON}"
}

build() { # folder, lock
    if ! "$1/bin/python" -c "import sys; sys.exit(sys.version_info[:2] != tuple(map(int, '$PYTHON'.split('.'))))" \
        >/dev/null 2>&1; then
        rm -rf "$1"
        "$UV" venv --quiet --python "$(pick_python)" "$1" ||
            die "no Python $PYTHON was found and none could be fetched; install Python $PYTHON and try again."
    fi
    echo "Installing $2 into $1"
    "$UV" pip sync --quiet --require-hashes --compile-bytecode --python "$1/bin/python" "$2"
    touch "$1/.ready"
}

# `.venv/bin/plumb`: the operator's command of this checkout. Plumbline is no package that could bring its own script.
script() {
    cat >.venv/bin/plumb <<END
#!/bin/sh
PYTHONPATH="$PWD" exec "$PWD/.venv/bin/python" -P -m plumb "\$@"
END
    chmod +x .venv/bin/plumb
}

compile() { # folder and name without .in
    "$UV" pip compile --quiet --universal --generate-hashes --python-version "$PYTHON" \
        --custom-compile-command 'make lock' ${UPGRADE:+--upgrade} "$1.in" -o "$1.txt"
    echo "$1.txt"
}

[ $# -eq 1 ] || die "usage: requirements/install.sh dev|sam|checks|lock"
find_uv
case $1 in
    dev)
        build .venv requirements/dev.txt
        script
        ;;
    sam) build .venv-sam requirements/sam.txt ;;
    checks) build .venv-checks requirements/checks.txt ;;
    lock)
        compile layers/dependencies/requirements # first: the development lock reads it
        for name in dev sam checks runtime uv; do compile "requirements/$name"; done
        ;;
    *) die "usage: requirements/install.sh dev|sam|checks|lock" ;;
esac
