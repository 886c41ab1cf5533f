//! The schemas of the domain's own texts and numbers: each limit is the domain's constant.
//!
//! A schema says what can be said in one; where the domain demands more, its description says so.

mod datasets;
mod hubs;
mod inquiry;
mod policies;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::{Action, ObjectKind, Outcome};
use syft_space_domain::dataset::{
    DocumentId, FILE_MAX_BYTES, JobStatus, NewDocument, SearchMode, SearchQuery, Upload,
};
use syft_space_domain::endpoint::{ResponseType, Slug};
use syft_space_domain::expectation::ExpectedVerdict;
use syft_space_domain::group::GroupName;
use syft_space_domain::identity::oidc::{Group, OidcIssuer};
use syft_space_domain::identity::{AccountStatus, Email, Password};
use syft_space_domain::marketplace::{HubRole, HubUrl, HubUsername, ListingState};
use syft_space_domain::page::PageLimit;
use syft_space_domain::privacy::ErasureBy;
use syft_space_domain::retention::RetentionKind;
use syft_space_domain::text;

use crate::http::reason::Reason;
pub(crate) use crate::routes::shapes::datasets::*;
use crate::routes::shapes::hubs::{hub_secret, hub_subject, issuer};
use crate::routes::shapes::inquiry::{document_name, endpoint_name, principal_name, reason_name};
pub(crate) use crate::routes::shapes::policies::*;

/// Characters that no text for people holds: controls, and marks that change the direction of text.
const UNPRINTABLE: &str = r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069";
/// The same, but for the ends of lines and tabs.
const UNPRINTABLE_IN_LINES: &str =
    r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069";
/// Every space of Unicode (its property White_Space).
const SPACES: &str = r"\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
/// A name of lower-case words joined by hyphens.
const SLUG: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";
macro_rules! shapes {
    ($($(#[$doc:meta])* $shape:ident = $name:literal: $schema:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $shape;

        impl JsonSchema for $shape {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn schema_id() -> Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($shape)).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}
use shapes;

shapes! {
    /// A kind of data that goes by its age.
    RetentionKindShape = "RetentionKind": json_schema!({
        "type": "string", "enum": names(&RetentionKind::ALL, RetentionKind::as_str),
    });
    /// A name for people.
    NameShape = "Name": json_schema!({
        "type": "string", "minLength": 1, "maxLength": text::NAME_MAX,
        "pattern": format!("^[^{UNPRINTABLE}]*[^{UNPRINTABLE}{SPACES}][^{UNPRINTABLE}]*$"),
        "description": "One printable line that is not only spaces.",
    });
    /// One line.
    LineShape = "Line": line();
    /// Several lines.
    ProseShape = "Prose": json_schema!({
        "type": "string", "maxLength": text::PROSE_MAX, "pattern": format!("^[^{UNPRINTABLE_IN_LINES}]*$"),
        "description": "Printable lines.",
    });
    /// The name of an endpoint in its URL.
    SlugShape = "Slug": json_schema!({
        "type": "string", "minLength": Slug::MIN, "maxLength": Slug::MAX, "pattern": SLUG,
        "description": "`a-z`, `0-9` and `-`, with no hyphen at either end and no two in a row. It is no UUID.",
    });
    /// The name of a group of addresses.
    GroupNameShape = "GroupName": json_schema!({
        "type": "string", "minLength": 1, "maxLength": GroupName::MAX, "pattern": GroupName::PATTERN,
        "description": "`a-z`, `0-9` and `-`, with no hyphen at either end and no two in a row.",
    });
    /// The name of a tenant.
    TenantNameShape = "TenantName": json_schema!({
        "type": "string", "minLength": Slug::MIN, "maxLength": Slug::MAX, "pattern": SLUG,
        "description": "`a-z`, `0-9` and `-`, with no hyphen at either end and no two in a row. It is no UUID.",
    });
    /// An e-mail address.
    EmailShape = "Email": email();
    /// An e-mail address as it is shown.
    CanonicalEmailShape = "CanonicalEmail": json_schema!({
        "type": "string", "format": "email", "maxLength": Email::MAX,
        "description": "An e-mail address in the one form that everything compares: lower-case, its domain in ASCII.",
    });
    /// A password to be compared.
    PasswordShape = "Password": json_schema!({
        "type": "string", "format": "password", "maxLength": Password::MAX_BYTES, "writeOnly": true,
        "description": format!("At most {} bytes in UTF-8.", Password::MAX_BYTES),
    });
    /// A password to be chosen.
    NewPasswordShape = "NewPassword": json_schema!({
        "type": "string", "format": "password", "minLength": Password::MIN_CHARS,
        "maxLength": Password::MAX_BYTES, "writeOnly": true,
        "description": format!(
            "At least {} characters and at most {} bytes in UTF-8. What is easily guessed is refused \
             (`password_refused`).", Password::MIN_CHARS, Password::MAX_BYTES),
    });
    /// A password to be chosen by a member, who may need a second factor beside it.
    MembersPasswordShape = "MembersPassword": json_schema!({
        "type": "string", "format": "password", "minLength": Password::MIN_CHARS_BESIDE_FACTOR,
        "maxLength": Password::MAX_BYTES, "writeOnly": true,
        "description": format!(
            "At least {} characters, {} where the role needs a second factor, and at most {} bytes in UTF-8. What is easily \
             guessed is refused (`password_refused`).",
            Password::MIN_CHARS, Password::MIN_CHARS_BESIDE_FACTOR, Password::MAX_BYTES),
    });
    /// A secret that is handed over.
    SecretShape = "Secret": json_schema!({ "type": "string", "format": "password", "writeOnly": true });
    /// Where a hub is.
    /// A code of an authenticator app, or a recovery code.
    FactorCodeShape = "FactorCode": json_schema!({ "type": "string", "writeOnly": true });
    /// A recovery code.
    RecoveryCodeShape = "RecoveryCode": json_schema!({ "type": "string", "pattern": "^[a-z2-7]{6}(-[a-z2-7]{6}){3}$" });
    HubUrlShape = "HubUrl": json_schema!({
        "type": "string", "format": "uri", "maxLength": HubUrl::MAX,
        "description": "`https://host`, or `https://host:port`; no user name, query or fragment. Plain `http` and \
            private addresses only where the setting `outbound_allow` names them.",
    });
    /// What a hub's tokens name as their issuer.
    IssuerShape = "Issuer": issuer();
    /// What an identity provider calls itself.
    OidcIssuerShape = "OidcIssuer": json_schema!({
        "type": "string", "format": "uri", "maxLength": OidcIssuer::MAX,
        "description": "As the provider writes it, byte for byte. Plain `http` and private addresses only where the setting \
            `outbound_allow` names them.",
    });
    /// A text of an identity provider.
    OidcTextShape = "OidcText": json_schema!({ "type": "string", "minLength": 1, "maxLength": Group::MAX });
    /// A name on a hub.
    HubUsernameShape = "HubUsername": json_schema!({
        "type": "string", "minLength": HubUsername::MIN, "maxLength": HubUsername::MAX,
        "pattern": "^[A-Za-z0-9._-]+$", "description": "Upper-case letters become lower-case.",
    });
    /// For whom a satellite token is made out.
    AudienceShape = "Audience": json_schema!({
        "type": "string", "minLength": HubUsername::MIN, "maxLength": HubUsername::MAX, "pattern": "^[a-z0-9._-]+$",
        "description": "The name of a user of a marketplace, or the id of a satellite of theirs, in lower case.",
    });
    /// The type of a credential for a hub.
    HubCredentialTypeShape = "HubCredentialType": json_schema!({
        "type": "string", "enum": ["pat", "password"],
        "description": "`pat`: a personal access token, in `token`. `password`: `username` and `password`.",
    });
    /// Whether a credential can be used.
    CredentialStateShape = "CredentialState": json_schema!({
        "type": "string", "enum": ["ok", "refused", "needs_new_value"],
        "description": "`refused`: the hub does not accept it any more. `needs_new_value`: what is stored cannot be opened; \
            until a new one is sent the hub is not called, and nothing else is harmed.",
    });
    /// The id of a thing.
    IdShape = "Id": json_schema!({
        "type": "string", "format": "uuid",
        "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        "description": "A UUID in hyphenated form.",
    });
    /// Who asked for an erasure.
    ErasureByShape = "ErasureBy": json_schema!({
        "type": "string", "enum": ErasureBy::ALL.map(ErasureBy::as_str),
        "description": "The person, or an owner at their request.",
    });
    /// What names an endpoint in a path.
    SlugOrIdShape = "SlugOrId": json_schema!({
        "type": "string", "minLength": Slug::MIN, "maxLength": Slug::MAX, "pattern": SLUG,
    });
    /// A revision.
    TagShape = "Tag": json_schema!({ "type": "string", "pattern": "^(\"[0-9]+\"|\\*)$" });
    /// A point in time.
    TimeShape = "Time": json_schema!({
        "type": "string", "format": "date-time", "description": "RFC 3339; answers are in UTC.",
    });
    /// A role.
    RoleShape = "Role": json_schema!({
        "type": "string", "enum": Role::ALL.map(Role::as_str), "description": "What a member may do.",
    });
    /// What an API key may be used for.
    ScopeShape = "Scope": json_schema!({
        "type": "string",
        "enum": (Permission::ALL.into_iter().filter(|scope| scope.is_for_keys()).map(Permission::as_str).collect::<Vec<_>>()),
        "description": "A permission of the table of roles. A key has it while its holder has.",
    });
    /// A network of clients.
    ClientNetShape = "ClientNet": json_schema!({
        "type": "string", "maxLength": 49, "description": "An address, such as 192.0.2.7, or a network, such as 192.0.2.0/24.",
    });
    /// What a request is marked with.
    IdempotencyKeyShape = "IdempotencyKey": json_schema!({ "type": "string", "pattern": "^[!-~]{1,255}$" });
    /// Whether an account may be used.
    MemberStatusShape = "MemberStatus": json_schema!({
        "type": "string", "enum": ([AccountStatus::Active, AccountStatus::Disabled].map(AccountStatus::as_str)),
        "description": "Whether the account may be used at present.",
    });
    /// What an endpoint answers with.
    ResponseTypeShape = "ResponseType": json_schema!({
        "type": "string", "enum": [ResponseType::Raw.as_str()],
        "description": "`raw`: the documents found, as they are.",
    });
    /// How a dataset is searched.
    SearchModeShape = "SearchMode": json_schema!({
        "type": "string", "enum": names(&SearchMode::ALL, SearchMode::as_str), "default": "words",
        "description": "`words`: by the words of a question. `meaning`: by what it means, which needs an encoder. `both`: by both.",
    });
    /// The name of an encoder that is installed.
    EncoderNameShape = "EncoderName": json_schema!({
        "type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$",
        "description": "An encoder that the operator has installed.",
    });
    /// The id of a document.
    DocumentIdShape = "DocumentId": json_schema!({
        "type": "string", "minLength": 1, "maxLength": DocumentId::MAX,
        "pattern": r"^(?!\.{1,2}$)[A-Za-z0-9._-]+$",
        "description": "`A-Z a-z 0-9 . _ -`, and neither `.` nor `..`.",
    });
    /// The text of a document.
    ContentShape = "Content": json_schema!({
        "type": "string", "minLength": 1, "maxLength": NewDocument::MAX_BYTES,
        "pattern": format!("^[^\\u0000]*[^\\u0000{SPACES}][^\\u0000]*$"),
        "description": format!(
            "Text with something in it, at most {} bytes in UTF-8, without NUL.", NewDocument::MAX_BYTES),
    });
    /// What an owner says about a document.
    MetadataShape = "Metadata": json_schema!({
        "type": "object",
        "description": format!(
            "Any object, at most {} bytes as JSON. It comes back with each hit.", NewDocument::MAX_METADATA),
    });
    /// How far a job is.
    JobStatusShape = "JobStatus": json_schema!({
        "type": "string", "enum": JobStatus::ALL.map(JobStatus::as_str),
    });
    /// Something about a job that did not go well.
    JobFailureShape = "JobFailure": json_schema!({
        "type": "object", "required": ["document_id", "file", "message"],
        "properties": {
            "document_id": { "type": ["string", "null"],
                "description": "Which document; `null` when it is all of them, or there is none." },
            "file": { "type": ["string", "null"], "description": "The name of the file it came from." },
            "message": { "type": "string", "description": "What went wrong, and what to do." },
        },
    });
    /// What a document was made of.
    Sha256Shape = "Sha256": json_schema!({
        "type": "string", "pattern": "^[0-9a-f]{64}$",
        "description": "SHA-256 of the bytes of a file as they were sent, or of the content and metadata of a document.",
    });
    /// A form with files.
    FilesShape = "Files": json_schema!({
        "type": "object", "required": ["file"], "additionalProperties": false,
        "properties": {
            "file": { "type": "string", "format": "binary", "contentMediaType": "application/octet-stream" },
        },
        "description": format!(
            "A file. A form may bring more of them: each part with a filename is one, whatever its field is called. \
             At most {} files of at most {FILE_MAX_BYTES} bytes; no filename stands twice.", Upload::MAX_FILES),
    });
    /// A question.
    QuestionShape = "Question": question();
    /// What is asked, or a conversation.
    MessagesShape = "Messages": json_schema!({
        "description": "A text, or a conversation; its last message of the role `user` is the question, and must be one. \
            Earlier messages may be empty.",
        "anyOf": [question(), {
            "type": "array",
            "contains": {
                "type": "object", "required": ["role", "content"],
                "properties": { "role": { "const": "user" }, "content": question() },
            },
            "items": {
                "type": "object", "required": ["role", "content"],
                "properties": {
                    "role": { "type": "string", "enum": ["system", "user", "assistant"] },
                    "content": { "type": "string" },
                },
            },
        }],
    });
    /// No.
    FalseShape = "False": json_schema!({ "type": "boolean", "enum": [false] });
    /// How many chunks are wanted.
    HitLimitShape = "HitLimit": json_schema!({
        "type": "integer", "minimum": 1, "maximum": SearchQuery::MAX_LIMIT, "default": SearchQuery::DEFAULT_LIMIT,
        "description": "How many chunks at most.",
    });
    /// How close a chunk must be.
    ThresholdShape = "Threshold": json_schema!({
        "type": "number", "minimum": 0, "maximum": 1, "default": 0.5,
        "description": "How close a chunk must be to count. One with all words of a question scores at least 0.5.",
    });
    /// How close a chunk is.
    ScoreShape = "Score": json_schema!({ "type": "number", "minimum": 0, "maximum": 1 });
    /// How many items a page holds.
    PageLimitShape = "PageLimit": json_schema!({
        "type": "integer", "minimum": 1, "maximum": PageLimit::MAX, "default": PageLimit::DEFAULT.get(),
    });
    /// Where a page begins.
    CursorShape = "Cursor": json_schema!({
        "type": "string", "format": "cursor", "minLength": 1,
        "description": "Opaque. Only what this list gave out is taken.",
    });
    /// What was done.
    ActionShape = "Action": json_schema!({
        "type": "string", "enum": Action::ALL.map(Action::as_str),
        "description": "What was done, in the vocabulary of the OWASP logging cheat sheet.",
    });
    /// How it ended.
    OutcomeShape = "Outcome": json_schema!({ "type": "string", "enum": Outcome::ALL.map(Outcome::as_str) });
    /// How far the index of the log reaches.
    ProjectionShape = "Projection": json_schema!({
        "type": "object", "required": ["seq", "lag"],
        "properties": {
            "seq": { "type": "integer", "minimum": 0, "description": "Up to which event the log is indexed." },
            "lag": { "type": "integer", "minimum": 0,
                "description": "How many events have come since. They are found too." },
        },
        "description": "How far the index of the log reaches.",
    });
    /// Who did something, by what they are called.
    PrincipalNameShape = "PrincipalName": principal_name();
    /// An endpoint in a search.
    EndpointNameShape = "EndpointName": endpoint_name();
    /// A document in a search.
    DocumentNameShape = "DocumentName": document_name();
    /// The reason of an event.
    ReasonNameShape = "ReasonName": reason_name();
    /// The number of an event, or how many there are.
    SeqShape = "Seq": json_schema!({ "type": "integer", "minimum": 1, "maximum": i64::MAX });
    /// The number of an event, or 0 before the first.
    AfterShape = "After": json_schema!({ "type": "integer", "minimum": 0, "maximum": i64::MAX });
    /// A hash of a log's tree.
    HashShape = "Hash": json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "A SHA-256." });
    /// What personal data is committed to with.
    SaltShape = "Salt": json_schema!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
    /// What an event knows of a person.
    PersonShape = "Person": json_schema!({
        "type": "object", "additionalProperties": true,
        "description": "What is stored of the person: `address`, `email`, `user_agent`, `hub_user`, `purpose`, `api_key`, `redactions`, `shown`.",
    });
    /// Where a request came from.
    AddressShape = "Address": json_schema!({
        "type": "string", "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }],
    });
    /// Who did it.
    ActorShape = "Actor": json_schema!({
        "type": "object", "required": ["kind"],
        "properties": {
            "kind": { "type": "string", "enum": ["anonymous", "system", "operator", "account", "hub_user"] },
            "id": {
                "type": "string", "format": "uuid",
                "description": "The account's, where `kind` is `account`; what this log alone knows a user of a hub by.",
            },
            "role": {
                "type": "string", "enum": roles(),
                "description": "The account's role then, or what the user was on the hub.",
            },
        },
    });
    /// What proves to a hub who the tenant is there.
    HubCredentialShape = "HubCredential": json_schema!({
        "description": "A personal access token, or a name and a password.",
        "oneOf": [
            object(&["type", "token"], &json!({ "type": { "const": "pat" }, "token": hub_secret() })),
            object(&["type", "username", "password"], &json!({
                "type": { "const": "password" },
                "username": { "allOf": [line(), { "minLength": 1, "pattern": format!("[^{SPACES}]") }] },
                "password": hub_secret(),
            })),
        ],
    });
    /// Whose query is explained.
    IdentityShape = "Identity": json_schema!({
        "description": "Whoever has an address; or a user of a hub, where it need not be known. No policy of this version \
            tells users of a hub apart by `sub`.",
        "oneOf": [
            object(&["email"], &json!({
                "email": email(), "issuer": { "type": "null" }, "sub": { "type": "null" }, "role": { "type": "null" },
            })),
            object(&["issuer", "sub", "role"], &json!({
                "email": { "oneOf": [email(), { "type": "null" }] }, "issuer": issuer(), "sub": hub_subject(),
                "role": { "enum": HubRole::ALL.map(HubRole::as_str) },
            })),
        ],
    });
    /// What is to be decided.
    ExpectedVerdictShape = "ExpectedVerdict": json_schema!({
        "type": "string", "enum": ExpectedVerdict::ALL.map(ExpectedVerdict::as_str),
    });
    /// How far a listing is.
    ListingStateShape = "ListingState": json_schema!({
        "type": "string", "enum": ListingState::ALL.map(ListingState::as_str),
    });
    /// What it was done to.
    ObjectShape = "Object": json_schema!({
        "type": "object", "required": ["kind", "id"],
        "properties": {
            "kind": { "type": "string", "enum": ObjectKind::ALL.map(ObjectKind::as_str) },
            "id": { "type": "string" },
        },
    });
    /// The name of a tenant that the caller believes to speak to.
    TenantHintShape = "TenantHint": json_schema!({ "type": "string" });
    CurrencyShape = "Currency": json_schema!({ "type": "string", "pattern": "^[A-Z]{3,8}$" });
    AmountShape = "Amount": json_schema!({ "type": "string", "description": "A decimal number, exact." });
    LedgerPeriodShape = "LedgerPeriod": json_schema!({ "type": "string", "enum": ["day", "month", "total"] });
    CorrelationIdShape = "CorrelationId": json_schema!({ "type": "string", "pattern": "^[!-~]{1,128}$" });
    /// That a receipt is asked for.
    ReceiptWishShape = "ReceiptWish": json_schema!({ "type": "string", "enum": ["1"] });
    LogNameShape = "LogName": json_schema!({ "type": "string", "description": "As a receipt, or a checkpoint, names its log." });
    /// Why a request was refused.
    ReasonCodeShape = "ReasonCode": json_schema!({
        "type": "string", "enum": names(Reason::ALL, Reason::code),
        "description": reasons(),
    });
    /// Nothing, in this version.
    NothingShape = "Nothing": json_schema!({ "type": "null" });
}

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|value| name(*value)).collect()
}

/// The roles of members, and of users of a hub.
fn roles() -> Vec<&'static str> {
    let mut roles = names(&Role::ALL, Role::as_str);
    roles.extend(
        HubRole::ALL.map(HubRole::as_str).into_iter().filter(|role| *role != "user" && *role != "admin"),
    );
    roles
}

fn email() -> Schema {
    json_schema!({
        "type": "string", "format": "email", "minLength": 5, "maxLength": Email::MAX,
        "description": format!(
            "Before the `@` 1 to {} ASCII characters, without quotes and `*`; after it a domain name of at least two \
             labels. Upper-case letters become lower-case; addresses are compared in that form.", Email::LOCAL_MAX),
    })
}

fn line() -> Schema {
    json_schema!({
        "type": "string", "maxLength": text::LINE_MAX, "pattern": format!("^[^{UNPRINTABLE}]*$"),
        "description": "One printable line.",
    })
}

/// An object with just these members.
fn object(required: &[&str], properties: &Value) -> Schema {
    json_schema!({
        "type": "object", "required": required, "properties": properties, "additionalProperties": false,
    })
}

fn question() -> Schema {
    json_schema!({
        "type": "string", "minLength": 1, "maxLength": SearchQuery::MAX_TEXT,
        "pattern": format!("[^{SPACES}]"),
        "description": format!("What is asked, at most {} bytes in UTF-8.", SearchQuery::MAX_TEXT),
    })
}

/// Every reason code with what it means.
fn reasons() -> String {
    let line = |reason: &Reason| {
        format!("* `{}` ({}): {}", reason.code(), reason.status().as_u16(), reason.meaning())
    };
    let lines = Reason::ALL.iter().map(line).collect::<Vec<_>>().join("\n");
    format!("Why it was refused, for programs. A code never changes its meaning.\n\n{lines}")
}
