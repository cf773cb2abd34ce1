#!/bin/sh
# Safe Shop Lab from this stick, on Linux: opens the course without internet.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
found=
for python in "${SAFESHOP_PYTHON:-python3.14}" python3.14 python3.13 python3.12 python3.11 python3; do
    if "$python" -c '' 2>/dev/null; then
        found=$python
        "$python" "$here/start.py" --serves 2>/dev/null && break
    fi
done
# None that the stick serves: the last one that runs says so, and names those that are.
if [ -n "$found" ]; then
    exec "$found" "$here/start.py" "$@"
fi
echo "Safe Shop Lab needs Python, and none was found: README.txt says which one. Then run this file again." >&2
exit 1
