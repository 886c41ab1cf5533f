//! The erasure ledger beside the checkpoints of the audit logs, in the folder that the operator names: a file for each tenant, which only
//! grows, with a signed note for each account that was erased, and one more where the tenant was removed.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syft_space_domain::Pending;
use syft_space_domain::audit::Digest;
use syft_space_domain::audit::ports::CheckpointSigner;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{AccountId, TenantId};
use syft_space_domain::privacy::LedgerEntry;
use syft_space_domain::privacy::ports::{ErasureLedger, ErasureLedgerError};
use syft_space_notes::{NoteSigner, split_notes, torn_bytes};

use crate::background::note_file;
use crate::startup::ledger_mark::LedgerMark;

/// What the name of a tenant's file has behind the tenant's id.
const ENDING: &str = ".erasures.txt";
/// The most bytes of a file that are read: some hundred thousand accounts.
const MAX_BYTES: u64 = 256 << 20;

/// The ledger in a folder.
pub(crate) struct FolderLedger(Arc<Ledger>);

struct Ledger {
    folder: PathBuf,
    signer: Arc<NoteSigner>,
    mark: LedgerMark,
    /// Held while more are written.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Those that are kept.
    kept: HashSet<(TenantId, Option<AccountId>)>,
    /// Whether the last attempt failed: that is told once.
    is_failing: bool,
}

impl FolderLedger {
    /// The ledger of the home that has the file `of_home` for that.
    pub(crate) fn new(folder: PathBuf, of_home: PathBuf, signer: Arc<NoteSigner>) -> Self {
        let mark = LedgerMark::new(of_home, signer.installation());
        Self(Arc::new(Ledger { folder, signer, mark, state: Mutex::default() }))
    }

    fn on_a_thread(
        &self,
        work: impl FnOnce(&Ledger) -> Result<(), ErasureLedgerError> + Send + 'static,
    ) -> Pending<'_, Result<(), ErasureLedgerError>> {
        let ledger = Arc::clone(&self.0);
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(&ledger));
            done.await.map_err(|error| ErasureLedgerError(error.to_string()))?
        })
    }
}

impl ErasureLedger for FolderLedger {
    fn mark(&self, tenant: TenantId, email: &Email) -> Digest {
        self.0.signer.mark_address(tenant, email)
    }

    fn check(&self, tenant: TenantId) -> Pending<'_, Result<(), ErasureLedgerError>> {
        self.on_a_thread(move |ledger| {
            let mut state = ledger.state();
            let checked = ledger.prepare().and_then(|()| note_file::check(&ledger.path(tenant)));
            ledger.tell(&mut state, checked)
        })
    }

    fn keep(&self, mut entries: Vec<LedgerEntry>) -> Pending<'_, Result<(), ErasureLedgerError>> {
        let state = self.0.state();
        entries.retain(|entry| !state.kept.contains(&entry.key()));
        drop(state);
        if entries.is_empty() {
            return Box::pin(async { Ok(()) });
        }
        self.on_a_thread(move |ledger| ledger.write(entries))
    }

    fn all(&self) -> Result<Vec<LedgerEntry>, ErasureLedgerError> {
        let all = self.0.read()?;
        let mut state = self.0.state();
        state.kept.extend(all.iter().map(LedgerEntry::key));
        // What cannot be written yet is told, and tried again.
        let prepared = self.0.prepare();
        drop(self.0.tell(&mut state, prepared));
        Ok(all)
    }
}

impl Ledger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, tenant: TenantId) -> PathBuf {
        self.folder.join(format!("{tenant}{ENDING}"))
    }

    /// Sees that the ledger is in the folder, and begins it where the home has had none.
    fn prepare(&self) -> io::Result<()> {
        if self.mark.is_in(&self.folder)? {
            return self.mark.set_home(&self.folder);
        }
        if self.mark.is_known()? {
            return Err(io::Error::other(self.mark.missing(&self.folder)));
        }
        note_file::make_folder(&self.folder)?;
        self.mark.set_in(&self.folder)
    }

    /// Tells the operator of the first failure, and of its end.
    fn tell(&self, state: &mut State, outcome: io::Result<()>) -> Result<(), ErasureLedgerError> {
        let was_failing = std::mem::replace(&mut state.is_failing, outcome.is_err());
        let folder = self.folder.display();
        match &outcome {
            Ok(()) if was_failing => {
                tracing::warn!(%folder, "who was erased can be kept in the folder of checkpoints again");
            }
            Err(error) if !was_failing => tracing::error!(
                %error, %folder,
                "who was erased cannot be kept in the folder of checkpoints, so an older copy of the home would bring them back: until it \
                 can, erasures are refused, and those that have begun, and the removal of tenants, do not end; it is tried again"
            ),
            _ => {}
        }
        outcome.map_err(|error| ErasureLedgerError(error.to_string()))
    }

    /// Writes those that are not kept yet, the ones behind one that failed too.
    fn write(&self, entries: Vec<LedgerEntry>) -> Result<(), ErasureLedgerError> {
        let mut state = self.state();
        let mut outcome = self.prepare();
        if outcome.is_ok() {
            for entry in entries {
                let key = entry.key();
                if state.kept.contains(&key) {
                    continue;
                }
                match note_file::append(&self.path(key.0), &self.signer.sign_entry(entry), |_| false) {
                    Ok(_) => {
                        state.kept.insert(key);
                    }
                    Err(error) => outcome = Err(error),
                }
            }
        }
        let outcome = outcome.and_then(|()| File::open(&self.folder).and_then(|folder| folder.sync_all()));
        self.tell(&mut state, outcome)
    }

    fn read(&self) -> Result<Vec<LedgerEntry>, ErasureLedgerError> {
        let cannot = |path: &Path, error: io::Error| {
            ErasureLedgerError(format!(
                "reading {}: {error}. It says who was erased, so that nobody of them is served again: have it readable",
                path.display()
            ))
        };
        let known = self.mark.is_known().map_err(|error| cannot(&self.folder, error))?;
        if known && !self.mark.is_in(&self.folder).map_err(|error| cannot(&self.folder, error))? {
            return Err(ErasureLedgerError(self.mark.missing(&self.folder)));
        }
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(cannot(&self.folder, error)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| cannot(&self.folder, error))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Some(tenant) = name.strip_suffix(ENDING).and_then(|tenant| tenant.parse::<TenantId>().ok())
            {
                paths.push((path, tenant));
            }
        }
        paths.sort_unstable();
        let (mut all, mut seen) = (Vec::new(), HashSet::new());
        for (path, tenant) in paths {
            let bytes = note_file::read(&path, MAX_BYTES).map_err(|error| cannot(&path, error))?;
            // What is no whole note at the end goes with the next that is written, and so is none already.
            let torn = torn_bytes(&bytes).unwrap_or(bytes.len());
            let whole = bytes.get(..bytes.len().saturating_sub(torn)).unwrap_or_default();
            let mut damaged = u64::from(torn > 0);
            for note in split_notes(&String::from_utf8_lossy(whole)) {
                match self.signer.open_entry(&note).filter(|entry| entry.key().0 == tenant) {
                    Some(entry) if seen.insert(entry.key()) => all.push(entry),
                    Some(_) => {}
                    None => damaged = damaged.saturating_add(1),
                }
            }
            if damaged > 0 {
                tracing::error!(
                    damaged, file = %path.display(),
                    "notes of who was erased are damaged, or this space has not signed them: whom they name is not erased again if an older copy \
                     of the home was put back; look into who changed the file"
                );
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use syft_space_conformance::erasure_ledger;
    use syft_space_domain::environment::Environment;
    use syft_space_domain::privacy::{ErasedAccount, ErasureBy};
    use syft_space_domain::secret::TokenHash;
    use syft_space_domain::time::Timestamp;

    use super::*;
    use crate::system::SystemEntropy;

    fn signer(folder: &Path) -> Arc<NoteSigner> {
        let now = Timestamp::from_unix_micros(0);
        let path = folder.join("key.json");
        Arc::new(NoteSigner::load_or_make(&path, &Environment::production(), now, &SystemEntropy).unwrap())
    }

    fn open(home: &Path, signer: &Arc<NoteSigner>) -> FolderLedger {
        FolderLedger::new(home.join("second"), home.join("erasure-ledger"), Arc::clone(signer))
    }

    fn tenant(n: u8) -> TenantId {
        TenantId::from_bytes([n % 2; 16])
    }

    fn erased(n: u8) -> LedgerEntry {
        LedgerEntry::Account(ErasedAccount {
            tenant: tenant(n),
            account: AccountId::from_bytes([n; 16]),
            asked_by: ErasureBy::Person,
            asked_at: Timestamp::from_unix_micros(i64::from(n)),
            token: (n > 1).then_some(TokenHash([n; 32])),
            address: (n > 2).then_some([n; 32]),
        })
    }

    #[test]
    fn g2_the_ledger_in_a_folder_keeps_its_promises() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _entered = runtime.enter();
        erasure_ledger::suite(&|| {
            let home = tempfile::tempdir().unwrap();
            let signer = signer(home.path());
            Box::new(move || Box::new(open(home.path(), &signer)))
        });
    }

    #[tokio::test]
    async fn g2_the_ledger_keeps_each_account_once_and_is_read_by_the_next_start() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("second");
        let signer = signer(home.path());
        let ledger = open(home.path(), &signer);
        assert_eq!(ledger.all(), Ok(Vec::new()), "there is no folder yet");
        let all: Vec<_> = [2, 4, 1, 3].map(erased).to_vec();
        for erased in [&all[..2], &all[2..], &all[1..3]] {
            ledger.keep(erased.to_vec()).await.unwrap();
        }
        let again = open(home.path(), &signer);
        assert_eq!(again.all(), Ok(all.clone()));
        again.keep(all.clone()).await.unwrap();
        assert_eq!(ledger.all(), Ok(all), "nothing is added by keeping them again");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 3, "a file for each tenant, and the mark");
    }

    #[tokio::test]
    async fn g2_a_damaged_note_takes_no_other_with_it_and_a_cut_one_is_written_again() {
        let home = tempfile::tempdir().unwrap();
        let signer = signer(home.path());
        let open = || open(home.path(), &signer);
        open().keep(vec![erased(2), erased(4), erased(6)]).await.unwrap();
        let path = home.path().join("second").join(format!("{}{ENDING}", tenant(2)));
        let whole = fs::read_to_string(&path).unwrap();
        let account = |n| AccountId::from_bytes([n; 16]).to_string();
        let bent = whole.replacen(&account(4), &account(8), 1);
        fs::write(&path, &bent).unwrap();
        assert_eq!(open().all(), Ok(vec![erased(2), erased(6)]), "one that was changed is not believed");
        fs::write(&path, format!("nonsense\n\n{whole}")).unwrap();
        assert_eq!(open().all().unwrap().len(), 2, "what stands before a note spoils that one");
        // Each byte of the end of a note, with which it is whole or not, and some of the rest.
        let second_end = whole.match_indices("\n\n").nth(3).unwrap().0 + 2;
        let of_end = second_end - 12..second_end + 2;
        for cut in (0..whole.len()).step_by(97).chain(of_end) {
            fs::write(&path, &whole.as_bytes()[..cut]).unwrap();
            let ledger = open();
            let left = ledger.all().unwrap();
            assert!([erased(2), erased(4), erased(6)].starts_with(&left), "{cut}");
            ledger.keep(vec![erased(2), erased(4), erased(6)]).await.unwrap();
            assert_eq!(open().all().unwrap().len(), 3, "{cut}");
        }
    }

    #[tokio::test]
    async fn g2_nobody_else_writes_into_the_ledger_nor_learns_an_address_from_it() {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = home.path().join("second");
        let theirs =
            FolderLedger::new(folder.clone(), other.path().join("erasure-ledger"), signer(other.path()));
        theirs.keep(vec![erased(2)]).await.unwrap();
        let ours = open(home.path(), &signer(home.path()));
        assert_eq!(ours.all(), Ok(Vec::new()), "it is not signed by this space");
        ours.keep(vec![erased(2)]).await.unwrap();
        assert_eq!(ours.all(), Ok(vec![erased(2)]));
        // Of one tenant in the place of another's.
        let file = |n: u8| folder.join(format!("{}{ENDING}", tenant(n)));
        fs::copy(file(2), file(1)).unwrap();
        assert_eq!(ours.all(), Ok(vec![erased(2)]));
        let (one, two) = (TenantId::from_bytes([1; 16]), TenantId::from_bytes([2; 16]));
        let (ada, bob) = (Email::parse("ada@x.org").unwrap(), Email::parse("bob@x.org").unwrap());
        assert_eq!(ours.mark(one, &ada), ours.mark(one, &ada));
        for other in [ours.mark(two, &ada), ours.mark(one, &bob), theirs.mark(one, &ada)] {
            assert_ne!(ours.mark(one, &ada), other);
        }
    }

    #[tokio::test]
    async fn g2_a_ledger_that_is_not_where_it_was_is_no_empty_one_and_nothing_is_written_in_its_place() {
        let home = tempfile::tempdir().unwrap();
        let (folder, away) = (home.path().join("second"), home.path().join("away"));
        let signer = signer(home.path());
        let ledger = open(home.path(), &signer);
        assert_eq!(ledger.all(), Ok(Vec::new()), "a home that had none begins one");
        ledger.keep(vec![erased(2)]).await.unwrap();
        fs::rename(&folder, &away).unwrap();
        for there in ["nothing", "an empty folder", "another's"] {
            match there {
                "nothing" => {}
                "an empty folder" => fs::create_dir(&folder).unwrap(),
                _ => fs::write(folder.join("erasure-ledger.txt"), "syft-space/another\n").unwrap(),
            }
            let told = open(home.path(), &signer).all().unwrap_err().0;
            assert!(told.contains(folder.to_str().unwrap()) && told.contains("remove"), "{there}: {told}");
            // While the server runs, too.
            assert!(ledger.check(tenant(2)).await.is_err(), "{there}");
            assert!(ledger.keep(vec![erased(4)]).await.is_err(), "{there}");
        }
        // Where it has gone to.
        let moved = FolderLedger::new(away.clone(), home.path().join("erasure-ledger"), Arc::clone(&signer));
        assert_eq!(moved.all(), Ok(vec![erased(2)]));
        // Whoever knows that it is lost says so.
        fs::remove_file(home.path().join("erasure-ledger")).unwrap();
        assert_eq!(open(home.path(), &signer).all(), Ok(Vec::new()));
        assert_eq!(ledger.check(tenant(2)).await, Ok(()));
    }
}
