//! The room on the disk that is kept for the operator, for what removes, and for the audit log: what makes something new
//! is refused before the disk is full.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use syft_space_domain::dataset::IngestQueue;

use crate::http::problem::Problem;
use crate::http::reason::Reason;

/// How often the disk is looked at.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);
/// At how many times the reserve the alarm begins.
const ALARM_FACTOR: u64 = 2;
/// What ends once a line is passed begins again only this part of the reserve beyond it, so that it does not flicker.
const HYSTERESIS_DIVISOR: u64 = 10;

/// Stands for the room as long as nobody has looked.
const UNSEEN: u8 = u8::MAX;

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    /// No more than the reserve.
    Reserve,
    /// Not much more.
    Low,
    Enough,
}

impl Room {
    /// What there is with so many bytes free, where it was this before.
    fn after(self, free: u64, reserve: u64) -> Self {
        let more = |line: u64| line.saturating_add(reserve / HYSTERESIS_DIVISOR);
        // A line is left only some way above it.
        let line_of = |room: Self, line: u64| if self <= room { more(line) } else { line };
        if free < line_of(Self::Reserve, reserve) {
            Self::Reserve
        } else if free < line_of(Self::Low, reserve.saturating_mul(ALARM_FACTOR)) {
            Self::Low
        } else {
            Self::Enough
        }
    }

    fn of(number: u8) -> Self {
        match number {
            0 => Self::Reserve,
            1 => Self::Low,
            _ => Self::Enough,
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Reserve => 0,
            Self::Low => 1,
            Self::Enough => 2,
        }
    }
}

/// Whether there is room for ordinary work. Nobody who asks waits for the disk.
pub struct DiskReserve {
    min_free_bytes: u64,
    room: AtomicU8,
}

impl DiskReserve {
    /// A reserve of so many bytes; 0 keeps none. As long as nobody looks, there is enough.
    #[must_use]
    pub fn new(min_free_bytes: u64) -> Self {
        Self { min_free_bytes, room: AtomicU8::new(UNSEEN) }
    }

    /// Whether there is not much room left.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.room() < Room::Enough
    }

    /// Refuses what would take from the reserve.
    ///
    /// # Errors
    /// When no more than the reserve is left.
    pub fn check(&self) -> Result<(), Problem> {
        if self.room() > Room::Reserve {
            return Ok(());
        }
        let detail = "what room is left on the disk is kept for removing and for the operator's administration: remove \
                      datasets that are not needed any more, or ask the server's operator for more room; to remove \
                      documents makes room within their dataset alone";
        Err(Problem::new(Reason::StorageFull, detail))
    }

    /// Looks at the disk of a home, for as long as the task lives. While only the reserve is left, jobs wait.
    pub async fn watch(self: Arc<Self>, home: PathBuf, queue: IngestQueue) {
        let home: Arc<Path> = home.into();
        loop {
            let (reserve, home, queue) = (Arc::clone(&self), Arc::clone(&home), queue.clone());
            // A disk that does not answer holds up nobody but this.
            let looked = tokio::task::spawn_blocking(move || reserve.look(&home, &queue)).await;
            if looked.is_err() {
                return;
            }
            tokio::time::sleep(SAMPLE_INTERVAL).await;
        }
    }

    /// Looks at the disk of a home once.
    pub fn look(&self, home: &Path, queue: &IngestQueue) {
        if self.min_free_bytes == 0 {
            return;
        }
        match rustix::fs::statvfs(home) {
            Ok(disk) => self.note(disk.f_bavail.saturating_mul(disk.f_frsize), queue),
            Err(error) => tracing::debug!(%error, "how much room there is on the disk cannot be told"),
        }
    }

    fn note(&self, free_bytes: u64, queue: &IngestQueue) {
        let (before, min_free_bytes) = (self.room(), self.min_free_bytes);
        // A restart knows no more of what was before, and takes the stricter line.
        let is_first = self.room.load(Ordering::Relaxed) == UNSEEN;
        let room = if is_first { Room::Reserve } else { before }.after(free_bytes, min_free_bytes);
        self.room.store(room.number(), Ordering::Relaxed);
        if room == before {
            return;
        }
        queue.set_paused(room == Room::Reserve);
        match room {
            Room::Reserve => tracing::error!(
                free_bytes,
                min_free_bytes,
                "the disk is nearly full: nothing new is taken in, and jobs wait, until there is more room"
            ),
            Room::Low => {
                tracing::warn!(free_bytes, min_free_bytes, "there is not much room left on the disk");
            }
            Room::Enough => tracing::info!(free_bytes, "there is enough room on the disk again"),
        }
    }

    fn room(&self) -> Room {
        Room::of(self.room.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_begins_at_its_line_and_ends_some_way_above_it() {
        let (reserve, queue) = (DiskReserve::new(1_000), IngestQueue::default());
        let rooms: Vec<Room> = [5_000, 1_999, 2_050, 2_100, 999, 1_050, 1_100, 2_000, 2_100, 0, 9_000]
            .into_iter()
            .map(|free| {
                reserve.note(free, &queue);
                assert_eq!(reserve.check().is_err(), reserve.room() == Room::Reserve);
                reserve.room()
            })
            .collect();
        use Room::{Enough, Low, Reserve};
        let expected = [Enough, Low, Low, Enough, Reserve, Reserve, Low, Low, Enough, Reserve, Enough];
        assert_eq!(rooms, expected);
        let refused = {
            reserve.note(0, &queue);
            reserve.check().unwrap_err()
        };
        assert_eq!(refused.reason(), Reason::StorageFull);
        assert!(refused.detail().contains("operator"));
    }

    #[test]
    fn a_restart_does_not_leave_a_line_sooner() {
        use Room::{Enough, Low, Reserve};
        for (free, expected) in [(1_050, Reserve), (1_100, Low), (2_050, Low), (2_100, Enough)] {
            let reserve = DiskReserve::new(1_000);
            assert!(reserve.check().is_ok() && !reserve.is_low(), "as long as nobody looks");
            reserve.note(free, &IngestQueue::default());
            assert_eq!(reserve.room(), expected, "{free}");
        }
    }

    #[test]
    fn without_a_reserve_nothing_is_refused() {
        let reserve = DiskReserve::new(0);
        reserve.look(Path::new("/"), &IngestQueue::default());
        assert!(!reserve.is_low() && reserve.check().is_ok());
    }
}
