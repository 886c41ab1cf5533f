//! What the limiter synchronises with. The model test compiles the limiter with another module in the place of this one.

pub(super) use std::sync::atomic::{AtomicI64, Ordering};
pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};
