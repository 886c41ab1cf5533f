//! The weights of a model: read once from the first byte to the last, and only what the configuration calls for is kept.

use std::collections::HashMap;
use std::io::Read;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use crate::folder::ModelFile;
use crate::refused::{ModelRefused, shortened};
use crate::revision::RevisionHasher;
use crate::token_table::TokenTable;

pub(crate) const WEIGHTS: &str = "model.safetensors";

/// The most bytes of a file of weights: half a billion of them.
pub(crate) const MAX_WEIGHTS_BYTES: u64 = 1 << 31;

/// The most bytes of its header. A model of 24 layers has 40 KiB.
const MAX_HEADER_BYTES: u64 = 1 << 20;

/// The most dimensions of a tensor that a refusal tells.
const MAX_TOLD_DIMENSIONS: usize = 8;

/// The bytes that say how long the header is.
const LENGTH_BYTES: u64 = 8;

const BUFFER_BYTES: usize = 1 << 16;

/// A tensor that a model needs: its name, and its shape as the configuration says.
pub(crate) type Needed = (String, Vec<usize>);

/// Tensors by their names, each whole and finite; and the table of tokens, which is never held in `f32` as a whole.
pub(crate) struct Weights {
    pub(crate) tokens: TokenTable,
    others: HashMap<String, Vec<f32>>,
}

impl Weights {
    /// Takes a tensor out.
    pub(crate) fn take(&mut self, name: &str) -> Result<Vec<f32>, ModelRefused> {
        self.others.remove(name).ok_or_else(|| ModelRefused::TensorMissing(name.to_owned()))
    }
}

/// Where a file's bytes come from: each is hashed as it is read.
struct HashedReader<'a> {
    source: std::io::Take<std::fs::File>,
    hasher: &'a mut RevisionHasher,
    buffer: Vec<u8>,
}

impl HashedReader<'_> {
    /// Hands on the next bytes, in pieces of a multiple of 4 bytes but for the last.
    fn read(
        &mut self,
        mut bytes: usize,
        mut each: impl FnMut(&[u8]) -> Result<(), ModelRefused>,
    ) -> Result<(), ModelRefused> {
        while bytes > 0 {
            let piece = bytes.min(BUFFER_BYTES);
            let buffer = self.buffer.get_mut(..piece).unwrap_or_default();
            self.source.read_exact(buffer).map_err(|error| ModelRefused::unreadable(WEIGHTS, error))?;
            self.hasher.update(buffer);
            each(buffer)?;
            bytes = bytes.saturating_sub(piece);
        }
        Ok(())
    }
}

/// Reads the tensors that are needed, and the table of tokens among them. `prefix` stands before their names in the file, or
/// does not.
pub(crate) fn read(
    file: ModelFile,
    needed: &[Needed],
    (table, mut tokens): (&str, TokenTable),
    prefix: &str,
    hasher: &mut RevisionHasher,
) -> Result<Weights, ModelRefused> {
    let ModelFile { file, bytes } = file;
    hasher.begin(WEIGHTS, bytes);
    let mut reader = HashedReader { source: file.take(bytes), hasher, buffer: vec![0; BUFFER_BYTES] };
    let metadata = header(&mut reader, bytes)?;
    let needed = located(needed, prefix, &metadata)?;
    let mut at = 0;
    let mut others = HashMap::new();
    for (name, start, end) in needed {
        reader.read(gap(at, start)?, |_| Ok(()))?;
        let is_table = name == table;
        let (count, mut tensor) = (gap(start, end)? / size_of::<f32>(), Vec::new());
        if is_table {
            tokens.reserve(count);
        } else {
            tensor.reserve_exact(count);
        }
        reader.read(gap(start, end)?, |piece| {
            let (numbers, _) = piece.as_chunks::<4>();
            let numbers = numbers.iter().map(|number| f32::from_le_bytes(*number));
            if !numbers.clone().all(f32::is_finite) {
                return Err(ModelRefused::NotFinite(name.to_owned()));
            }
            if is_table {
                tokens.extend(numbers);
            } else {
                tensor.extend(numbers);
            }
            Ok(())
        })?;
        if !is_table {
            others.insert(name.to_owned(), tensor);
        }
        at = end;
    }
    reader.read(gap(at, metadata.data_len())?, |_| Ok(()))?;
    Ok(Weights { tokens, others })
}

/// Reads the header. It says where each tensor lies; these are one behind the other, and fill the file.
fn header(reader: &mut HashedReader<'_>, file_bytes: u64) -> Result<Metadata, ModelRefused> {
    let mut length = [0; 8];
    reader.read(length.len(), |bytes| {
        length.copy_from_slice(bytes);
        Ok(())
    })?;
    let length = u64::from_le_bytes(length);
    let rest = file_bytes.saturating_sub(LENGTH_BYTES);
    if length > rest {
        return Err(ModelRefused::malformed(WEIGHTS, "its header ends behind the file"));
    }
    if length > MAX_HEADER_BYTES {
        let reason = format!("its header has {length} bytes, and may have {MAX_HEADER_BYTES}");
        return Err(ModelRefused::malformed(WEIGHTS, reason));
    }
    let mut header = Vec::new();
    let header_bytes = usize::try_from(length).map_err(|error| ModelRefused::malformed(WEIGHTS, error))?;
    reader.read(header_bytes, |piece| {
        header.extend_from_slice(piece);
        Ok(())
    })?;
    let metadata: Metadata =
        serde_json::from_slice(&header).map_err(|error| ModelRefused::malformed(WEIGHTS, error))?;
    if u64::try_from(metadata.data_len()) == Ok(rest.saturating_sub(length)) {
        Ok(metadata)
    } else {
        Err(ModelRefused::malformed(WEIGHTS, "its header tells of more or fewer bytes than the file has"))
    }
}

/// The tensors that are needed, in the order in which they lie in the file, with their beginnings and ends.
fn located<'a>(
    needed: &'a [Needed],
    prefix: &str,
    metadata: &Metadata,
) -> Result<Vec<(&'a str, usize, usize)>, ModelRefused> {
    let mut located = Vec::new();
    for (name, shape) in needed {
        let info = metadata.info(name).or_else(|| metadata.info(&format!("{prefix}{name}")));
        let info = info.ok_or_else(|| ModelRefused::TensorMissing(name.clone()))?;
        check(name, info, shape)?;
        located.push((name.as_str(), info.data_offsets.0, info.data_offsets.1));
    }
    located.sort_by_key(|(_, start, _)| *start);
    Ok(located)
}

fn check(name: &str, info: &TensorInfo, expected: &[usize]) -> Result<(), ModelRefused> {
    if info.dtype != Dtype::F32 {
        return Err(ModelRefused::TensorType {
            name: name.to_owned(),
            found: shortened(&info.dtype.to_string()),
        });
    }
    if info.shape != expected {
        return Err(ModelRefused::TensorShape {
            name: name.to_owned(),
            found: info.shape.iter().copied().take(MAX_TOLD_DIMENSIONS).collect(),
            expected: expected.to_vec(),
        });
    }
    Ok(())
}

/// How many bytes lie between two places. The header has been held against it that they are in order.
fn gap(from: usize, to: usize) -> Result<usize, ModelRefused> {
    to.checked_sub(from).ok_or_else(|| ModelRefused::malformed(WEIGHTS, "its tensors overlap"))
}
