//! A server with two front doors, over adapters in memory that a test can hold up or break.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use serde_json::{Value, json};
use syft_space::config::Settings;
use syft_space::http::app;
use syft_space::http::listener::Listener;
use syft_space::startup::serve;
use syft_space_domain::Space;
use syft_space_domain::audit::Origin;
use syft_space_domain::dataset::ports::NoRemoteSpaces;
use syft_space_domain::identity::{Email, Password};
use syft_space_domain::ids::{HubId, TenantId};
use syft_space_domain::marketplace::ports::HubAccount;
use syft_space_domain::marketplace::{Audience, HubCredential, HubRole, SatelliteClaims, trust_hub};
use syft_space_domain::policy::PolicyTypes;
use syft_space_domain::secret::Secret;
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::tenant::{OperatorScope, TenantName, found_as_operator};
use syft_space_memory::{MemoryHub, MemoryStore};

use crate::front_door::chat::{CHAT_ROUTES, PATH};
use crate::front_door::ports::{ScriptedEngine, ScriptedSnapshots, ScriptedStore};
use crate::front_door::tickets::{TicketType, Tickets};
use crate::space::{Client, PASSWORD, dataset_of, endpoint_on, memory_space};

pub const SLUG: &str = "mountains";
const HUB_URL: &str = "https://hub.example.org";
const ISSUER: &str = "https://hub.syft.com";

/// The ports of a space, which a test can hold up or break.
pub struct Ports {
    pub space: Space,
    pub engine: Arc<ScriptedEngine>,
    pub store: Arc<ScriptedStore>,
    pub snapshots: Arc<ScriptedSnapshots>,
    pub hub: Arc<MemoryHub>,
    pub tickets: Arc<Tickets>,
}

impl Ports {
    pub fn new(settings: &Settings) -> Self {
        let tickets = Arc::new(Tickets::default());
        let policy_types = PolicyTypes::default().with(TicketType(tickets.clone()));
        let cache = Arc::new(SnapshotCache::new(policy_types.clone()));
        let engine = Arc::new(ScriptedEngine::new());
        let store = Arc::new(ScriptedStore::new(MemoryStore::new(cache.clone())));
        let snapshots = Arc::new(ScriptedSnapshots::new(cache.clone()));
        let hub = Arc::new(MemoryHub::new());
        let space = Space {
            engine: engine.clone(),
            store: store.clone(),
            snapshots: snapshots.clone(),
            trusted: cache,
            satellites: hub.clone(),
            identities: hub.clone(),
            hubs: hub.clone(),
            remote_spaces: Arc::new(NoRemoteSpaces),
            policy_types,
            ..memory_space(settings)
        };
        Self { space, engine, store, snapshots, hub, tickets }
    }
}

/// A tenant with a published endpoint, an owner, and a user who may query.
pub struct Tenant {
    pub id: TenantId,
    pub owner: Client,
    pub user: Client,
}

impl Tenant {
    pub async fn found(space: &Space, anybody: &Client) -> Self {
        let context = space.request_context(Origin::default()).unwrap();
        let email = Email::parse("olivia@acme.example").unwrap();
        let password = Password::parse(&Secret::new(PASSWORD.to_owned())).unwrap();
        let name = TenantName::parse("acme").unwrap();
        let operator = OperatorScope::at_startup();
        let founded = found_as_operator(space, &context, &operator, &email, &password, &name).await.unwrap();
        let owner = log_in(anybody, "olivia@acme.example").await;
        let texts = [("kilimanjaro", "Kilimanjaro is 5895 metres high.")];
        let dataset = dataset_of(&owner, "mountains", &texts).await;
        endpoint_on(&owner, &dataset, SLUG).await;
        let user = join(anybody, &owner, "user").await;
        Self { id: founded.into_member().tenant, owner, user }
    }
}

/// Has each query to the endpoint take tickets of these names.
pub async fn demand_tickets(owner: &Client, names: &[&str]) {
    // Not by the client's own methods, which know the types of policies that are for everybody.
    let send = async |method, path: &str, body: Value| -> Value {
        let response = owner.request(method, path).json(&body).send().await.unwrap();
        response.error_for_status().unwrap().json().await.unwrap()
    };
    let mut ids = Vec::new();
    for name in names {
        let body = json!({ "name": name, "policy_type": "tickets", "configuration": { "name": name } });
        ids.push(send("POST", "/policies", body).await["id"].clone());
    }
    let path = format!("/endpoints/{SLUG}/policies");
    send("PUT", &path, json!({ "policy_ids": ids })).await;
}

/// Has somebody become a member.
pub async fn join(anybody: &Client, owner: &Client, role: &str) -> Client {
    let email = format!("{role}@acme.example");
    let invited = owner.post("/invitations", &json!({ "email": email, "role": role })).await.expect(201);
    let accepted = json!({ "token": invited.body["token"], "password": PASSWORD });
    anybody.post("/invitations/accept", &accepted).await.expect(201);
    log_in(anybody, &email).await
}

async fn log_in(anybody: &Client, email: &str) -> Client {
    let login = json!({ "email": email, "password": PASSWORD });
    let answer = anybody.post("/auth/login", &login).await.expect(200);
    anybody.with_token(answer.body["access_token"].as_str().unwrap())
}

/// A server with both front doors.
pub struct Doors {
    pub ports: Ports,
    pub anybody: Client,
    pub tenant: Tenant,
    handle: ServerHandle,
}

/// What the chat door answered.
pub struct Chat {
    pub status: u16,
    pub retry_after: bool,
    pub body: Value,
}

impl Doors {
    pub async fn open() -> Self {
        let settings = Settings::default();
        let ports = Ports::new(&settings);
        let state = serve::state(ports.space.clone(), &settings, None);
        let (started, address) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let served = move || {
                    let (chat, native) = (Arc::clone(&state), Arc::clone(&state));
                    App::new()
                        .wrap(from_fn(app::around))
                        .configure(move |service| app::mount(service, &chat, &Listener::Network, CHAT_ROUTES))
                        .configure(move |service| app::configure(service, &native))
                };
                let server = HttpServer::new(served).workers(1).disable_signals();
                let server = server.bind(("127.0.0.1", 0)).unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                started.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = address.recv_timeout(Duration::from_secs(30)).unwrap();
        let anybody = Client::new(&format!("http://{address}"));
        let tenant = Tenant::found(&ports.space, &anybody).await;
        Self { ports, anybody, tenant, handle }
    }

    /// Asks through the chat door.
    pub async fn chat(&self, caller: &Client, body: &Value) -> Chat {
        Self::read(caller.request("POST", &format!("/{PATH}")).json(body)).await
    }

    /// Sends a request to the chat door.
    pub async fn read(request: reqwest::RequestBuilder) -> Chat {
        let response = request.send().await.unwrap();
        let (status, retry_after) =
            (response.status().as_u16(), response.headers().contains_key("retry-after"));
        assert_eq!(response.headers()["content-type"], "application/json");
        assert!(response.headers().contains_key("x-request-id"), "{status}");
        Chat { status, retry_after, body: response.json().await.unwrap() }
    }

    /// The events of the tenant's log that are about queries, the oldest first: what was done, how it ended, and why.
    pub async fn events(&self) -> Vec<String> {
        let events = self.tenant.owner.audit("").await;
        let about_queries = |event: &&Value| {
            let action = event["action"].as_str().unwrap();
            ["endpoint_query", "policy_violation", "authn_token_fail", "authz_fail"].contains(&action)
        };
        let line = |event: &Value| {
            let (reason, kind) = (&event["reason_code"], &event["object"]["kind"]);
            // A refusal by role names the route, which is another at each front door.
            format!("{} {} {reason} {kind}", event["action"], event["outcome"])
        };
        events.iter().filter(about_queries).map(line).rev().collect()
    }

    /// Registers the tenant on a hub, and answers a user of that hub.
    pub async fn hub_user(&self, name: &str) -> Client {
        let Ports { space, hub, .. } = &self.ports;
        let context = space.request_context(Origin::default()).unwrap();
        let (issuer, url) = (ISSUER.parse().unwrap(), HUB_URL.parse().unwrap());
        let trusted = trust_hub(space, &context, &OperatorScope::at_startup(), issuer, url).await.unwrap();
        let credential = HubCredential::Pat(Secret::new("the owner's".to_owned()));
        let account = HubAccount {
            subject: "spaceowner".to_owned(),
            username: "spaceowner".parse().unwrap(),
            email: "spaceowner@example.com".to_owned(),
            domain: None,
        };
        hub.set_issuer(HUB_URL.parse().unwrap(), ISSUER.parse().unwrap());
        hub.add_account(HUB_URL.parse().unwrap(), &credential, account);
        let body = json!({
            "name": "market", "url": HUB_URL, "issuer": ISSUER,
            "credential": { "type": "pat", "token": "the owner's" },
        });
        self.tenant.owner.post("/marketplaces", &body).await.expect(201);
        // A token that is none of ours by its form.
        let token = format!("{name}.satellite.token");
        hub.add_token(&token, claims(trusted.id, name, space));
        self.anybody.with_token(&token)
    }
}

fn claims(hub: HubId, subject: &str, space: &Space) -> SatelliteClaims {
    let now = space.clock.now();
    SatelliteClaims {
        hub,
        subject: subject.to_owned(),
        audience: Audience::parse("spaceowner").unwrap(),
        role: HubRole::User,
        issued_at: now,
        not_before: now,
        expires_at: now.plus(Duration::from_secs(600)),
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}
