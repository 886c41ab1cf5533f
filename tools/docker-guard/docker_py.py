"""A database lives and ends through the guard by docker-py, and each known escape is refused."""

import io
import json
import os
import pathlib
import time
import urllib.request

import docker
from docker.types import IPAMConfig, IPAMPool, LogConfig, Mount

HEALTH = (
    "wget -q -O /dev/null http://127.0.0.1:8000/api/v2/heartbeat 2>/dev/null"
    " || curl -sf -o /dev/null http://127.0.0.1:8000/api/v2/heartbeat 2>/dev/null"
    " || bash -c ': </dev/tcp/127.0.0.1/8000'"
)
LABELS = {"syft-space.installation": "space-1", "syft-space.dataset": "d-1"}
BRIDGE = "com.docker.network.bridge."
image = os.environ["IMAGE"]


def at(socket):
    return docker.DockerClient(base_url=f"unix://{os.environ[socket]}", version="auto")


guarded, engine = at("GUARD"), at("ENGINE")


def refused(call, statuses=(403,)):
    try:
        call()
    except docker.errors.APIError as error:
        assert error.status_code in statuses, error
        return
    raise AssertionError("it was let through")


volume = guarded.volumes.create(name="syft-space-v-1", labels=LABELS)
network = guarded.networks.create(
    "syft-space-n-1",
    driver="bridge",
    labels=LABELS,
    options={BRIDGE + "enable_icc": "false", BRIDGE + "enable_ip_masquerade": "false"},
    ipam=IPAMConfig(pool_configs=[IPAMPool(subnet="10.213.8.16/28", gateway="10.213.8.17")]),
)
settings = dict(
    name="syft-space-d-1",
    user="1000:1000",
    environment={"QDRANT__SERVICE__API_KEY": "planted-secret"},
    labels=LABELS,
    network="syft-space-n-1",
    mounts=[Mount("/data", "syft-space-v-1")],
    ports={"8000/tcp": ("127.0.0.1", None)},
    read_only=True,
    tmpfs={"/tmp": "rw,noexec,nosuid,nodev,size=67108864"},
    cap_drop=["ALL"],
    security_opt=["no-new-privileges"],
    mem_limit="64m",
    memswap_limit="64m",
    nano_cpus=500_000_000,
    pids_limit=32,
    restart_policy={"Name": "unless-stopped"},
    log_config=LogConfig(type="json-file", config={"max-size": "1m", "max-file": "2"}),
    healthcheck={"test": ["CMD-SHELL", HEALTH], "interval": 1_000_000_000, "retries": 10},
)
container = guarded.containers.create(image, **settings)
container.start()
for _ in range(120):
    container.reload()
    if container.attrs["State"]["Health"]["Status"] == "healthy":
        break
    time.sleep(0.5)
else:
    raise AssertionError(container.attrs["State"])
port = container.ports["8000/tcp"][0]
assert port["HostIp"] == "127.0.0.1", port
with urllib.request.urlopen(f"http://127.0.0.1:{port['HostPort']}/api/v2/heartbeat") as answer:
    assert answer.status == 200
assert [found.id for found in guarded.containers.list(all=True)] == [container.id]
assert [found.id for found in guarded.networks.list()] == [network.id]
assert [found.id for found in guarded.volumes.list()] == [volume.id]
container.logs(tail=10)
guarded.images.get(image)
guarded.info()

# What is not let through.
for call in [
    lambda: container.exec_run("id"),
    lambda: container.kill(),
    lambda: container.pause(),
    lambda: container.put_archive("/data", b""),
    lambda: container.get_archive("/data"),
    lambda: container.commit(),
    lambda: container.update(mem_limit="1g"),
    lambda: container.attach(),
    lambda: guarded.images.list(),
    lambda: guarded.images.pull("busybox", tag="latest"),
    lambda: guarded.images.build(fileobj=io.BytesIO(b"FROM scratch")),
    lambda: guarded.containers.prune(),
    lambda: guarded.swarm.init(),
    lambda: guarded.plugins.list(),
    lambda: guarded.volumes.create(
        name="syft-space-v-2", labels=LABELS, driver_opts={"type": "none", "o": "bind", "device": "/"}
    ),
    lambda: guarded.volumes.create(name="syft-space-v-2"),
    lambda: guarded.networks.create("syft-space-n-2", driver="macvlan", labels=LABELS),
]:
    refused(call, (400, 403))
host = container.attrs["HostConfig"]
before = len(engine.containers.list(all=True))
escapes = json.loads(pathlib.Path(__file__).with_name("escapes.json").read_text())
low = guarded.api
for escape in escapes:
    plain = low.create_host_config(
        network_mode="syft-space-n-1",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit="64m",
        pids_limit=32,
        nano_cpus=500_000_000,
        log_config=settings["log_config"],
    )
    create = lambda plain=plain, escape=escape: low.create_container_from_config(
        {"Image": image, "User": "1000:1000", "Labels": LABELS, "HostConfig": {**plain, **escape}}, "syft-space-d-2"
    )
    refused(create)
assert len(engine.containers.list(all=True)) == before
made = low.create_container_from_config(
    {"Image": image, "User": "1000:1000", "Labels": LABELS, "HostConfig": plain}, "syft-space-d-2"
)
low.remove_container(made["Id"])

container.stop(timeout=2)
container.remove(v=True, force=True)
volume.remove()
network.remove()
print(f"docker-py {docker.__version__}: a database lived and ended, {len(escapes)} escapes and 17 calls were refused")
