//! The target of names: slugs, tenant names, document ids, file names and texts.

use syft_space_domain::dataset::{DocumentId, FileFormat, FileName};
use syft_space_domain::endpoint::Slug;
use syft_space_domain::ids::EndpointId;
use syft_space_domain::tenant::TenantName;
use syft_space_domain::text::{Line, Name, Prose};

pub(crate) fn run(bytes: &[u8]) {
    let Some(input) = crate::text(bytes) else { return };
    if let Ok(slug) = Slug::parse(input) {
        assert_eq!(slug.to_string(), input, "a slug is kept as it was written");
        assert!(is_slug(input) && input.parse::<EndpointId>().is_err());
    } else {
        assert!(!is_slug(input) || input.parse::<EndpointId>().is_ok(), "{input} is a slug");
    }
    if let Ok(name) = TenantName::parse(input) {
        assert_eq!(name.to_string(), input);
        assert!(is_slug(input));
    }
    if let Ok(id) = DocumentId::parse(input) {
        assert_eq!(id.as_str(), input);
        assert!(is_document_id(input));
    } else {
        assert!(!is_document_id(input), "{input:?} is a document id");
    }
    if let Ok(name) = FileName::parse(input) {
        assert_eq!(name.as_str(), input);
        assert!(!input.starts_with('/') && !input.contains(['\\', '\0', '\n']));
        assert!(input.split('/').all(|part| !part.is_empty() && part != "." && part != ".."));
        assert!(is_document_id(name.document_id().as_str()), "{input:?} becomes a document of a good id");
        assert_eq!(name.last(), input.rsplit('/').next().unwrap_or_default());
        if let Ok(format) = FileFormat::of(&name) {
            assert!(
                FileFormat::ENDINGS.iter().any(|(ending, known)| {
                    *known == format && input.to_ascii_lowercase().ends_with(ending)
                })
            );
        }
    }
    let (name, line, prose) = (input.parse::<Name>(), input.parse::<Line>(), input.parse::<Prose>());
    let parsed = [name.map(String::from), line.map(String::from), prose.map(String::from)];
    for parsed in parsed.into_iter().flatten() {
        assert_eq!(parsed, input, "text is kept to the byte");
        assert!(!parsed.contains(['\0', '\u{1b}', '\u{7f}', '\u{202e}', '\u{2028}', '\u{61c}']));
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
