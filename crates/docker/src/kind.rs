//! What each kind of database wants of its container: where it listens and keeps its data, and how it is told its credential.

use syft_space_domain::dataset::VectorDatabaseKind;

/// What a kind wants.
pub(crate) struct KindNeeds {
    /// The port on which it listens.
    pub(crate) port: u16,
    /// Where it keeps its data: what its volume is mounted on.
    pub(crate) data: &'static str,
    /// The variable that holds its credential.
    pub(crate) credential: &'static str,
    /// Its other variables.
    pub(crate) variables: &'static [&'static str],
    /// What it answers with 200 where it is healthy, whoever asks.
    pub(crate) health_path: &'static str,
}

impl KindNeeds {
    /// The command that ends well where it is healthy. An image has one of these programs, and may lack the others.
    pub(crate) fn health_command(&self) -> String {
        let Self { port, health_path: path, .. } = self;
        format!(
            "wget -q -O /dev/null http://127.0.0.1:{port}{path} 2>/dev/null \
             || curl -sf -o /dev/null http://127.0.0.1:{port}{path} 2>/dev/null \
             || bash -c ': </dev/tcp/127.0.0.1/{port}'"
        )
    }
}

/// What a kind of database wants.
pub(crate) const fn needs(kind: VectorDatabaseKind) -> &'static KindNeeds {
    match kind {
        VectorDatabaseKind::Chroma => &CHROMA,
        VectorDatabaseKind::Qdrant => &QDRANT,
    }
}

/// Chroma. Its servers up to 0.6 ask for the token; those from 1.0 on know no authentication, and what protects them is their network.
const CHROMA: KindNeeds = KindNeeds {
    port: 8000,
    data: "/data",
    credential: "CHROMA_SERVER_AUTHN_CREDENTIALS",
    variables: &[
        "ANONYMIZED_TELEMETRY=FALSE",
        "CHROMA_AUTH_TOKEN_TRANSPORT_HEADER=X-Chroma-Token",
        "CHROMA_SERVER_AUTHN_PROVIDER=chromadb.auth.token_authn.TokenAuthenticationServerProvider",
        "IS_PERSISTENT=TRUE",
        "PERSIST_DIRECTORY=/data",
    ],
    health_path: "/api/v2/heartbeat",
};

/// Qdrant. Everything that it writes lies below its storage, because its root cannot be written.
const QDRANT: KindNeeds = KindNeeds {
    port: 6333,
    data: "/qdrant/storage",
    credential: "QDRANT__SERVICE__API_KEY",
    variables: &[
        "QDRANT_INIT_FILE_PATH=/qdrant/storage/.qdrant-initialized",
        "QDRANT__STORAGE__SNAPSHOTS_PATH=/qdrant/storage/snapshots",
        "QDRANT__STORAGE__STORAGE_PATH=/qdrant/storage",
        "QDRANT__TELEMETRY_DISABLED=true",
    ],
    health_path: "/healthz",
};
