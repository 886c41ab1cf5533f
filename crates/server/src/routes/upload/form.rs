//! A form (RFC 7578) split into its parts, as its bytes come. It holds no more than a few KiB of a form of any size, and
//! hands out what is in a part in large pieces, however small those are in which it came.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::web::{Bytes, BytesMut};
use memchr::memmem::{self, Finder};

/// Each piece of a part's content has at least these bytes, but for its last.
pub(super) const MIN_PIECE_BYTES: usize = 64 << 10;
/// The most bytes of a boundary. RFC 2046 has 70.
const MAX_BOUNDARY_BYTES: usize = 1_024;
/// The most bytes of the headers of a part.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// The most headers of a part.
const MAX_HEADERS: usize = 32;

const LINE_END: &[u8] = b"\r\n";
const DASHES: &[u8] = b"--";
const HEAD_END: &[u8] = b"\r\n\r\n";

/// The bytes are no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormError {
    /// There is no boundary in the `Content-Type`, or something else stands where one must.
    #[error("Multipart boundary is not found")]
    NoBoundary,
    /// It is longer than any is.
    #[error("the boundary may have {MAX_BOUNDARY_BYTES} bytes at most")]
    LongBoundary,
    /// It ended before its last boundary.
    #[error("Multipart stream is incomplete")]
    Incomplete,
    /// A part's headers are none.
    #[error("Error during field parsing")]
    Head,
    /// A part's headers never end.
    #[error("the headers of a part may have {MAX_HEAD_BYTES} bytes at most")]
    LongHead,
}

/// What comes next of a form.
#[derive(Debug)]
pub(super) enum FormEvent {
    /// A part begins, with these headers.
    Part(HeaderMap),
    /// Some of its content. The last may be empty.
    Content { bytes: Bytes, is_last: bool },
    /// The form has ended. What may stand behind it says nothing.
    End,
}

/// The bytes of a form that have come and are not handed out yet.
pub(super) struct FormSplitter {
    /// A line's end and the boundary: what stands between parts.
    delimiter: Finder<'static>,
    buffer: BytesMut,
    /// How many bytes of the buffer need not be looked at again: what is looked for does not begin in them.
    searched: usize,
    state: State,
    is_whole: bool,
}

#[derive(Clone, Copy)]
enum State {
    Preamble,
    BehindBoundary,
    BehindLastBoundary,
    Head,
    Content,
    End,
}

impl FormSplitter {
    /// A form of which nothing has come, with this boundary.
    ///
    /// # Errors
    /// When it cannot be a boundary.
    pub(super) fn new(boundary: &str) -> Result<Self, FormError> {
        match boundary.len() {
            0 => return Err(FormError::NoBoundary),
            1..=MAX_BOUNDARY_BYTES => {}
            _ => return Err(FormError::LongBoundary),
        }
        let delimiter = [LINE_END, DASHES, boundary.as_bytes()].concat();
        Ok(Self {
            delimiter: Finder::new(&delimiter).into_owned(),
            // The first boundary may stand at the very beginning, with no line before it.
            buffer: BytesMut::from(LINE_END),
            searched: 0,
            state: State::Preamble,
            is_whole: false,
        })
    }

    /// Adds bytes that have come.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Notes that no more will come.
    pub(super) fn finish(&mut self) {
        self.is_whole = true;
    }

    /// What comes next; `None` when that hangs on bytes that have not come yet.
    ///
    /// # Errors
    /// When it is no form.
    pub(super) fn next(&mut self) -> Result<Option<FormEvent>, FormError> {
        loop {
            match self.state {
                State::Preamble => match self.until_delimiter() {
                    Some((_, false)) => {}
                    Some((_, true)) => self.state = State::BehindBoundary,
                    None => return self.more(),
                },
                State::BehindBoundary => {
                    self.state = match self.buffer.get(..LINE_END.len()) {
                        Some(LINE_END) => State::Head,
                        Some(DASHES) => State::BehindLastBoundary,
                        Some(_) => return Err(FormError::NoBoundary),
                        None => return self.more(),
                    };
                    drop(self.buffer.split_to(LINE_END.len()));
                }
                State::BehindLastBoundary => match self.buffer.get(..LINE_END.len()) {
                    Some(LINE_END) => self.state = State::End,
                    Some(_) => return Err(FormError::NoBoundary),
                    None if self.is_whole && self.buffer.is_empty() => self.state = State::End,
                    None => return self.more(),
                },
                State::Head => {
                    let Some(end) = self.head_end()? else { return self.more() };
                    let head = parse_head(&self.buffer.split_to(end))?;
                    self.searched = 0;
                    self.state = State::Content;
                    return Ok(Some(FormEvent::Part(head)));
                }
                State::Content => {
                    let Some((bytes, is_last)) = self.until_delimiter() else { return self.more() };
                    if is_last {
                        self.state = State::BehindBoundary;
                    }
                    return Ok(Some(FormEvent::Content { bytes, is_last }));
                }
                State::End => {
                    self.buffer.clear();
                    return Ok(Some(FormEvent::End));
                }
            }
        }
    }

    fn more(&self) -> Result<Option<FormEvent>, FormError> {
        if self.is_whole { Err(FormError::Incomplete) } else { Ok(None) }
    }

    /// What stands before the next delimiter, and whether that is all of it; `None` as long as it is little.
    fn until_delimiter(&mut self) -> Option<(Bytes, bool)> {
        let length = self.delimiter.needle().len();
        let found = self.delimiter.find(self.buffer.get(self.searched..).unwrap_or_default());
        if let Some(at) = found {
            let before = self.buffer.split_to(self.searched.saturating_add(at)).freeze();
            drop(self.buffer.split_to(length));
            self.searched = 0;
            return Some((before, true));
        }
        // The last bytes may be the beginning of a delimiter.
        self.searched = self.searched.max(self.buffer.len().saturating_sub(length.saturating_sub(1)));
        if self.searched < MIN_PIECE_BYTES {
            return None;
        }
        let before = self.buffer.split_to(self.searched).freeze();
        self.searched = 0;
        Some((before, false))
    }

    /// How many bytes the headers have, with the empty line behind them; `None` when it has not come.
    fn head_end(&mut self) -> Result<Option<usize>, FormError> {
        if self.buffer.starts_with(LINE_END) {
            return Ok(Some(LINE_END.len()));
        }
        let at = memmem::find(self.buffer.get(self.searched..).unwrap_or_default(), HEAD_END);
        let end = at.map(|at| self.searched.saturating_add(at).saturating_add(HEAD_END.len()));
        if end.unwrap_or(self.buffer.len()) > MAX_HEAD_BYTES {
            return Err(FormError::LongHead);
        }
        self.searched = self.buffer.len().saturating_sub(HEAD_END.len().saturating_sub(1));
        Ok(end)
    }
}

fn parse_head(bytes: &[u8]) -> Result<HeaderMap, FormError> {
    let mut parsed = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let Ok(httparse::Status::Complete((_, headers))) = httparse::parse_headers(bytes, &mut parsed) else {
        return Err(FormError::Head);
    };
    let mut head = HeaderMap::with_capacity(headers.len());
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| FormError::Head)?;
        head.append(name, HeaderValue::from_bytes(header.value).map_err(|_| FormError::Head)?);
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a form that comes in these pieces: one header of each, its content, and in how many pieces it was handed out.
    fn split(pieces: &[&[u8]]) -> Result<Vec<(String, Vec<u8>, usize)>, FormError> {
        let mut splitter = FormSplitter::new("B").unwrap();
        let mut pieces = pieces.iter();
        let mut parts: Vec<(String, Vec<u8>, usize)> = Vec::new();
        loop {
            match splitter.next()? {
                Some(FormEvent::Part(head)) => {
                    let name = head.get("n").map(|value| value.to_str().unwrap().to_owned());
                    parts.push((name.unwrap_or_default(), Vec::new(), 0));
                }
                Some(FormEvent::Content { bytes, .. }) => {
                    let part = parts.last_mut().unwrap();
                    part.1.extend_from_slice(&bytes);
                    part.2 += 1;
                }
                Some(FormEvent::End) => return Ok(parts),
                None => match pieces.next() {
                    Some(piece) => splitter.push(piece),
                    None => splitter.finish(),
                },
            }
        }
    }

    #[test]
    fn a_form_is_split_in_one_way_in_whatever_pieces_it_comes() {
        let form = b"before\r\n--B\r\nn: 1\r\n\r\none\r\n-B\r\n--\r\n\r\n--B\r\n\r\n\r\n--B\r\nn: 3\r\nx: y\r\n\r\n\r\n--B--\r\nbehind";
        let part = |name: &str, content: &[u8]| (name.to_owned(), content.to_vec(), 1);
        let expected = vec![part("1", b"one\r\n-B\r\n--\r\n"), part("", b""), part("3", b"")];
        assert_eq!(split(&[form]).unwrap(), expected);
        assert_eq!(split(&form.chunks(1).collect::<Vec<_>>()).unwrap(), expected);
        for at in 0..form.len() {
            let (first, second) = form.split_at(at);
            assert_eq!(split(&[first, second]).unwrap(), expected, "cut at {at}");
        }
    }

    #[test]
    fn what_comes_in_small_pieces_is_handed_out_in_large_ones() {
        let content = b"\r\n--A".repeat(60_000);
        let form = [b"--B\r\nn: 1\r\n\r\n", &*content, b"\r\n--B--"].concat();
        let most = content.len() / MIN_PIECE_BYTES + 1;
        for size in [1, 5, 1_000, 100_000, form.len()] {
            let parts = split(&form.chunks(size).collect::<Vec<_>>()).unwrap();
            assert!(parts[0].1 == content && parts[0].2 <= most, "{} pieces of {size} bytes", parts[0].2);
        }
    }

    #[test]
    fn it_holds_little_of_a_form_that_never_ends() {
        let head = "x: y\r\n".repeat(20_000).into_bytes();
        for (form, end) in [
            (vec![b'-'; 1_000_000], FormError::Incomplete),
            ([b"--B\r\n\r\n", &*vec![b'\r'; 1_000_000]].concat(), FormError::Incomplete),
            ([b"--B\r\n", &*head].concat(), FormError::LongHead),
        ] {
            let mut splitter = FormSplitter::new("B").unwrap();
            let mut step = || {
                for piece in form.chunks(1_000) {
                    splitter.push(piece);
                    while splitter.next()?.is_some() {}
                    assert!(splitter.buffer.len() <= MIN_PIECE_BYTES + 2_000);
                }
                splitter.finish();
                splitter.next()
            };
            assert_eq!(step().err(), Some(end));
        }
    }

    #[test]
    fn a_boundary_ends_its_line() {
        for wrong in ["--Bx\r\n", "--B \r\n", "--B-\r\n", "--B--xy", "--B\n\r\n"] {
            assert_eq!(split(&[wrong.as_bytes()]), Err(FormError::NoBoundary), "{wrong:?}");
        }
        for cut in ["", "--B", "--B\r", "--B\r\n", "--B\r\n\r\nx", "--B\r\n\r\nx\r\n--B", "--B-", "--B--\r"] {
            assert_eq!(split(&[cut.as_bytes()]), Err(FormError::Incomplete), "{cut:?}");
        }
        assert_eq!(FormSplitter::new("").err(), Some(FormError::NoBoundary));
        assert_eq!(FormSplitter::new(&"b".repeat(1_025)).err(), Some(FormError::LongBoundary));
    }
}
