# World Runtime operations. Each recipe works without arguments, on the current world; what is written behind it
# is passed on: `npx just world-runtime-create market --seed 7`. WORLD_DATA_DIR says where the worlds are kept.

set positional-arguments

wr := "node " + quote(justfile_directory() / "bin/wr.js")

# List the recipes
[private]
default:
    @just --justfile {{ quote(justfile()) }} --list

# Create new world
world-runtime-create *args:
    @{{ wr }} create "$@"

# Snapshot current state
world-runtime-snapshot *args:
    @{{ wr }} snapshot "$@"

# Branch into 3 verses
world-runtime-branch *args:
    @{{ wr }} branch "$@"

# push_down operation
world-runtime-push-down *args:
    @{{ wr }} push-down "$@"

# pull_up with oracle
world-runtime-pull-up *args:
    @{{ wr }} pull-up "$@"

# Performance metrics
world-runtime-metrics *args:
    @{{ wr }} metrics "$@"

# List all entities
world-runtime-entities *args:
    @{{ wr }} entities "$@"

# Branch history
world-runtime-branches *args:
    @{{ wr }} branches "$@"

# Resolution history
world-runtime-resolutions *args:
    @{{ wr }} resolutions "$@"
