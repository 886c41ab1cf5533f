//! Why a folder is not taken for a model.

/// The most characters of what a file or a library says that are handed on.
const MAX_REASON_CHARS: usize = 200;

/// A folder holds no model that can be used. The text says which file it is, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelRefused {
    /// The folder is not there, or cannot be looked into.
    #[error("the model's folder cannot be opened: {0}")]
    Folder(String),
    /// An archive is none, or holds no model or several.
    #[error("the model's archive cannot be used: {0}")]
    Archive(String),
    /// A file that every model has is not there.
    #[error("{0} is missing from the model's folder")]
    Missing(&'static str),
    /// Something else stands in the file's place: a link, a pipe, a device, a folder.
    #[error("{0} is no file of its own: put the file itself there, not a link to it")]
    NotAFile(&'static str),
    /// A file is larger than any model needs.
    #[error("{file} has {bytes} bytes, and may have {most}")]
    TooLarge {
        /// Which file.
        file: &'static str,
        /// How large it is.
        bytes: u64,
        /// How large it may be.
        most: u64,
    },
    /// A file cannot be read, or changed while it was.
    #[error("{file} cannot be read: {reason}")]
    Unreadable {
        /// Which file.
        file: &'static str,
        /// What the system says.
        reason: String,
    },
    /// A file is not of its form.
    #[error("{file} is not what it should be: {reason}")]
    Malformed {
        /// Which file.
        file: &'static str,
        /// Where and how.
        reason: String,
    },
    /// The model is of a kind that is not known here.
    #[error("{file} says {name} is {found}; this encoder knows {known} alone")]
    Unknown {
        /// Which file.
        file: &'static str,
        /// Which entry.
        name: &'static str,
        /// What stands there.
        found: String,
        /// What could.
        known: &'static str,
    },
    /// A number is out of bounds.
    #[error("{file} says {name} is {found}; it may be {least} to {most}")]
    OutOfBounds {
        /// Which file.
        file: &'static str,
        /// Which entry.
        name: &'static str,
        /// What stands there.
        found: u64,
        /// The smallest that may be.
        least: u64,
        /// The largest that may be.
        most: u64,
    },
    /// The width of a token does not split evenly among the heads of attention.
    #[error(
        "config.json says hidden_size is {hidden} with {heads} attention heads, which does not divide evenly"
    )]
    Heads {
        /// `hidden_size`.
        hidden: usize,
        /// `num_attention_heads`.
        heads: usize,
    },
    /// Two files contradict each other.
    #[error("{file} says {name} is {found}, and config.json {expected}")]
    Contradiction {
        /// Which file.
        file: &'static str,
        /// Which entry.
        name: &'static str,
        /// What stands there.
        found: u64,
        /// What stands in `config.json`.
        expected: u64,
    },
    /// The weights lack a tensor.
    #[error("model.safetensors has no tensor {0}")]
    TensorMissing(String),
    /// A tensor is not of single precision.
    #[error("model.safetensors has {name} as {found}; this encoder knows F32 alone")]
    TensorType {
        /// Which tensor.
        name: String,
        /// Its type.
        found: String,
    },
    /// A tensor has another shape than the configuration says.
    #[error("model.safetensors has {name} in the shape {found:?}; config.json says {expected:?}")]
    TensorShape {
        /// Which tensor.
        name: String,
        /// Its shape; of a long one the beginning.
        found: Vec<usize>,
        /// What it should be.
        expected: Vec<usize>,
    },
    /// A weight is infinite or no number.
    #[error("model.safetensors has a weight in {0} that is no finite number")]
    NotFinite(String),
    /// The tokenizer makes tokens that the model has no vector for.
    #[error("tokenizer.json has the token {token}, and the model knows {known} tokens, counted from 0")]
    TokenUnknown {
        /// The token's number.
        token: u64,
        /// How many the model knows.
        known: usize,
    },
    /// Its vocabulary has hardly any word of ordinary texts.
    #[error(
        "the model knows next to no word of {unknown} of {all} ordinary texts in several languages: tokenizer.json is another \
         model's, or it is of no use here"
    )]
    Vocabulary {
        /// Of how many texts.
        unknown: usize,
        /// Of how many it was asked.
        all: usize,
    },
    /// The folder holds another model than it did when it was looked at.
    #[error("the model's folder has changed since it was added: its files give another revision")]
    Changed,
}

impl ModelRefused {
    /// A file that is not of its form, for this reason.
    pub(crate) fn malformed(file: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Malformed { file, reason: shortened(&reason.to_string()) }
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(file: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Unreadable { file, reason: shortened(&reason.to_string()) }
    }

    /// An entry whose value is not known here.
    pub(crate) fn unknown(file: &'static str, name: &'static str, found: &str, known: &'static str) -> Self {
        Self::Unknown { file, name, found: shortened(found), known }
    }
}

/// The beginning of a text that a stranger's file decides: without controls, and not too long.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(MAX_REASON_CHARS).collect()
}
