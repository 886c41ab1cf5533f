// The walk of docs/sign-in.md: a space, a certified provider, and a browser that is none. See README.md beside this file.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLIENT, moveTo, serve } from "./provider.mjs";

const binary = process.argv[2];
const PASSWORD = "seven owls dance under copper moons";

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

/** Keeps cookies by host, and follows no redirect by itself. */
class Browser {
  jar = new Map();

  async fetch(url, options = {}) {
    const { host } = new URL(url);
    const own = this.jar.get(host) ?? new Map();
    const cookie = [...own].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { ...options, redirect: "manual", headers: { ...options.headers, cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) own.set(name, value);
      else own.delete(name);
    }
    this.jar.set(host, own);
    return answer;
  }

  post(url, form) {
    return this.fetch(url, { method: "POST", body: new URLSearchParams(form) });
  }

  /** Goes from the start of a sign-in to the address that the provider sends the browser back to. */
  async signIn(person) {
    const started = await this.fetch(`${base}/start`);
    assert.equal(started.status, 303, await started.text());
    let url = started.headers.get("location");
    for (let hop = 0; hop < 12; hop += 1) {
      if (url.startsWith(base)) return url;
      const answer = await this.fetch(url);
      if (answer.status === 200) {
        const page = await answer.text();
        const prompt = /name="prompt" value="(\w+)"/.exec(page)[1];
        const action = /action="([^"]+)"/.exec(page)[1];
        const form = prompt === "login" ? { prompt, login: person, password: "any" } : { prompt };
        const answered = await this.post(new URL(action, url), form);
        url = new URL(answered.headers.get("location"), url).href;
      } else {
        assert.ok([302, 303].includes(answer.status), `${url}: ${answer.status}`);
        url = new URL(answer.headers.get("location"), url).href;
      }
    }
    assert.fail("the provider sends nobody back");
  }

  async finish(url) {
    const answer = await this.fetch(url);
    return { status: answer.status, body: await answer.json(), headers: answer.headers };
  }

  /** Logs out at the provider, by its own page. */
  async logOutThere() {
    const page = await this.fetch(`${issuer}/session/end`);
    const xsrf = /name="xsrf" value="(\w+)"/.exec(await page.text())[1];
    const done = await this.post(`${issuer}/session/end/confirm`, { xsrf, logout: "yes" });
    assert.ok(done.status < 400, `logging out: ${done.status}`);
  }
}

async function api(path, token, options = {}) {
  const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(`${root}/api/v1${path}`, { ...options, headers });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null };
}

const folder = mkdtempSync(join(tmpdir(), "syft-space-oidc-"));
const home = join(folder, "home");
const [spacePort, providerPort] = [await freePort(), await freePort()];
const root = `http://127.0.0.1:${spacePort}`;
const base = `${root}/api/v1/auth/oidc/acme/work`;
const issuer = `http://127.0.0.1:${providerPort}`;
const environment = {
  PATH: process.env.PATH,
  SYFT_SPACE_PUBLIC_URL: root,
  SYFT_SPACE_OUTBOUND_ALLOW: "127.0.0.1",
  SYFT_SPACE_LOG: "warn",
};
const run = (...args) => execFileSync(binary, [...args, "--home", home], { env: environment, encoding: "utf8" });
let server;
let space;
let failed = false;
try {
  writeFileSync(join(folder, "password"), PASSWORD, { mode: 0o600 });
  writeFileSync(join(folder, "client-secret"), CLIENT.secret, { mode: 0o600 });
  run("owner", "create", "--tenant", "acme", "--email", "owner@acme.example", "--password-file", join(folder, "password"));
  run(
    ...["oidc", "add", "--tenant", "acme", "--name", "work", "--issuer", issuer, "--client-id", CLIENT.id],
    ...["--client-secret-file", join(folder, "client-secret"), "--allow-domain", "example.org"],
    ...["--map", "managers=admin", "--map", "staff=user"],
  );
  assert.match(run("oidc", "list"), /work .*example\.org/);
  space = spawn(binary, ["serve", "--listen", `127.0.0.1:${spacePort}`, "--home", home], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((listening, ended) => {
    space.stdout.on("data", (text) => `${text}`.includes("Listening on") && listening());
    space.on("exit", (code) => ended(new Error(`the space ended: ${code}`)));
  });
  server = await serve(providerPort, base);

  const login = { email: "owner@acme.example", password: PASSWORD };
  const owner = (await api("/auth/login", null, { method: "POST", body: JSON.stringify(login) })).body.access_token;
  const invitation = { email: "ann@elsewhere.example", role: "viewer" };
  assert.equal((await api("/invitations", owner, { method: "POST", body: JSON.stringify(invitation) })).status, 201);

  const signedIn = {};
  for (const person of ["ann", "carol"]) {
    const browser = new Browser();
    const back = await browser.signIn(person);
    // Another browser has not begun it.
    assert.equal((await new Browser().finish(back)).body.reason_code, "sign_in_invalid");
    const { status, body } = await browser.finish(back);
    assert.equal(status, 200, JSON.stringify(body));
    const me = await api("/auth/me", body.access_token);
    assert.equal(me.body.role, "user", "the groups say the role");
    assert.ok((await browser.finish(back)).status === 400, "it works once");
    signedIn[person] = { browser, token: body.access_token, id: me.body.id };
    console.log(`${person} signed in as ${me.body.email}, a ${me.body.role}`);
  }
  for (const [person, why] of [["dora", /verified/], ["eve", /group/]]) {
    const browser = new Browser();
    const refused = await browser.finish(await browser.signIn(person));
    assert.equal(refused.body.reason_code, "sign_in_refused");
    assert.match(refused.body.detail, why);
    console.log(`${person} was refused: ${refused.body.detail}`);
  }

  moveTo("carol", "managers");
  const { browser, id } = signedIn.carol;
  const again = await browser.finish(await browser.signIn("carol"));
  const me = await api("/auth/me", again.body.access_token);
  assert.deepEqual([me.body.id, me.body.role], [id, "admin"], "the same account, with the role of the groups of now");

  await browser.logOutThere();
  for (const token of [again.body.access_token]) {
    assert.equal((await api("/auth/me", token)).status, 401, "whoever logged out there is logged out here");
  }
  assert.equal((await api("/auth/me", signedIn.ann.token)).status, 200, "and nobody else");
  const events = await api("/audit?action=session_expired", owner);
  assert.equal(events.body.items[0].reason_code, "provider_logged_out");

  run("oidc", "remove", "--tenant", "acme", "work");
  assert.equal((await api("/auth/me", signedIn.ann.token)).status, 401, "a provider that goes ends what it began");
  console.log("signed in by oidc-provider, came back, got another role, and were logged out by its word");
} catch (error) {
  failed = true;
  console.error(error);
} finally {
  server?.close();
  server?.closeAllConnections();
  space?.kill();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
