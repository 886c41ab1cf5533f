//! The embedded search engine of a Syft Space: how documents are found by their words, with nothing else installed.
//!
//! [`TantivySearch`] implements [`syft_space_domain::dataset::ports::SearchEngine`] on tantivy. Beside it
//! [`FlatVectors`] implements [`syft_space_domain::dataset::ports::VectorIndex`]: how documents are found by vectors.
//!
//! # Files
//!
//! Each dataset has one index, in a folder of its own ([`Home::index`](syft_space_home::Home::index)). It is derived: the document store holds the truth, and an index that is lost or damaged is rebuilt
//! from it. The number of the last change it has seen is committed with the words, so it never claims more than it
//! has. A folder without `meta.json` is a creation or a removal that was cut short, and counts as no index. So does an
//! index that an earlier version made: whoever brings it up to date makes it anew.
//!
//! A replaced or removed document is gone from the files once `apply` has answered: the segments that held it are
//! written anew without it, and the old ones are unlinked. Segments stay few, and small enough that this is quick.
//!
//! # Score
//!
//! A chunk has the words of its text, and of what it stands under: the title of its document and the headings above it.
//! A question's words are cut, lowered and (by the dataset's settings) stemmed as those of the documents. (Where runs of
//! Chinese, Japanese and Korean characters are cut into neighbours, a document is also found by each character alone,
//! which a question asks for only where it has no neighbour.) Stop words stand in a field of their own, and are asked
//! for only by a question that has no other words; one in capitals (IT) is a name, and a word like others, and so is one that
//! the question writes with a capital letter (Will) if some chunk does. Each word
//! counts once. With `idf` as in BM25
//! (`ln(1 + (N - n + ½) / (n + ½))`), `k1` 1.2 and `b` 0.75, a chunk scores
//!
//! ```text
//! √( Σ idf · tf / (tf + k1 · (1 − b + b · min(3, length / average)))  /  Σ weight )
//! ```
//!
//! where the first sum is over the words the chunk has and the second over all. A word weighs its idf. One that no chunk
//! has weighs twice as much as one that a single chunk has; but if it may be a misspelling of others, the most frequent
//! of these takes its place, and weighs twice its idf in the second sum; or one and a half times, if it is a form of the
//! same verb. A stop word that is asked for is found however it is written: its `n` adds up the chunks of each form, up
//! to `N`, and one in capitals counts 12 times in `tf`, one with a capital letter inside a sentence 6 times. If the question
//! has it with a capital letter it weighs 10 times its idf. One that is a name of the question counts 20 times where it is
//! written so, and not at all elsewhere, unless there are no other words; it weighs its idf, with `n` the chunks that
//! write it so, and 10 times that where no other word is known. That is the root of BM25, as a part of the most
//! it could be: it orders chunks as BM25 does, and lies between 0 and 1. Because a length counts up to three times the
//! average, a chunk that has every word scores at least ½. Lengths are those without stop words, and are counted as
//! tantivy keeps them: exactly up to 40 words, and above that to about an eighth. Equal scores are ordered by document
//! id, then by place in the document.
//!
//! The score is a sum over words, so it is computed exactly and yet without looking at most chunks: words are taken
//! from the rarest on, and as soon as those still to come cannot lift a chunk over the threshold (or over the worst
//! of the hits found so far), no new chunk is considered, only those found already.
//!
//! The work for a question is bounded: so many words are looked up, fewer are searched for (the rarest), and a few
//! unknown ones are compared with known ones.
//!
//! # By name, and how many
//!
//! Chunks can be asked for by their documents and places: what something else has found is shown as a search shows it. A
//! document's chunks are found by its id, and mostly lie one behind the other, so that the wanted one is read at once. How many
//! chunks can have a text within is told by the list of its rarest word alone, whose length the index knows.
//!
//! # What is kept in memory
//!
//! Opened indexes, as a snapshot of the last commit, the least recently used closed beyond
//! [`Options::open_indexes`]; and the chunks found of late, ready to be handed out, up to [`Options::chunk_cache_bytes`]
//! in all. Both are dropped when their dataset changes. A writer exists only while changes are applied, at most
//! [`Options::writers`] at once.
#![forbid(unsafe_code)]

mod analyzer;
mod chunk_cache;
mod compaction;
mod engine;
mod error;
mod fields;
mod folder;
mod ingest;
mod near_forms;
mod rank;
#[cfg(test)]
mod reference;
mod segment;
mod shares;
mod snapshot;
mod spelling;
mod stemmer;
mod stop_words;
mod tokenizer;
mod top_k;
mod types;
mod vectors;
mod weights;
mod word_places;
mod write_limiter;

pub use engine::{Options, TantivySearch};
pub use vectors::{FlatVectors, VectorOptions};
