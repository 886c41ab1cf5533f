//! Names that stand in URLs, paths and answers: slugs, tenants, documents, files, and texts of one line.

use syft_space_domain::dataset::{DocumentId, FileFormat, FileName};
use syft_space_domain::endpoint::Slug;
use syft_space_domain::ids::EndpointId;
use syft_space_domain::tenant::TenantName;
use syft_space_domain::text;

pub(crate) fn run(bytes: &[u8]) {
    let Some(written) = crate::text(bytes) else { return };
    if let Ok(slug) = Slug::parse(written) {
        assert_eq!(slug.to_string(), written, "a slug is as it was written");
        assert!(is_slug(written) && written.parse::<EndpointId>().is_err());
    } else {
        assert!(!is_slug(written) || written.parse::<EndpointId>().is_ok(), "{written} is a slug");
    }
    if let Ok(name) = TenantName::parse(written) {
        assert_eq!(name.to_string(), written);
        assert!(is_slug(written));
    }
    if let Ok(id) = DocumentId::parse(written) {
        assert_eq!(id.as_str(), written);
        assert!(is_document_id(written));
    } else {
        assert!(!is_document_id(written), "{written:?} is a document id");
    }
    if let Ok(name) = FileName::parse(written) {
        assert_eq!(name.as_str(), written);
        assert!(!written.starts_with('/') && !written.contains(['\\', '\0', '\n']));
        assert!(written.split('/').all(|part| !part.is_empty() && part != "." && part != ".."));
        assert!(is_document_id(name.document_id().as_str()), "{written:?} becomes a document of a good id");
        assert_eq!(name.last(), written.rsplit('/').next().unwrap_or_default());
        if let Ok(format) = FileFormat::of(&name) {
            assert!(FileFormat::ENDINGS.iter().any(|(ending, known)| {
                *known == format && written.to_ascii_lowercase().ends_with(ending)
            }));
        }
    }
    for kept in [text::name(written), text::line(written), text::prose(written)].into_iter().flatten() {
        assert_eq!(kept, written, "text is kept to the byte");
        assert!(!kept.contains(['\0', '\u{1b}', '\u{7f}', '\u{202e}', '\u{2028}', '\u{61c}']));
    }
}

fn is_slug(text: &str) -> bool {
    (3..=64).contains(&text.len())
        && text.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

fn is_document_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(allowed) && text != "." && text != ".."
}
