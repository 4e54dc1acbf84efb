# What scripts/* share: the checkout's root, its environment, and settings for who calls them by hand.
# ./teddy sets all of this itself; a developer's own virtual environment, if active, is used as it is.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
PATH="${VIRTUAL_ENV:-$PWD/.teddy/venv}/bin:$PATH"
export TEDDY_MODE="${TEDDY_MODE:-quickstart}"
export TEDDY_LOG="${TEDDY_LOG:-embedded}"
export DJANGO_SECRET_KEY="${DJANGO_SECRET_KEY:-only for checks and tests}"

# Run a command, say which; remember a failure instead of stopping.
failed=0
each() {
    printf -- '-- %s\n' "$*"
    "$@" || failed=1
}
