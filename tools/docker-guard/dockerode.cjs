// A database lives and ends through the guard by dockerode, and each known escape is refused.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const Docker = require("dockerode");

const health =
  "wget -q -O /dev/null http://127.0.0.1:8000/api/v2/heartbeat 2>/dev/null" +
  " || curl -sf -o /dev/null http://127.0.0.1:8000/api/v2/heartbeat 2>/dev/null" +
  " || bash -c ': </dev/tcp/127.0.0.1/8000'";
const labels = { "syft-space.installation": "space-1", "syft-space.dataset": "d-1" };
const bridge = "com.docker.network.bridge.";
const image = process.env.IMAGE;
const guarded = new Docker({ socketPath: process.env.GUARD });
const engine = new Docker({ socketPath: process.env.ENGINE });

const refused = async (call, what) => {
  const error = await call().then(
    () => assert.fail(`${what} was let through`),
    (error) => error,
  );
  assert.ok([400, 403].includes(error.statusCode), `${what}: ${error}`);
};

// Unless it is told apart, dockerode writes a body into the query string too, which an engine ignores and the guard refuses.
const apart = (body, query = {}) => ({ _query: query, _body: body });
const create = (name, body) => guarded.createContainer(apart(body, { name }));

const body = (host) => ({
  Image: image,
  User: "1000:1000",
  Env: ["QDRANT__SERVICE__API_KEY=planted-secret"],
  Labels: labels,
  ExposedPorts: { "8000/tcp": {} },
  Healthcheck: { Test: ["CMD-SHELL", health], Interval: 1e9, Retries: 10 },
  HostConfig: {
    NetworkMode: "syft-space-n-1",
    Mounts: [{ Type: "volume", Source: "syft-space-v-1", Target: "/data" }],
    PortBindings: { "8000/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
    ReadonlyRootfs: true,
    Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864" },
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges"],
    Memory: 67108864,
    MemorySwap: 67108864,
    NanoCpus: 5e8,
    PidsLimit: 32,
    RestartPolicy: { Name: "unless-stopped" },
    LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    ...host,
  },
});

const main = async () => {
  const volume = await guarded.createVolume(apart({ Name: "syft-space-v-1", Labels: labels }));
  const network = await guarded.createNetwork(
    apart({
      Name: "syft-space-n-1",
      Driver: "bridge",
      Labels: labels,
      Options: { [`${bridge}enable_icc`]: "false", [`${bridge}enable_ip_masquerade`]: "false" },
      IPAM: { Driver: "default", Config: [{ Subnet: "10.213.9.16/28", Gateway: "10.213.9.17" }] },
    }),
  );
  const container = await create("syft-space-d-1", body({}));
  await container.start();
  let about;
  for (let round = 0; round < 120; round += 1) {
    about = await container.inspect();
    if (about.State.Health.Status === "healthy") break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.equal(about.State.Health.Status, "healthy");
  const [port] = about.NetworkSettings.Ports["8000/tcp"];
  assert.equal(port.HostIp, "127.0.0.1");
  const answer = await fetch(`http://127.0.0.1:${port.HostPort}/api/v2/heartbeat`);
  assert.equal(answer.status, 200);
  assert.deepEqual((await guarded.listContainers({ all: true })).map((found) => found.Id), [container.id]);
  assert.deepEqual((await guarded.listNetworks()).map((found) => found.Id), [network.id]);
  assert.deepEqual((await guarded.listVolumes()).Volumes.map((found) => found.Name), ["syft-space-v-1"]);
  await guarded.getImage(image).inspect();
  await guarded.version();
  await guarded.ping();

  const calls = {
    exec: () => container.exec({ Cmd: ["id"], AttachStdout: true }),
    attach: () => container.attach({ stream: true, stdout: true, hijack: true, stdin: true }),
    kill: () => container.kill(),
    update: () => container.update({ Memory: 1e9 }),
    rename: () => container.rename({ name: "syft-space-x" }),
    archive: () => container.getArchive({ path: "/" }),
    commit: () => container.commit({ repo: "x" }),
    "the list of images": () => guarded.listImages(),
    pull: () => guarded.createImage({ fromImage: "busybox", tag: "latest" }),
    events: () => guarded.getEvents(),
    "a bind volume": () =>
      guarded.createVolume(
        apart({ Name: "syft-space-v-2", Labels: labels, DriverOpts: { type: "none", o: "bind", device: "/" } }),
      ),
    prune: () => guarded.pruneContainers(),
  };
  for (const [what, call] of Object.entries(calls)) await refused(call, what);

  const before = (await engine.listContainers({ all: true })).length;
  const escapes = JSON.parse(fs.readFileSync(path.join(__dirname, "escapes.json"), "utf8"));
  for (const escape of escapes) {
    await refused(() => create("syft-space-d-2", body(escape)), JSON.stringify(escape));
  }
  assert.equal((await engine.listContainers({ all: true })).length, before);

  await container.stop(apart({}, { t: 2 }));
  await container.remove(apart({}, { v: true, force: true }));
  await volume.remove();
  await network.remove();
  const { version } = require("dockerode/package.json");
  console.log(
    `dockerode ${version}: a database lived and ended, ${escapes.length} escapes and ${Object.keys(calls).length} calls were refused`,
  );
};

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
