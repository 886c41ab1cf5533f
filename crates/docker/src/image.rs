//! Which image a database is made of, and as which user it runs.

use std::fmt;
use std::str::FromStr;

/// An image that cannot be another one tomorrow: `name@sha256:…`, as a registry names it, or the id `sha256:…` of an image that the
/// engine has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageReference(String);

/// An image that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The text names no digest.
    #[error(
        "name an image by its digest, as in chromadb/chroma@sha256:…, or by the engine's id of it, sha256:…; a tag may be another image tomorrow"
    )]
    NoDigest,
    /// What stands before the digest is no name of an image.
    #[error("the name of an image has lower-case letters, digits and . _ - / : alone")]
    Name,
    /// The user is root.
    #[error("a database runs as a user that is not root: name an id from 1 to 65533")]
    Root,
}

const ALGORITHM: &str = "sha256:";
/// The longest name of a repository that registries take.
const MAX_NAME: usize = 255;

fn is_digest(text: &str) -> bool {
    let digits = text.strip_prefix(ALGORITHM);
    digits.is_some_and(|digits| {
        digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// Parts of letters, digits and single separators between them.
fn is_name(text: &str) -> bool {
    let is_sign = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_part = |part: &str| {
        part.bytes().all(|b| is_sign(b) || b".-_".contains(&b))
            && part.bytes().next().is_some_and(is_sign)
            && part.bytes().next_back().is_some_and(is_sign)
            && !part.contains("..")
    };
    // A port stands behind the registry's name alone.
    let (registry, path) = text.split_once('/').unwrap_or(("", text));
    let host = match registry.split_once(':') {
        Some((host, port))
            if !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()) =>
        {
            host
        }
        Some(_) => return false,
        None => registry,
    };
    text.len() <= MAX_NAME && (text == path || is_part(host)) && path.split('/').all(is_part)
}

impl ImageReference {
    /// Reads a reference.
    ///
    /// # Errors
    /// [`NoDigest`](ImageError::NoDigest) where a text is no digest and does not end with one, and [`Name`](ImageError::Name) where what
    /// stands before it is no name.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        if is_digest(text) {
            return Ok(Self(text.to_owned()));
        }
        let (name, digest) = text.split_once('@').ok_or(ImageError::NoDigest)?;
        if !is_digest(digest) {
            return Err(ImageError::NoDigest);
        }
        if !is_name(name) {
            return Err(ImageError::Name);
        }
        Ok(Self(text.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ImageReference {
    type Err = ImageError;
    fn from_str(text: &str) -> Result<Self, ImageError> {
        Self::parse(text)
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An image, and the user as whom it runs. The image's data folder has to belong to that user: an engine gives a new volume the owner that
/// the folder has in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseImage {
    pub(crate) reference: ImageReference,
    pub(crate) user: u32,
}

impl DatabaseImage {
    /// The image, run as the user and the group with this id.
    ///
    /// # Errors
    /// [`Root`](ImageError::Root) for an id that is root's, nobody's or none.
    pub fn new(reference: ImageReference, user: u32) -> Result<Self, ImageError> {
        // 65534 is nobody, to whom belongs what has lost its owner; 65535 stands for "no user" in old interfaces.
        if (1..=65_533).contains(&user) { Ok(Self { reference, user }) } else { Err(ImageError::Root) }
    }
}

impl fmt::Display for DatabaseImage {
    /// As a setting writes it: the reference, and `user=` with the id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} user={}", self.reference, self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn n3_an_image_is_named_by_its_digest_alone() {
        for name in
            ["chromadb/chroma@", "qdrant@", "registry.example.org:5000/a/b-c_d.e@", "localhost:5000/x@", ""]
        {
            let text = format!("{name}{DIGEST}");
            assert_eq!(ImageReference::parse(&text).map(|image| image.to_string()), Ok(text));
        }
        for text in ["chroma", "chroma:latest", "chroma@sha256:abc", "", "sha256:", &DIGEST.to_uppercase()] {
            assert_eq!(ImageReference::parse(text), Err(ImageError::NoDigest), "{text:?}");
        }
        for name in
            ["", "A", "a//b", "/a", "a/", "a/..", "../a", "a b", "a:b", "a\n", "a?x", "a%2f", "h:x/a", "h:/a"]
        {
            let text = format!("{name}@{DIGEST}");
            assert_eq!(ImageReference::parse(&text), Err(ImageError::Name), "{text:?}");
        }
    }

    #[test]
    fn n3_no_database_runs_as_root() {
        let image = |user| DatabaseImage::new(ImageReference::parse(DIGEST).unwrap(), user);
        assert!(image(1).is_ok() && image(1000).is_ok());
        for user in [0, 65_534, 65_535, u32::MAX] {
            assert_eq!(image(user), Err(ImageError::Root));
        }
    }
}
