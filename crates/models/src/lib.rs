//! Sentence encoders: [`Encoder`](syft_space_domain::encoder::ports::Encoder) over a model that lies in a local folder, and over a
//! server that speaks the embeddings API of OpenAI ([`RemoteEncoder`]).
//!
//! The folder is one as sentence-transformers keeps it, of a model of the BERT architecture:
//!
//! | file | what is taken from it |
//! |---|---|
//! | `config.json` | the model's sizes |
//! | `model.safetensors` | its weights, as `F32` |
//! | `tokenizer.json` | its vocabulary and how texts are split: WordPiece, as BERT has it |
//! | `1_Pooling/config.json` | whether the mean of the tokens counts, or the first; without it the mean |
//! | `sentence_bert_config.json` | how many tokens are read, and whether texts are put into lower case first |
//! | `modules.json` | that nothing stands behind the pooling but the normalisation |
//!
//! Who has a model made knows nothing of who made the folder. So each file is bounded, none is reached through a link,
//! and all that they claim is checked before memory is taken for it: see [`ModelRefused`].
//!
//! [`InstalledEncoders`] holds those ready that lie in a home's folder of encoders: [`ModelFiles`] copies a model there,
//! [`EncoderRecord`] says what is kept of each, and [`measure_unrelated_cosine`] what its cosines are measured from.
//!
//! [`LocalEncoder::inspect`] reads a folder once and says which model is in it. [`LocalEncoder::new`] takes that word and
//! reads nothing before the first text; then the folder must still hold that model.
#![forbid(unsafe_code)]

mod bert;
mod folder;
mod installed;
mod local_encoder;
mod model;
mod model_archive;
mod model_files;
mod queue;
mod refused;
mod remote_encoder;
mod revision;
mod settings;
mod token_table;
mod tokenizer;
mod unrelated;
mod vocabulary;
mod weights;
mod workers;

pub use installed::{EncoderRecord, InstalledEncoders, RecordRefused, Runs, ServerRecord, seal_server_key};
pub use local_encoder::LocalEncoder;
pub use model_archive::ModelArchive;
pub use model_files::{CopyError, ModelFiles};
pub use refused::ModelRefused;
pub use remote_encoder::{RemoteEncoder, RemoteModel, RemoteModelError};
pub use unrelated::{EncoderUnfit, measure_unrelated_cosine};
