//! The conformance suite of the port.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

mod support;

use std::num::NonZeroUsize;

use syft_space_conformance::encoder;
use syft_space_models::LocalEncoder;
use tempfile::TempDir;

use crate::support::{TINY, model_id, random};

#[test]
fn q2_the_encoder_keeps_every_promise() {
    let folder = TempDir::new().unwrap();
    random(TINY, 1).write(folder.path());
    let model = LocalEncoder::inspect(folder.path(), model_id()).unwrap();
    for threads in [1, 3] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let (path, model) = (folder.path().to_path_buf(), model.clone());
        encoder::suite(&move || Box::new(LocalEncoder::new(path.clone(), model.clone(), threads)));
    }
}
