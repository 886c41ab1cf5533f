//! The text of an e-book.
//!
//! An EPUB is an archive of web pages, and a list of the order in which they are read. Each is read as HTML is.

use std::collections::HashMap;

use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};

use crate::package::xml::{self, Node};
use crate::package::{Package, damaged, resolve, title};
use crate::text_builder::{Gap, TextBuilder};

const FORMAT: FileFormat = FileFormat::Epub;

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let mut package = Package::open(FORMAT, bytes)?;
    if package.part("META-INF/encryption.xml")?.is_some_and(|how| is_encrypted(&how)) {
        return Err(FileRefused::Encrypted);
    }
    let container = package.part("META-INF/container.xml")?;
    let container = container.ok_or_else(|| damaged(FORMAT, "it does not tell where its book is"))?;
    let mut book = None;
    xml::read(FORMAT, &container, |node| {
        if let Node::Open("rootfile", attributes) = node {
            book = book.take().or_else(|| attributes.get("full-path"));
        }
    })?;
    let name = book.ok_or_else(|| damaged(FORMAT, "it does not tell where its book is"))?;
    let book = package.part(&name)?.ok_or_else(|| damaged(FORMAT, "it has no book in it"))?;
    let mut builder = TextBuilder::default();
    for page in pages(&book, &name)? {
        let missing = || damaged(FORMAT, &format!("its page {page} is missing"));
        let bytes = package.bytes(&page)?.ok_or_else(missing)?;
        match crate::html::extract(&bytes) {
            Ok(extracted) => {
                builder.gap(Gap::Paragraph);
                builder.verbatim(extracted.text.trim());
            }
            Err(FileRefused::NoText) => {}
            Err(refused) => return Err(refused),
        }
        if builder.is_full() {
            break;
        }
    }
    Ok(ExtractedText { title: title(FORMAT, &book)?, text: builder.finish()?, marks: Vec::new() })
}

/// The names of the parts that are a book's pages, in the order in which they are read.
fn pages(book: &str, name: &str) -> Result<Vec<String>, FileRefused> {
    let mut pages: HashMap<String, String> = HashMap::new();
    let mut order = Vec::new();
    xml::read(FORMAT, book, |node| match node {
        Node::Open("item", attributes) => {
            let media_type = attributes.get("media-type").unwrap_or_default();
            let is_page =
                matches!(media_type.as_str(), "application/xhtml+xml" | "text/html" | "text/x-oeb1-document");
            if let (true, Some(id), Some(target)) = (is_page, attributes.get("id"), attributes.get("href")) {
                pages.insert(id, resolve(name, &target));
            }
        }
        Node::Open("itemref", attributes) => order.extend(attributes.get("idref")),
        _ => {}
    })?;
    // A page that is named twice is read once: whoever turns the pages comes by it once.
    Ok(order.into_iter().filter_map(|id| pages.remove(&id)).collect())
}

/// Whether more is encrypted than fonts, which are made unreadable by ways that everybody knows.
fn is_encrypted(how: &str) -> bool {
    let mut is_encrypted = false;
    let read = xml::read(FORMAT, how, |node| {
        if let Node::Open("EncryptionMethod", attributes) = node {
            let algorithm = attributes.get("Algorithm").unwrap_or_default();
            is_encrypted |= !matches!(
                algorithm.as_str(),
                "http://www.idpf.org/2008/embedding" | "http://ns.adobe.com/pdf/enc#RC"
            );
        }
    });
    is_encrypted || read.is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::tests::pack;

    const CONTAINER: &str =
        r#"<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>"#;
    const BOOK: &str = r#"<package xmlns:dc="urn:dc"><metadata><dc:title>The harbor</dc:title><dc:title>Second</dc:title></metadata>
        <manifest><item id="b" href="two.xhtml" media-type="application/xhtml+xml"/><item id="a" href="Text/one%20a.xhtml"
        media-type="application/xhtml+xml"/><item id="n" href="nav.xhtml" media-type="application/xhtml+xml"/><item id="s"
        href="cover.svg" media-type="image/svg+xml"/></manifest><spine><itemref idref="s"/><itemref idref="a"/>
        <itemref idref="b"/><itemref idref="b"/></spine></package>"#;
    const ONE: &str = "<?xml version='1.0'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'><head><title/></head><body>\
        <h1>One</h1><p>Ships.</p></body></html>";
    const TWO: &str = "<html><body><p>Fish.</p></body></html>";

    fn read(further: &[(&str, &str)]) -> Result<ExtractedText, FileRefused> {
        let parts = [
            ("META-INF/container.xml", CONTAINER),
            ("OEBPS/book.opf", BOOK),
            ("OEBPS/Text/one a.xhtml", ONE),
            ("OEBPS/nav.xhtml", "<p>Contents</p>"),
        ];
        extract(&pack(&[&parts, further].concat()))
    }

    #[test]
    fn q2_the_pages_of_a_book_are_read_in_their_order() {
        let expected = ExtractedText {
            title: Some("The harbor".to_owned()),
            text: "# One\n\nShips.\n\nFish.".to_owned(),
            marks: Vec::new(),
        };
        assert_eq!(read(&[("OEBPS/two.xhtml", TWO)]), Ok(expected));
    }

    #[test]
    fn k16_a_book_that_is_encrypted_or_has_a_hole_is_refused() {
        assert_eq!(read(&[]).map_err(|error| error.to_string().contains("two.xhtml is missing")), Err(true));
        let method = |algorithm: &str| {
            format!(
                "<encryption><EncryptedData><EncryptionMethod Algorithm='{algorithm}'/></EncryptedData></encryption>"
            )
        };
        for (algorithm, refused) in [
            ("http://www.idpf.org/2008/embedding", false),
            ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", true),
        ] {
            let how = method(algorithm);
            let outcome = read(&[("META-INF/encryption.xml", &how), ("OEBPS/two.xhtml", TWO)]);
            assert_eq!(outcome == Err(FileRefused::Encrypted), refused, "{algorithm}");
        }
        assert!(matches!(extract(&pack(&[("a", "b")])), Err(FileRefused::Damaged("EPUB", _))));
        let bomb = format!("<p>{}</p>", " ".repeat(6_000_000));
        assert!(matches!(read(&[("OEBPS/two.xhtml", &bomb)]), Err(FileRefused::TooLarge(_))));
    }
}
