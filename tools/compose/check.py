"""Holds the recipes of deploy/compose, as docker-compose understands them, against what must hold of each of them."""

import subprocess
import sys
from pathlib import Path

import yaml

# What a service may say: anything else (pid, ipc, devices, cap_add, userns_mode …) is a right that none of them needs.
KEYS = {
    "image", "command", "user", "group_add", "volumes", "network_mode", "networks", "read_only", "cap_drop", "security_opt", "mem_limit",
    "pids_limit", "restart", "container_name", "hostname", "labels", "environment", "ports", "tmpfs", "depends_on",
}
# What stands before an engine's socket.
KEEPERS = {"guard", "proxy"}


def demand(holds, what):
    if not holds:
        sys.exit(f"{what} does not hold")


def sources(service):
    """Where each place of a container comes from: a volume's name or a path."""
    return {target: source for source, target, *_ in (volume.split(":") for volume in service.get("volumes", []))}


def check_service(name, service, volumes):
    privileged = service.pop("privileged", False)
    demand(set(service) <= KEYS, f"{name}: only what is known, not {set(service) - KEYS}")
    if name == "engine":
        # It cannot be otherwise; so neither may anybody have it but by the guard.
        demand(privileged and not any("tcp" in word for word in service["command"]), "engine: it listens on no network")
        demand(all(source in volumes for source in sources(service).values()), "engine: it has nothing of the host")
        return
    demand(not privileged, f"{name}: it has no privilege")
    demand(service["read_only"] is True and service["cap_drop"] == ["ALL"], f"{name}: it writes no root, and has no capability")
    demand(service["security_opt"] == ["no-new-privileges:true"], f"{name}: it gains no privilege")
    user, group = service["user"].split(":")
    demand(int(user) > 0 and int(group) > 0, f"{name}: it is not root")
    of_host = {source for source in sources(service).values() if source not in volumes}
    if name in KEEPERS:
        demand(service["network_mode"] == "none", f"{name}: it is in no network")
        demand(all(source.endswith(".sock") for source in of_host), f"{name}: of the host it has a socket alone")
    else:
        demand(not of_host and "group_add" not in service, f"{name}: it has nothing of the host, and no other group")


def check(path):
    configured = subprocess.run(["docker-compose", "--file", path, "config"], check=True, capture_output=True, text=True)
    recipe = yaml.safe_load(configured.stdout)
    services, volumes = recipe["services"], recipe["volumes"]
    for name, service in services.items():
        check_service(name, service, volumes)
        demand(all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), f"{name}: its ports are on loopback")
        demand(service.get("network_mode") != "host", f"{name}: it is not in the host's network")
        if name not in {"space", "engine"} | KEEPERS:
            networks = recipe["networks"]
            demand(all(networks[network]["internal"] for network in service["networks"]), f"{name}: no way leads out of its networks")
            demand("ports" not in service, f"{name}: it is published nowhere")
    space = services["space"]
    keepers = [services[name] for name in KEEPERS if name in services]
    users = {keeper["user"].split(":")[0] for keeper in keepers}
    demand(space["user"].split(":")[0] not in users, "the space: who takes it over is not who keeps the engine")

    # What the space is told of its engine fits: its socket is where the space finds it.
    settings = {key: value for key, value in space["environment"].items() if key.startswith("SYFT_SPACE_PROVISIONING")}
    if not keepers:
        demand(not settings, "settings: without an engine nothing is said of one")
        return
    demand(settings["SYFT_SPACE_PROVISIONING"].startswith("unix:///"), "settings: the engine is a socket")
    folder, _, socket = settings["SYFT_SPACE_PROVISIONING"].removeprefix("unix://").rpartition("/")
    volume = sources(space)[folder]
    for keeper in keepers:
        demand(sources(keeper)[folder] == volume, "settings: the socket is the keeper's")
        demand(any(f"{folder}/{socket}" in word for word in keeper["command"]), "settings: the keeper listens there")
    options = volumes[volume]["driver_opts"]["o"].split(",")
    demand("mode=0750" in options, "the socket's folder is nobody else's")
    reach = settings["SYFT_SPACE_PROVISIONING_REACH"]
    is_joined = reach == f"joined={space.get('container_name')}"
    demand(is_joined or (reach == "bridge" and "container_name" not in space), "a space that joins networks has a name to do it by")
    demand(space.get("container_name") == space.get("hostname"), "its name is the container's")


for path in sys.argv[1:]:
    check(path)
    print(f"{path}: as it must be")
