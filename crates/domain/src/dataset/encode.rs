//! The vectors of a dataset follow its documents, in the background.
//!
//! A step encodes some documents and brings their vectors in, so that a crash loses a step at most. Words do not wait for
//! it: a document is found by them at once, and by meaning some time later. What is removed does not wait either:
//! [`catch_up`](super::catch_up) outdates its vectors before the words see that it is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_executor::block_on;

use crate::dataset::encoding_queue::{Encoded, Next};
use crate::dataset::manage::active;
use crate::dataset::ports::VectorIndexError;
use crate::dataset::{
    Change, ChangeNumber, DocumentId, EncodingProgress, EncodingQueue, VectorChange, VectorKey,
    VectorLocation, encoder_texts,
};
use crate::encoder::ports::Encoder;
use crate::encoder::{EncoderName, ModelRevision};
use crate::ids::DatasetId;
use crate::port_error::PortError;
use crate::space::Space;
use crate::store::StoreError;
use crate::tenant::TenantScope;

/// The most documents of a step.
const MAX_DOCUMENTS: usize = 64;
/// A step ends behind the document that brings it to so many chunks: on two processors it takes some seconds.
const STEP_CHUNKS: usize = 128;
/// How many chunks are encoded in one call: whoever asks a question meanwhile has a turn between two.
const TEXTS_PER_CALL: usize = 16;

/// Encodes what is queued, one step at a time, until the queue is closed. Several threads may do so at once. What fails is
/// reported, and tried again later.
///
/// It blocks; [`EncodingQueue::close`](super::EncodingQueue::close) ends it soon.
pub fn encode_queued(space: &Space, report: &dyn Fn(DatasetId, &PortError)) {
    let queue = &space.meaning.queue;
    loop {
        let (scope, dataset) = match queue.next(&*space.clock) {
            Next::Dataset(scope, dataset) => (scope, dataset),
            Next::Nothing => {
                look_again(space);
                continue;
            }
            Next::Closed => return,
        };
        let step = catch_unwind(AssertUnwindSafe(|| mending_step(space, &scope, dataset)));
        let step =
            step.unwrap_or_else(|_panic| Err(StoreError::failed("a thread that encodes panicked").into()));
        let outcome = step.unwrap_or_else(|fault| {
            report(dataset, &fault);
            Encoded::Failed
        });
        queue.done(scope, dataset, outcome, space.clock.now());
    }
}

/// Queues the datasets whose encoder runs another model by now.
fn look_again(space: &Space) {
    let meaning = &space.meaning;
    for (scope, dataset, progress) in meaning.queue.all() {
        let installed = meaning.encoders.encoder(&progress.searched);
        let is_same =
            installed.is_some_and(|installed| installed.encoder.model().revision() == progress.revision);
        if !is_same {
            meaning.queue.add(scope, dataset);
        }
    }
}

/// Encodes the next documents of a dataset. Vectors are derived: where they are damaged they are encoded anew.
fn mending_step(space: &Space, scope: &TenantScope, id: DatasetId) -> Result<Encoded, PortError> {
    let meaning = &space.meaning;
    let is_damaged = meaning.queue.take_damaged(scope, id);
    match if is_damaged { Err(VectorIndexError::Damaged(id).into()) } else { step(space, scope, id) } {
        Err(PortError::Vectors(VectorIndexError::Damaged(_))) => {
            if let Err(fault) = meaning.vectors.destroy_all(scope, id) {
                // Its server may be away, and it is as damaged once it is back.
                meaning.queue.note_damaged(scope, id);
                return Err(fault.into());
            }
            Ok(Encoded::More)
        }
        done => done,
    }
}

/// Encodes the next documents of a dataset.
fn step(space: &Space, scope: &TenantScope, id: DatasetId) -> Result<Encoded, PortError> {
    let meaning = &space.meaning;
    let Some(to_be) = wanted(space, scope, id)? else {
        meaning.queue.note(scope, id, None);
        // Nobody asks for vectors any more: of a dataset that is being removed they go with it.
        if !meaning.vectors.revisions(scope, id)?.is_empty() {
            meaning.vectors.destroy_all(scope, id)?;
        }
        return Ok(Encoded::Whole);
    };
    let wanted = &to_be.encoder;
    let Some(installed) = meaning.encoders.encoder(wanted) else {
        // What it encoded is of use again once it is installed again, which is looked for from time to time.
        meaning.queue.note(scope, id, None);
        return Ok(Encoded::Failed);
    };
    let model = installed.encoder.model();
    let key = VectorKey::new(id, model);
    let batch = meaning.vectors.begin(scope, key)?;
    let changes = space.documents.changes(scope, id, batch.encoded(), MAX_DOCUMENTS)?;
    // Where they have followed changes of other documents, an older copy of these was put back.
    let changes = changes.ok_or(VectorIndexError::Damaged(id))?;
    if changes.is_empty() {
        drop(batch);
        destroy_others(space, scope, id, model.revision())?;
        note(space, scope, key, wanted)?;
        return Ok(Encoded::Whole);
    }
    note(space, scope, key, wanted)?;
    let goes_on =
        || Ok(!meaning.queue.is_closed() && self::wanted(space, scope, id)?.as_ref() == Some(&to_be));
    let Some(encoded) = encode(&meaning.queue, &*installed.encoder, changes, &goes_on)? else {
        return Ok(Encoded::More);
    };
    // A dataset that is removed is out of sight before its lock is taken, and nothing is put in behind that.
    space.datasets.with_lock(id, || {
        if !goes_on()? {
            return Ok(());
        }
        match batch.apply(&encoded) {
            // Whoever destroyed them has queued the dataset again, or removed it.
            Err(VectorIndexError::Destroyed) => Ok(()),
            applied => applied.map_err(PortError::from),
        }
    })?;
    note(space, scope, key, wanted)?;
    Ok(Encoded::More)
}

/// What the vectors of a dataset are to be.
#[derive(PartialEq, Eq)]
struct Wanted {
    encoder: EncoderName,
    vectors: VectorLocation,
}

/// What they are to be; `None` when there is no such dataset, or it is searched by words.
fn wanted(space: &Space, scope: &TenantScope, id: DatasetId) -> Result<Option<Wanted>, StoreError> {
    let of = *scope;
    let dataset = space.store.read(scope, move |view| active(view, &of, id)).wait()?;
    Ok(dataset.and_then(|dataset| {
        let encoder = dataset.retrieval.encoder().cloned()?;
        Some(Wanted { encoder, vectors: dataset.vectors })
    }))
}

/// Whether a step is still to be done: the server goes on, and the dataset is there, names the same encoder and has its vectors in the
/// same place.
type GoesOn<'a> = dyn Fn() -> Result<bool, PortError> + 'a;

/// The vectors of some changes: of so many that a step is of a good size. `None` when it does not go on.
///
/// Texts of several documents go together, so that short ones are computed in one go.
fn encode(
    queue: &EncodingQueue,
    encoder: &dyn Encoder,
    changes: Vec<Change>,
    goes_on: &GoesOn<'_>,
) -> Result<Option<Vec<VectorChange>>, PortError> {
    let mut texts = Vec::new();
    let mut begun = Vec::with_capacity(changes.len());
    for change in changes {
        if texts.len() >= STEP_CHUNKS {
            break;
        }
        if let Change::Put(_, document) = &change {
            texts.extend(encoder_texts(document));
        }
        begun.push(change);
    }
    let mut vectors = Vec::with_capacity(texts.len());
    for some in texts.chunks(TEXTS_PER_CALL) {
        if !goes_on()? {
            return Ok(None);
        }
        let some: Vec<&str> = some.iter().map(String::as_str).collect();
        let Some(encoded) = block_on(queue.unless_closed(encoder.encode(&some))) else { return Ok(None) };
        vectors.extend(encoded?);
    }
    let mut vectors = vectors.into_iter();
    let encoded = |change| match change {
        Change::Removed(number, document) => VectorChange::Removed(number, document),
        Change::Put(number, document) => {
            let of_document = vectors.by_ref().take(document.chunks.len()).collect();
            VectorChange::Encoded(number, document.id, of_document)
        }
    };
    Ok(Some(begun.into_iter().map(encoded).collect()))
}

/// Removes the vectors of other encoders and revisions, once those of the one that is wanted are whole.
fn destroy_others(
    space: &Space,
    scope: &TenantScope,
    id: DatasetId,
    wanted: ModelRevision,
) -> Result<(), PortError> {
    for other in space.meaning.vectors.revisions(scope, id)? {
        if other != wanted {
            space.meaning.vectors.destroy(scope, id, other)?;
        }
    }
    Ok(())
}

/// Notes how far a dataset is, and whose vectors are searched: while another encoder's are whole, and those that are wanted are
/// not, these.
fn note(space: &Space, scope: &TenantScope, key: VectorKey, wanted: &EncoderName) -> Result<(), PortError> {
    let meaning = &space.meaning;
    let chunks = space.documents.usage(scope, key.dataset())?.chunks;
    let held = meaning.vectors.revisions(scope, key.dataset())?;
    let before = meaning.encoders.names().into_iter().find_map(|name| {
        let installed = meaning.encoders.encoder(&name)?;
        let model = installed.encoder.model();
        let is_before = model.revision() != key.revision() && held.contains(&model.revision());
        is_before.then(|| (name, VectorKey::new(key.dataset(), model)))
    });
    let (searched, key) = before.unwrap_or_else(|| (wanted.clone(), key));
    let encoded_chunks = meaning.vectors.count(scope, key)?;
    let progress = EncodingProgress { searched, revision: key.revision(), encoded_chunks, chunks };
    meaning.queue.note(scope, key.dataset(), Some(progress));
    Ok(())
}

/// Removes the vectors of what changes remove or replace. Damaged ones go as a whole: they are derived, and no removal waits for
/// somebody to mend them.
pub(super) fn outdate(
    space: &Space,
    scope: &TenantScope,
    dataset: DatasetId,
    changes: &[Change],
) -> Result<(), PortError> {
    let document = |change: &Change| match change {
        Change::Put(number, document) => (*number, document.id.clone()),
        Change::Removed(number, document) => (*number, document.clone()),
    };
    let documents: Vec<(ChangeNumber, DocumentId)> = changes.iter().map(document).collect();
    match space.meaning.vectors.outdate(scope, dataset, &documents) {
        Err(VectorIndexError::Damaged(_)) => Ok(space.meaning.vectors.destroy_all(scope, dataset)?),
        outdated => Ok(outdated?),
    }
}
