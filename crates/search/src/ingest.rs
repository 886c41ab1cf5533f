//! Applying changes to an index: all of a batch, or none.

use syft_space_domain::dataset::{AnalyzerSettings, Change, ChangeNumber, Document, DocumentId, contexts};
use tantivy::indexer::{IndexWriterOptions, NoMergePolicy};
use tantivy::{Index, IndexWriter, TantivyDocument, Term};

use crate::error::IndexError;
use crate::fields::{Fields, earlier_schemas, fields};
use crate::folder::IndexFolder;
use crate::{analyzer, compaction};

/// The memory of a writer before it writes a segment: the least that tantivy takes.
const WRITER_MEMORY_BYTES: usize = 15_000_000;

/// The last change that is committed in an index.
pub(crate) fn indexed(folder: &IndexFolder, settings: AnalyzerSettings) -> Result<ChangeNumber, IndexError> {
    open(folder, settings)?.map_or(Ok(ChangeNumber(0)), |index| last_change(&index))
}

/// Opens the index that is in a folder. One that an earlier version made counts as none: it has seen nothing of what
/// an index has now, and is made anew from the documents at the next start.
pub(crate) fn open(folder: &IndexFolder, settings: AnalyzerSettings) -> Result<Option<Index>, IndexError> {
    if !folder.has_index()? {
        return Ok(None);
    }
    let index = Index::open_in_dir(folder.path())?;
    let schema = index.schema();
    if schema == fields(settings).1 {
        Ok(Some(index))
    } else if earlier_schemas(settings).contains(&schema) {
        Ok(None)
    } else {
        Err(IndexError::Damaged("it was made with other settings, or by another version".to_owned()))
    }
}

/// Applies the changes that an index has not seen, durably.
pub(crate) fn apply(
    folder: &IndexFolder,
    settings: AnalyzerSettings,
    changes: &[Change],
) -> Result<(), IndexError> {
    let index = if let Some(index) = open(folder, settings)? {
        // A thread of the writer that panics over damaged bytes would end the process.
        if !index.validate_checksum()?.is_empty() {
            return Err(IndexError::Damaged("its checksums are wrong".to_owned()));
        }
        index
    } else if changes.is_empty() {
        return Ok(());
    } else {
        folder.create()?;
        Index::create_in_dir(folder.path(), fields(settings).1)?
    };
    // Two that catch up at once may bring the same changes; older ones must not undo newer ones.
    let seen = last_change(&index)?;
    let mut unseen = changes.iter().filter(|change| change.number() > seen).peekable();
    if unseen.peek().is_none() {
        return Ok(());
    }
    analyzer::register(index.tokenizers(), settings);
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .num_merge_threads(1)
        .memory_budget_per_thread(WRITER_MEMORY_BYTES)
        .build();
    let mut writer: IndexWriter = index.writer_with_options(options)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    // What an apply left that never committed would be in the way of one that gives the same names.
    writer.garbage_collect_files().wait()?;
    if let Err(error) = write(&mut writer, fields(settings).0, unseen) {
        discard(writer);
        return Err(error);
    }
    if let Err(error) = compaction::compact(&mut writer) {
        tracing::warn!(folder = %folder.path().display(), reason = %error,
            "an index could not be tidied; the text of removed documents stays in its files until the next change");
    }
    folder.sync()?;
    Ok(())
}

fn last_change(index: &Index) -> Result<ChangeNumber, IndexError> {
    let Some(payload) = index.load_metas()?.payload else { return Ok(ChangeNumber(0)) };
    payload
        .parse()
        .map(ChangeNumber)
        .map_err(|_| IndexError::Damaged(format!("its last change is {payload:?}")))
}

fn write<'a>(
    writer: &mut IndexWriter,
    fields: Fields,
    changes: impl Iterator<Item = &'a Change>,
) -> Result<(), IndexError> {
    let mut last = ChangeNumber(0);
    for change in changes {
        let added = match change {
            Change::Put(_, document) => {
                remove(writer, fields, &document.id);
                add(writer, fields, document)
            }
            Change::Removed(_, id) => {
                remove(writer, fields, id);
                Ok(())
            }
        };
        if let Err(error) = added {
            // The writer only says that its thread has ended; preparing a commit tells what ended it.
            return Err(writer.prepare_commit().err().map_or(error, IndexError::from));
        }
        last = last.max(change.number());
    }
    let mut commit = writer.prepare_commit()?;
    commit.set_payload(&last.0.to_string());
    commit.commit()?;
    Ok(())
}

fn remove(writer: &IndexWriter, fields: Fields, id: &DocumentId) {
    writer.delete_term(Term::from_field_text(fields.document, id.as_str()));
}

fn add(writer: &IndexWriter, fields: Fields, document: &Document) -> Result<(), IndexError> {
    let chunks = document.chunks.iter().zip(contexts(document));
    for (position, (chunk, mut words)) in (0_u64..).zip(chunks) {
        let mut entry = TantivyDocument::default();
        entry.add_text(fields.document, document.id.as_str());
        entry.add_u64(fields.position, position);
        entry.add_text(fields.text, &chunk.text);
        words.push('\n');
        words.push_str(&chunk.text);
        entry.add_text(fields.marked, &words);
        entry.add_text(fields.words, words);
        if !chunk.location.is_unknown() {
            let location = serde_json::to_string(&chunk.location).map_err(tantivy::TantivyError::from)?;
            entry.add_text(fields.location, location);
        }
        if position == 0 {
            entry.add_text(fields.head, document.id.as_str());
            let metadata = serde_json::to_string(&document.metadata).map_err(tantivy::TantivyError::from)?;
            entry.add_text(fields.metadata, metadata);
        }
        writer.add_document(entry)?;
    }
    Ok(())
}

/// Rolls back, and gives back the space of what was written. The last commit stands in any case, and the next writer
/// removes what this leaves.
fn discard(mut writer: IndexWriter) {
    let discarded = writer.rollback().and_then(|_| writer.garbage_collect_files().wait());
    if let Err(error) = discarded {
        tracing::warn!(%error, "what was written in vain to an index stays until its next change");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use syft_space_domain::dataset::{ContentHash, Metadata, chunks};
    use syft_space_domain::ids::{DatasetId, TenantId};
    use syft_space_domain::tenant::TenantScope;
    use syft_space_domain::time::Timestamp;
    use syft_space_home::Home;

    use super::*;

    fn put(number: u64, id: &str, content: &str) -> Change {
        let document = Document {
            id: DocumentId::parse(id).unwrap(),
            content: content.to_owned(),
            metadata: Metadata::new(),
            chunks: chunks(content),
            sha256: ContentHash::of_file(content.as_bytes()),
            reader: None,
            created_at: Timestamp::from_unix_micros(0),
        };
        Change::Put(ChangeNumber(number), document)
    }

    fn folder(home: &Path) -> IndexFolder {
        let scope = TenantScope::assume(TenantId::from_bytes([1; 16]), "a test of its own");
        let home = Home::prepare_without_database(home).unwrap();
        IndexFolder::of(&home, &scope, DatasetId::from_bytes([2; 16]))
    }

    fn files(folder: &IndexFolder) -> BTreeSet<String> {
        let name =
            |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        std::fs::read_dir(folder.path()).unwrap().map(name).collect()
    }

    #[test]
    fn a_writer_that_ends_before_its_commit_leaves_the_last_commit_and_later_no_trace() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(home.path());
        let settings = AnalyzerSettings::default();
        apply(&folder, settings, &[put(1, "a", "kept")]).unwrap();
        let before = files(&folder);
        {
            let index = open(&folder, settings).unwrap().unwrap();
            analyzer::register(index.tokenizers(), settings);
            let mut writer: IndexWriter = index.writer_with_num_threads(1, WRITER_MEMORY_BYTES).unwrap();
            let Change::Put(_, document) = put(2, "b", "lost") else { unreachable!() };
            remove(&writer, fields(settings).0, &DocumentId::parse("a").unwrap());
            add(&writer, fields(settings).0, &document).unwrap();
            drop(writer.prepare_commit().unwrap());
        }
        assert!(files(&folder).len() > before.len(), "nothing was written, so nothing is proved");
        assert_eq!(indexed(&folder, settings).unwrap(), ChangeNumber(1));
        let reader = open(&folder, settings).unwrap().unwrap().reader().unwrap();
        assert_eq!(reader.searcher().num_docs(), 1);
        apply(&folder, settings, &[put(2, "a", "kept")]).unwrap();
        assert_eq!(files(&folder).len(), before.len());
    }

    #[test]
    fn changes_that_were_seen_already_undo_nothing() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(home.path());
        let settings = AnalyzerSettings::default();
        apply(&folder, settings, &[put(1, "a", "old"), put(5, "b", "new")]).unwrap();
        let before = files(&folder);
        apply(&folder, settings, &[Change::Removed(ChangeNumber(4), DocumentId::parse("b").unwrap())])
            .unwrap();
        assert_eq!(files(&folder), before);
        assert_eq!(indexed(&folder, settings).unwrap(), ChangeNumber(5));
    }

    #[test]
    fn an_index_of_an_earlier_version_is_made_anew() {
        let settings = AnalyzerSettings::default();
        let earlier = earlier_schemas(settings);
        assert_eq!(earlier.len(), 4);
        for schema in earlier {
            let home = tempfile::tempdir().unwrap();
            let folder = folder(home.path());
            folder.create().unwrap();
            let index = Index::create_in_dir(folder.path(), schema).unwrap();
            let mut writer: IndexWriter = index.writer_with_num_threads(1, WRITER_MEMORY_BYTES).unwrap();
            let mut commit = writer.prepare_commit().unwrap();
            commit.set_payload("7");
            commit.commit().unwrap();
            drop(writer);
            assert_eq!(indexed(&folder, settings).unwrap(), ChangeNumber(0));
            apply(&folder, settings, &[]).unwrap();
            apply(&folder, settings, &[put(3, "a", "kept"), put(7, "b", "kept")]).unwrap();
            assert_eq!(indexed(&folder, settings).unwrap(), ChangeNumber(7));
            let reader = open(&folder, settings).unwrap().unwrap().reader().unwrap();
            assert_eq!(reader.searcher().num_docs(), 2);
        }
    }
}
