//! The canonical bytes of a recorded event: what a hash over it is taken of.
//!
//! They are deterministic CBOR (RFC 8949, section 4.2.1), so anybody's reader of CBOR can take them apart: an array of items
//! in this order. There are two versions. An event that names no policy has the first, as all had before events could name
//! one, so that the bytes of those stay what they were; one that names a policy has the second. The first has 13 items, of which none
//! is ever left out; the second has one more.
//!
//! | item | as |
//! |---|---|
//! | version of this encoding, 1 or 2 | integer |
//! | log | the tenant's id, 16 bytes; null for the installation's |
//! | number in the log | integer |
//! | id | 16 bytes |
//! | time, in microseconds since 1970 | integer |
//! | action, outcome | a text each |
//! | actor | array of its kind; for an account or a hub's user also the id, 16 bytes, and the role, a text or null |
//! | object | null, or array of its kind and its id, a text each |
//! | reason | text, or null |
//! | request | 16 bytes, or null |
//! | how many alike were merged into it | integer |
//! | commitment to the personal data | 32 bytes |
//! | in version 2: the policy that it hangs on | array of its id, 16 bytes, and its revision, an integer |
//!
//! Nothing personal is in them but by the commitment, so they stay the same when a person is erased. Each length is
//! said before what it is the length of, so different events have different bytes. Whatever changes here gets another
//! version: bytes of before are hashed already.

use crate::audit::{Actor, Event, Log, Object, RecordedEvent, RecordedReason};
use crate::ids::ActorId;
use crate::policy::PolicyRevision;

/// The version of the encoding of an event that names no policy, and how many items it has.
const WITHOUT_POLICY: (u64, usize) = (1, 13);
/// Those of one that names a policy.
const WITH_POLICY: (u64, usize) = (2, 14);

impl RecordedEvent {
    /// The event's canonical bytes.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let Self { seq, event, person_commitment } = self;
        let Event {
            id,
            // Both are erased with the person.
            salt: _,
            person: _,
            log,
            time,
            action,
            outcome,
            actor,
            object,
            reason_code,
            request,
            count,
            policy,
        } = event;
        let mut cbor = Cbor(Vec::with_capacity(256));
        let (version, items) = if policy.is_some() { WITH_POLICY } else { WITHOUT_POLICY };
        cbor.array(items);
        cbor.unsigned(version);
        match log {
            Log::Installation => cbor.null(),
            Log::Tenant(tenant) => cbor.bytes(tenant.as_bytes()),
        }
        cbor.unsigned(*seq);
        cbor.bytes(id.as_bytes());
        cbor.integer(time.as_unix_micros());
        cbor.text(action.as_str());
        cbor.text(outcome.as_str());
        cbor.actor(actor);
        cbor.object(object.as_ref());
        cbor.optional_text(reason_code.as_ref().map(RecordedReason::as_str));
        match request {
            None => cbor.null(),
            Some(request) => cbor.bytes(request.as_bytes()),
        }
        cbor.unsigned((*count).into());
        cbor.bytes(person_commitment);
        if let Some(PolicyRevision { id, revision }) = policy {
            cbor.array(2);
            cbor.bytes(id.as_bytes());
            cbor.unsigned(*revision);
        }
        cbor.0
    }
}

/// The parts of CBOR that an event needs. Each item begins with its major type, in the upper three bits, and a number in
/// as few bytes as it fits into.
struct Cbor(Vec<u8>);

impl Cbor {
    const UNSIGNED: u8 = 0x00;
    const NEGATIVE: u8 = 0x20;
    const BYTES: u8 = 0x40;
    const TEXT: u8 = 0x60;
    const ARRAY: u8 = 0x80;
    const NULL: u8 = 0xf6;

    fn head(&mut self, major: u8, number: u64) {
        let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
        match number {
            0..24 => self.0.push(major | h),
            24..0x100 => self.0.extend([major | 24, h]),
            0x100..0x1_0000 => self.0.extend([major | 25, g, h]),
            0x1_0000..0x1_0000_0000 => self.0.extend([major | 26, e, f, g, h]),
            _ => self.0.extend([major | 27, a, b, c, d, e, f, g, h]),
        }
    }

    fn head_of_length(&mut self, major: u8, length: usize) {
        self.head(major, u64::try_from(length).unwrap_or(u64::MAX));
    }

    fn array(&mut self, items: usize) {
        self.head_of_length(Self::ARRAY, items);
    }

    fn unsigned(&mut self, number: u64) {
        self.head(Self::UNSIGNED, number);
    }

    fn integer(&mut self, number: i64) {
        match u64::try_from(number) {
            Ok(number) => self.head(Self::UNSIGNED, number),
            // -1 is 0 here, -2 is 1.
            Err(_) => self.head(Self::NEGATIVE, number.unsigned_abs().saturating_sub(1)),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.head_of_length(Self::BYTES, bytes.len());
        self.0.extend(bytes);
    }

    fn text(&mut self, text: &str) {
        self.head_of_length(Self::TEXT, text.len());
        self.0.extend(text.as_bytes());
    }

    fn null(&mut self) {
        self.0.push(Self::NULL);
    }

    fn optional_text(&mut self, text: Option<&str>) {
        match text {
            None => self.null(),
            Some(text) => self.text(text),
        }
    }

    fn actor(&mut self, actor: &Actor) {
        let id = actor.id();
        self.array(if id.is_some() { 3 } else { 1 });
        self.text(actor.kind());
        if let Some(id) = id {
            self.bytes(ActorId::as_bytes(&id));
            self.optional_text(actor.role());
        }
    }

    fn object(&mut self, object: Option<&Object>) {
        match object {
            None => self.null(),
            Some(Object { kind, id }) => {
                self.array(2);
                self.text(kind.as_str());
                self.text(id);
            }
        }
    }
}
