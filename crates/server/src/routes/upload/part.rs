//! One part of a form: what its headers say of it, and whether that is a file.

use actix_web::http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ContentDisposition, DispositionType, HeaderMap,
    HeaderName, HeaderValue,
};

use crate::http::problem::Problem;
use crate::http::reason::Reason;

const TRANSFER_ENCODING: HeaderName = HeaderName::from_static("content-transfer-encoding");
/// The most bytes of a field that is no file. What is longer was meant as a file.
const MAX_FIELD_BYTES: u64 = 64 << 10;

/// A part of a form, while its content comes.
pub(super) struct Part {
    /// What the field is called.
    field: String,
    /// The filename; `None` where it is no file but a field of the form, which is passed over.
    pub(super) file: Option<String>,
    /// Whether its filename is empty: a browser sends an input in which no file was chosen so, and without a byte.
    pub(super) unchosen: bool,
    /// How many bytes it has, where it says so.
    announced: Option<u64>,
    received: u64,
}

impl Part {
    /// Reads the headers of a part.
    ///
    /// # Errors
    /// When they contradict each other, or say that it is no part of a form or is sent in a form that is not read.
    pub(super) fn parse(headers: &HeaderMap) -> Result<Self, Problem> {
        let disposition = once(headers, &CONTENT_DISPOSITION, "Content-Disposition")?;
        let encoding = once(headers, &TRANSFER_ENCODING, "Content-Transfer-Encoding")?;
        let length = once(headers, &CONTENT_LENGTH, "Content-Length")?;
        if disposition.is_some_and(|value| std::str::from_utf8(value.as_bytes()).is_err()) {
            let detail = "the name of a file, or of a part of the form, is not UTF-8: send names in UTF-8";
            return Err(Problem::new(Reason::Malformed, detail));
        }
        let disposition = disposition
            .and_then(|value| ContentDisposition::from_raw(value).ok())
            .filter(|disposition| disposition.disposition == DispositionType::FormData)
            .ok_or_else(|| {
                malformed("Content-Disposition header was not found when parsing a \"form-data\" field")
            })?;
        let field = disposition.get_name().ok_or_else(|| {
            malformed("Content-Disposition 'name' parameter was not found when parsing a \"form-data\" field")
        })?;
        let media_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        if media_type.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/")) {
            return Err(malformed("Nested multipart is not supported"));
        }
        let as_it_is = |value: &HeaderValue| {
            [&b"binary"[..], b"8bit", b"7bit"]
                .iter()
                .any(|known| value.as_bytes().eq_ignore_ascii_case(known))
        };
        if encoding.is_some_and(|value| !as_it_is(value)) {
            let detail = "send files as they are, without Content-Transfer-Encoding";
            return Err(Problem::new(Reason::Invalid, detail));
        }
        let announced = length.map(|value| parse_length(value, field)).transpose()?;
        let name = file_name(&disposition, field)?;
        let unchosen = name.as_ref().is_some_and(String::is_empty);
        let file = name.filter(|name| !name.is_empty());
        Ok(Self { field: field.to_owned(), file, unchosen, announced, received: 0 })
    }

    /// Counts bytes that have come, up to the last.
    ///
    /// # Errors
    /// When those are all and the part said another number, they are of a file without a name, or they are more than a
    /// field has.
    pub(super) fn count(&mut self, bytes: usize, is_last: bool) -> Result<(), Problem> {
        self.received = self.received.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        let (field, received) = (&self.field, self.received);
        if self.unchosen && received > 0 {
            return Err(nameless(field));
        }
        if self.file.is_none() && received > MAX_FIELD_BYTES {
            let detail = format!(
                "the part {field:?} of the form has no filename, and more than {MAX_FIELD_BYTES} bytes: send each file with a filename"
            );
            return Err(Problem::new(Reason::Invalid, detail));
        }
        match self.announced.filter(|announced| is_last && *announced != received) {
            Some(announced) => {
                let detail = format!(
                    "the part {field:?} of the form has {received} bytes, and its Content-Length says {announced}: send the right one, or none"
                );
                Err(Problem::new(Reason::Invalid, detail))
            }
            None => Ok(()),
        }
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::new(Reason::Malformed, format!("the body is no form with files: {detail}"))
}

fn twice(what: &str) -> Problem {
    Problem::new(Reason::Ambiguous, format!("a part of the form has {what} twice"))
}

/// A header that may stand once.
fn once<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    shown: &str,
) -> Result<Option<&'a HeaderValue>, Problem> {
    let mut values = headers.get_all(name);
    let value = values.next();
    if values.next().is_some() { Err(twice(shown)) } else { Ok(value) }
}

/// What a `Content-Length` says. Rust would take a plus sign, too.
fn parse_length(value: &HeaderValue, field: &str) -> Result<u64, Problem> {
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| malformed(&format!("the Content-Length of the part {field:?} is no number of bytes")))
}

/// The name of the file in a part of the form, where it is one; empty where none was chosen.
fn file_name(disposition: &ContentDisposition, field: &str) -> Result<Option<String>, Problem> {
    let parameters = &disposition.parameters;
    let plain: Vec<&str> = parameters.iter().filter_map(|parameter| parameter.as_filename()).collect();
    let encoded: Vec<_> = parameters.iter().filter_map(|parameter| parameter.as_filename_ext()).collect();
    if plain.len() > 1 || encoded.len() > 1 {
        return Err(twice("a filename"));
    }
    // RFC 7578 has `filename` alone; some clients send `filename*` (RFC 6266) where it is not ASCII.
    let name = match (encoded.first(), plain.first()) {
        (Some(encoded), _) => String::from_utf8(encoded.value.clone()).ok(),
        (None, Some(plain)) => Some((*plain).to_owned()),
        (None, None) => return Ok(None),
    };
    name.map(Some).ok_or_else(|| nameless(field))
}

fn nameless(field: &str) -> Problem {
    let detail = format!("the part {field:?} of the form has no filename in UTF-8: send each file with one");
    Problem::new(Reason::Invalid, detail)
}
