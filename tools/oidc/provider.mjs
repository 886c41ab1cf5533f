// A certified OpenID provider, oidc-provider, with its own pages to sign in and to consent.
import Provider from "oidc-provider";

export const CLIENT = { id: "syft-space", secret: "not-a-secret-but-long-enough-for-a-walk" };

const people = {
  ann: { email: "ann@elsewhere.example", email_verified: true, groups: ["staff"] },
  carol: { email: "carol@example.org", email_verified: true, groups: ["staff"] },
  dora: { email: "dora@example.org", email_verified: false, groups: ["staff"] },
  eve: { email: "eve@example.org", email_verified: true, groups: ["visitors"] },
};

export function moveTo(person, ...groups) {
  people[person].groups = groups;
}

export function serve(port, space) {
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [`${space}/callback`],
        response_types: ["code"],
        grant_types: ["authorization_code"],
        backchannel_logout_uri: `${space}/backchannel-logout`,
        backchannel_logout_session_required: true,
      },
    ],
    // As the standard has it: an address is told to whoever asks for it, and not in the ID token.
    conformIdTokenClaims: true,
    claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
    scopes: ["openid", "email", "groups"],
    features: {
      devInteractions: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    // It calls no private address by itself, and the space is at one.
    fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
    pkce: { required: () => true },
    cookies: { keys: ["for a walk alone"] },
    async findAccount(_, id) {
      return { accountId: id, claims: async () => ({ sub: id, ...people[id] }) };
    },
  });
  for (const event of ["server_error", "backchannel.error", "grant.error", "authorization.error"]) {
    provider.on(event, (...told) => console.error(`the provider: ${event}:`, told.find((one) => one instanceof Error)));
  }
  return new Promise((listening) => {
    const server = provider.listen(port, "127.0.0.1", () => listening(server));
  });
}
