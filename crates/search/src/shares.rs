//! How many chunks can have a text within: no more than have its rarest word.

use std::collections::BTreeMap;
use std::io;

use syft_space_domain::dataset::AnalyzerSettings;

use crate::analyzer;
use crate::error::IndexError;
use crate::rank::LengthNorms;
use crate::segment::Segment;
use crate::tokenizer::{MARKS, normalized};

/// Which share of all chunks has the rarest term of a text. Its stop words count where it has no other terms.
pub(crate) fn share(
    segments: &[Segment],
    norms: &LengthNorms,
    settings: AnalyzerSettings,
    text: &str,
) -> Result<f32, IndexError> {
    let mut rarest: Option<f64> = None;
    for term in analyzer::query_terms(settings, &normalized(text), BTreeMap::new()).into_keys() {
        let chunks = chunks_with(segments, &term)?;
        rarest = Some(rarest.map_or(chunks, |rarest| rarest.min(chunks)));
        if chunks <= 0.0 {
            break;
        }
    }
    Ok(rarest.filter(|_| norms.chunks() > 0.0).map_or(0.0, |rarest| to_share(rarest / norms.chunks())))
}

/// How many chunks have a term. Of one with a mark each form counts, so those that have it in two are counted twice.
fn chunks_with(segments: &[Segment], term: &str) -> io::Result<f64> {
    let Some(word) = term.strip_prefix(MARKS) else { return chunks_with_form(segments, term, false) };
    let mut chunks = 0.0;
    for mark in MARKS {
        chunks += chunks_with_form(segments, &format!("{mark}{word}"), true)?;
    }
    Ok(chunks)
}

fn chunks_with_form(segments: &[Segment], form: &str, is_marked: bool) -> io::Result<f64> {
    let mut chunks = 0.0;
    for segment in segments {
        let info = segment.inverted_index(is_marked).terms().get(form)?;
        chunks += info.map_or(0.0, |info| f64::from(info.doc_freq));
    }
    Ok(chunks)
}

#[expect(clippy::as_conversions, reason = "an f32 is made of an f64 in no other way; it rounds")]
fn to_share(share: f64) -> f32 {
    share.clamp(0.0, 1.0) as f32
}
