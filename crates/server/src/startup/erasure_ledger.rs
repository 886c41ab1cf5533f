//! The erasure ledger beside the checkpoints of the audit logs, in the folder that the operator names: a file for each tenant, which only
//! grows, with a signed note for each account that was erased.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use syft_space_domain::Pending;
use syft_space_domain::audit::Digest;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{AccountId, TenantId};
use syft_space_domain::privacy::ErasedAccount;
use syft_space_domain::privacy::ports::{ErasureLedger, ErasureLedgerError};
use syft_space_notes::{NoteSigner, split_notes, torn_bytes};

use crate::background::note_file;

/// What the name of a tenant's file has behind the tenant's id.
const ENDING: &str = ".erasures.txt";
/// The most bytes of a file that are read: some hundred thousand accounts.
const MAX_BYTES: u64 = 256 << 20;

/// The ledger in a folder.
pub(crate) struct FolderLedger(Arc<Ledger>);

struct Ledger {
    folder: PathBuf,
    signer: Arc<NoteSigner>,
    /// Those that are kept; held while more are written.
    kept: Mutex<HashSet<(TenantId, AccountId)>>,
}

impl FolderLedger {
    pub(crate) fn new(folder: PathBuf, signer: Arc<NoteSigner>) -> Self {
        Self(Arc::new(Ledger { folder, signer, kept: Mutex::default() }))
    }
}

impl ErasureLedger for FolderLedger {
    fn mark(&self, tenant: TenantId, email: &Email) -> Digest {
        self.0.signer.mark_address(tenant, email)
    }

    fn keep(&self, mut erased: Vec<ErasedAccount>) -> Pending<'_, Result<(), ErasureLedgerError>> {
        let ledger = Arc::clone(&self.0);
        erased.retain(|erased| !ledger.has(erased));
        if erased.is_empty() {
            return Box::pin(async { Ok(()) });
        }
        Box::pin(async move {
            let written = tokio::task::spawn_blocking(move || ledger.write(erased));
            written.await.map_err(|error| ErasureLedgerError(error.to_string()))?
        })
    }

    fn all(&self) -> Result<Vec<ErasedAccount>, ErasureLedgerError> {
        let all = self.0.read()?;
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(all.iter().map(|erased| (erased.tenant, erased.account)));
        Ok(all)
    }
}

impl Ledger {
    fn has(&self, erased: &ErasedAccount) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.contains(&(erased.tenant, erased.account))
    }

    /// Writes those that are not kept yet, the ones behind one that failed too.
    fn write(&self, erased: Vec<ErasedAccount>) -> Result<(), ErasureLedgerError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outcome = note_file::make_folder(&self.folder);
        for erased in erased {
            let key = (erased.tenant, erased.account);
            if kept.contains(&key) {
                continue;
            }
            let path = self.folder.join(format!("{}{ENDING}", erased.tenant));
            match note_file::append(&path, &self.signer.sign_erased(erased), |_| false) {
                Ok(_) => {
                    kept.insert(key);
                }
                Err(error) => outcome = Err(error),
            }
        }
        let outcome = outcome.and_then(|()| File::open(&self.folder).and_then(|folder| folder.sync_all()));
        outcome.map_err(|error| {
            let folder = self.folder.display();
            tracing::error!(
                %error, %folder,
                "who was erased could not be kept in the folder of checkpoints: an older copy of the home would bring them back; it is tried again"
            );
            ErasureLedgerError(error.to_string())
        })
    }

    fn read(&self) -> Result<Vec<ErasedAccount>, ErasureLedgerError> {
        let cannot = |path: &Path, error: io::Error| {
            ErasureLedgerError(format!(
                "reading {}: {error}. It says who was erased, so that nobody of them is served again: have it readable, or start without \
                 audit_checkpoint_folder",
                path.display()
            ))
        };
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
                match self.signer.open_erased(&note).filter(|erased| erased.tenant == tenant) {
                    Some(erased) if seen.insert((tenant, erased.account)) => all.push(erased),
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
    use syft_space_domain::privacy::ErasureBy;
    use syft_space_domain::secret::TokenHash;
    use syft_space_domain::time::Timestamp;

    use super::*;
    use crate::system::SystemEntropy;

    fn signer(folder: &Path) -> Arc<NoteSigner> {
        let now = Timestamp::from_unix_micros(0);
        let path = folder.join("key.json");
        Arc::new(NoteSigner::load_or_make(&path, &Environment::production(), now, &SystemEntropy).unwrap())
    }

    fn erased(n: u8) -> ErasedAccount {
        ErasedAccount {
            tenant: TenantId::from_bytes([n % 2; 16]),
            account: AccountId::from_bytes([n; 16]),
            asked_by: ErasureBy::Person,
            asked_at: Timestamp::from_unix_micros(i64::from(n)),
            token: (n > 1).then_some(TokenHash([n; 32])),
            address: (n > 2).then_some([n; 32]),
        }
    }

    #[test]
    fn g2_the_ledger_in_a_folder_keeps_its_promises() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _entered = runtime.enter();
        erasure_ledger::suite(&|| {
            let home = tempfile::tempdir().unwrap();
            let signer = signer(home.path());
            Box::new(move || Box::new(FolderLedger::new(home.path().join("second"), Arc::clone(&signer))))
        });
    }

    #[tokio::test]
    async fn g2_the_ledger_keeps_each_account_once_and_is_read_by_the_next_start() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("second");
        let signer = signer(home.path());
        let ledger = FolderLedger::new(folder.clone(), Arc::clone(&signer));
        assert_eq!(ledger.all(), Ok(Vec::new()), "there is no folder yet");
        let all: Vec<_> = [2, 4, 1, 3].map(erased).to_vec();
        for erased in [&all[..2], &all[2..], &all[1..3]] {
            ledger.keep(erased.to_vec()).await.unwrap();
        }
        let again = FolderLedger::new(folder.clone(), signer);
        assert_eq!(again.all(), Ok(all.clone()));
        again.keep(all.clone()).await.unwrap();
        assert_eq!(ledger.all(), Ok(all), "nothing is added by keeping them again");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 2, "a file for each tenant");
    }

    #[tokio::test]
    async fn g2_a_damaged_note_takes_no_other_with_it_and_a_cut_one_is_written_again() {
        let home = tempfile::tempdir().unwrap();
        let signer = signer(home.path());
        let open = || FolderLedger::new(home.path().join("second"), Arc::clone(&signer));
        open().keep(vec![erased(2), erased(4), erased(6)]).await.unwrap();
        let path = home.path().join("second").join(format!("{}{ENDING}", erased(2).tenant));
        let whole = fs::read_to_string(&path).unwrap();
        let second = erased(4).account.to_string();
        let bent = whole.replacen(&second, &erased(8).account.to_string(), 1);
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
        let theirs = FolderLedger::new(folder.clone(), signer(other.path()));
        theirs.keep(vec![erased(2)]).await.unwrap();
        let ours = FolderLedger::new(folder.clone(), signer(home.path()));
        assert_eq!(ours.all(), Ok(Vec::new()), "it is not signed by this space");
        ours.keep(vec![erased(2)]).await.unwrap();
        assert_eq!(ours.all(), Ok(vec![erased(2)]));
        // Of one tenant in the place of another's.
        let file = |n: u8| folder.join(format!("{}{ENDING}", erased(n).tenant));
        fs::copy(file(2), file(1)).unwrap();
        assert_eq!(ours.all(), Ok(vec![erased(2)]));
        let (one, two) = (TenantId::from_bytes([1; 16]), TenantId::from_bytes([2; 16]));
        let (ada, bob) = (Email::parse("ada@x.org").unwrap(), Email::parse("bob@x.org").unwrap());
        assert_eq!(ours.mark(one, &ada), ours.mark(one, &ada));
        for other in [ours.mark(two, &ada), ours.mark(one, &bob), theirs.mark(one, &ada)] {
            assert_ne!(ours.mark(one, &ada), other);
        }
    }
}
