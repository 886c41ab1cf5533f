//! How much work a lint may still do.

/// Work that is left, in steps of some tens of nanoseconds.
pub(super) struct Budget {
    left: usize,
    is_cut: bool,
}

impl Budget {
    /// So much work.
    pub(super) fn new(left: usize) -> Self {
        Self { left, is_cut: false }
    }

    /// Takes some work, if there is so much left. Otherwise nothing more is left: what is told is not everything.
    pub(super) fn take(&mut self, work: usize) -> bool {
        match self.left.checked_sub(work) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                self.is_cut = true;
                return false;
            }
        }
        true
    }

    /// Leaves something out that would take too much of it.
    pub(super) fn skip(&mut self) {
        self.is_cut = true;
    }

    /// Whether something was left out.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }
}
