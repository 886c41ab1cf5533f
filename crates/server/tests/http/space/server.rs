//! The server under test: the real binary, or the same HTTP over adapters in memory.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use syft_space::config::Settings;
use syft_space::startup::control::ControlSocket;
use syft_space::startup::setup_token::SetupTokenFile;
use syft_space::system::{SystemClock, SystemEntropy};
use syft_space_domain::audit::Origin;
use syft_space_domain::dataset::{IngestQueue, Meaning};
use syft_space_domain::encoder::ports::NoEncoders;
use syft_space_domain::expectation::GuardTurns;
use syft_space_domain::identity::oidc::ProviderLogouts;
use syft_space_domain::identity::{PreviousKeys, rotate_signing_key};
use syft_space_domain::marketplace::trust_hub;
use syft_space_domain::policy::{OpenReviews, PolicyTypes};
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::BearerSecret;
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::store::CommitHook;
use syft_space_domain::tenant::OperatorScope;
use syft_space_domain::{DatasetLocks, Space};
use syft_space_memory::{
    InsecurePasswords, MemoryDocuments, MemorySealer, MemorySearch, MemorySigner, MemorySpool, MemoryStore,
    MemoryTokens, MemoryVectors, TextFiles,
};
use syft_space_oidc::RelyingParty;
use syft_space_outbound::{AllowList, Client as OutboundClient, ClientSettings, SystemResolver};
use syft_space_syfthub::{HubHttp, IdentitySettings, SyftHub, SyftHubIdentities, SyftHubTokens, SyftSpaces};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Whether the tests run over the adapters in memory.
pub fn in_memory() -> bool {
    match std::env::var("SYFT_SPACE_TEST_ADAPTERS").as_deref() {
        Ok("memory") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("SYFT_SPACE_TEST_ADAPTERS is memory or sqlite, not {other}"),
    }
}

/// A running server with a home of its own.
pub struct Server {
    base: String,
    home: TempDir,
    settings: Vec<(String, String)>,
    running: Option<Running>,
}

enum Running {
    Process(Child),
    Thread {
        stop: Option<oneshot::Sender<()>>,
        thread: Option<std::thread::JoinHandle<()>>,
        space: Box<Space>,
    },
}

impl Server {
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let mut server = Self::prepare(settings);
        server.run_again().await;
        server
    }

    /// A server that does not run yet, with an empty home.
    pub fn prepare(settings: &[(&str, &str)]) -> Self {
        let private = std::fs::Permissions::from_mode(0o700);
        let home =
            tempfile::Builder::new().prefix("syft-space-test-").permissions(private).tempdir().unwrap();
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self { base: String::new(), home, settings, running: None }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn setup_token(&self) -> String {
        std::fs::read_to_string(SetupTokenFile::path(self.home())).unwrap().trim().to_owned()
    }

    /// The command that serves this home; a test may change it before it runs it.
    pub fn command(&self) -> Command {
        serve_command(self.home(), &self.settings)
    }

    /// Starts the server once more on the same home.
    pub async fn run_again(&mut self) {
        if in_memory() {
            self.run_in_memory().await;
        } else {
            let command = self.command();
            self.run(command);
        }
    }

    /// Starts the server once more on the same home. Answers what it has written on stderr once it listens.
    pub fn run_again_and_listen(&mut self) -> String {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = self.command();
        command.stderr(std::fs::File::create(log.path()).unwrap());
        self.run(command);
        std::fs::read_to_string(log.path()).unwrap()
    }

    /// Runs a command of [`Server::command`].
    pub fn run(&mut self, mut command: Command) {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        self.base = listening_on(&mut child);
        self.running = Some(Running::Process(child));
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        match &self.running {
            Some(Running::Process(child)) => child.id(),
            _ => panic!("there is no process"),
        }
    }

    /// Kills the server at once, as the loss of its process would.
    pub fn kill(&mut self) {
        match self.running.take() {
            Some(Running::Process(mut child)) => {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            other => self.running = other,
        }
    }

    /// Has the operator trust a hub.
    pub async fn trust(&self, issuer: &str, url: &str) {
        if let Some(Running::Thread { space, .. }) = &self.running {
            let context = space.request_context(Origin::default()).unwrap();
            let (issuer, url) = (issuer.parse().unwrap(), url.parse().unwrap());
            trust_hub(space, &context, &OperatorScope::at_startup(), issuer, url).await.unwrap();
            return;
        }
        let said = binary().args(["hubs", "trust", issuer, url, "--home"]).arg(self.home()).output().unwrap();
        assert!(said.status.success(), "{said:?}");
    }

    /// Has the operator replace the signing key, and revoke those of before.
    pub async fn revoke_keys(&self) {
        if let Some(Running::Thread { space, .. }) = &self.running {
            let context = space.request_context(Origin::default()).unwrap();
            let operator = OperatorScope::at_startup();
            rotate_signing_key(space, &context, &operator, PreviousKeys::Revoke).await.unwrap();
            return;
        }
        let said = binary().args(["keys", "rotate", "--revoke", "--home"]).arg(self.home()).output().unwrap();
        assert!(said.status.success(), "{said:?}");
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the process to end by itself, and answers its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        match self.running.take() {
            Some(Running::Process(mut child)) => child.wait().unwrap().code(),
            _ => panic!("there is no process"),
        }
    }

    async fn run_in_memory(&mut self) {
        let flags: Vec<(&'static str, String)> = self
            .settings
            .iter()
            .map(|(key, value)| (&*Box::leak(key.clone().into_boxed_str()), value.clone()))
            .chain(
                self.settings
                    .iter()
                    .all(|(key, _)| key != "audit_detections")
                    .then(|| ("audit_detections", "none".to_owned())),
            )
            .chain([("listen", "127.0.0.1:0".to_owned())])
            .collect();
        let settings: Settings = syft_space::config::load(self.home(), std::iter::empty(), &flags).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (listening, address) = oneshot::channel();
        let (made, space) = oneshot::channel();
        let home: PathBuf = self.home().to_owned();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let space = memory_space(&settings);
                made.send(space.clone()).ok().unwrap();
                let token = BearerSecret::generate(&*space.entropy).unwrap();
                let file = SetupTokenFile::write(&home, &token).unwrap();
                let state = syft_space::startup::serve::state(space, &settings, Some(file));
                let stop = async { drop(stopped.await) };
                let told = |address| listening.send(address).unwrap();
                let operator = Arc::new(OperatorScope::at_startup());
                let control = ControlSocket::listen(&home, Arc::clone(&operator)).unwrap();
                syft_space::startup::serve::serve(state, &settings, operator, Some(control), told, stop)
                    .await
                    .unwrap();
            });
        });
        self.base = format!("http://{}", address.await.unwrap());
        let space = Box::new(space.await.unwrap());
        self.running = Some(Running::Thread { stop: Some(stop), thread: Some(thread), space });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match &mut self.running {
            Some(Running::Process(child)) => {
                drop(child.kill());
                drop(child.wait());
            }
            Some(Running::Thread { stop, thread, .. }) => {
                drop(stop.take());
                drop(thread.take().map(std::thread::JoinHandle::join));
            }
            None => {}
        }
    }
}

/// The binary, with no setting from the machine's environment.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syft-space"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SYFT_SPACE_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// The binary, serving a home on a free port.
pub fn serve_command(home: &Path, settings: &[(String, String)]) -> Command {
    let mut command = binary();
    command.args(["serve", "--listen", "127.0.0.1:0", "--home"]).arg(home);
    command.env("SYFT_SPACE_LOG", "warn");
    // What is detected stands in the log whenever it was looked at; a test that counts events wants none of it.
    command.env("SYFT_SPACE_AUDIT_DETECTIONS", "none");
    for (key, value) in settings {
        command.env(format!("SYFT_SPACE_{}", key.to_uppercase()), value);
    }
    command
}

/// Reads where a server says that it listens.
pub fn listening_on(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let base = loop {
        let Some(line) = lines.next() else {
            panic!("the server ended before it listened: {:?}", child.wait());
        };
        if let Some(base) = line.unwrap().strip_prefix("Listening on ") {
            break base.to_owned();
        }
    };
    // What it says later must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    base
}

/// A space over the adapters in memory.
pub fn memory_space(settings: &Settings) -> Space {
    let lifetime = settings.access_token_lifetime;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let snapshots = Arc::new(SnapshotCache::default());
    let commit_hook: Arc<dyn CommitHook> = snapshots.clone();
    let allow = AllowList::parse(&settings.outbound_allow.join(",")).unwrap();
    let client = ClientSettings { allow, ..ClientSettings::default() };
    let client =
        Arc::new(OutboundClient::new(client, Arc::new(SystemResolver), Arc::clone(&entropy)).unwrap());
    let http: Arc<dyn HubHttp> = client.clone();
    let hubs = Arc::new(SyftHub::new(Arc::clone(&http), Arc::new(SystemClock), &*entropy).unwrap());
    let remote_spaces = Arc::new(SyftSpaces::new(Arc::clone(&http)));
    let satellites = SyftHubTokens::new(snapshots.clone(), http, 100, &*entropy).unwrap();
    let tokens = Arc::new(MemoryTokens::new(Arc::clone(&entropy), lifetime));
    Space {
        store: Arc::new(MemoryStore::new(commit_hook)),
        trusted: snapshots.clone(),
        satellites: Arc::new(satellites),
        identities: Arc::new(SyftHubIdentities::new(
            Arc::clone(&hubs),
            snapshots.clone(),
            IdentitySettings::default(),
        )),
        snapshots,
        hubs,
        remote_spaces,
        checkpoint_signer: Arc::new(MemorySigner::new([7; 32])),
        erasure_ledger: None,
        sealer: Arc::new(MemorySealer::new(Arc::clone(&entropy))),
        documents: Arc::new(MemoryDocuments::new()),
        engine: Arc::new(MemorySearch::new()),
        spool: Arc::new(MemorySpool::new()),
        extractor: Arc::new(TextFiles),
        policy_types: PolicyTypes::default(),
        passwords: Arc::new(InsecurePasswords::new(Arc::clone(&entropy))),
        tokens: tokens.clone(),
        session_life: settings.session_life,
        oidc: Arc::new(RelyingParty::new(client)),
        provider_logouts: ProviderLogouts::new(&*entropy).unwrap(),
        signing_keys: tokens,
        clock: Arc::new(SystemClock),
        entropy,
        datasets: DatasetLocks::default(),
        mails: None,
        guard_turns: GuardTurns::default(),
        reviews: OpenReviews::default(),
        ingestion: IngestQueue::default(),
        meaning: Meaning::new(Arc::new(NoEncoders), Arc::new(MemoryVectors::default())),
    }
}
