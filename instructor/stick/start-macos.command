#!/bin/sh
# Safe Shop Lab from this stick, on macOS: opens the course without internet.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
for python in "${SAFESHOP_PYTHON:-python3}" python3.13 python3.12 python3; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" "$here/start.py" "$@"
    fi
done
echo "Safe Shop Lab needs Python 3.11 or newer, and none was found: install one, then run this file again." >&2
exit 1
