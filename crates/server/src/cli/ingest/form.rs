//! Files as a form (RFC 7578), on their way to a dataset.

use std::fmt::Write;

use syft_space_domain::dataset::FileName;
use syft_space_domain::random::{Entropy, RandomError};

/// Files that are sent in one request.
pub(super) struct MultipartForm {
    boundary: String,
    body: Vec<u8>,
}

impl MultipartForm {
    /// A form without files. Its boundary is in no file, by 128 random bits.
    pub(super) fn new(entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes)?;
        let mut boundary = "syft-space-".to_owned();
        for byte in bytes {
            // Writing to a string cannot fail.
            let _infallible = write!(boundary, "{byte:02x}");
        }
        Ok(Self { boundary, body: Vec::new() })
    }

    /// Adds a file.
    pub(super) fn add(&mut self, name: &FileName, content: &[u8]) {
        let mut encoded = String::new();
        for byte in name.as_str().bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                let _infallible = write!(encoded, "%{byte:02X}");
            }
        }
        let head = format!(
            "--{}\r\ncontent-disposition: form-data; name=\"files\"; filename*=UTF-8''{encoded}\r\n\r\n",
            self.boundary
        );
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
    }

    /// Ends the form; returns the media type and the bytes of the body.
    pub(super) fn finish(mut self) -> (String, Vec<u8>) {
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body)
    }
}
