//! The socket that the guard listens on, and the folder that it stands in.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// An error that keeps the guard from listening.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// There is no folder for it.
    #[error("the socket {} has no folder: make one that the guard's user and the space's group alone have", .0.display())]
    NoFolder(PathBuf),
    /// Everybody could put another socket in its place.
    #[error("others may write in the folder {}, and could put another socket in its place: chmod o-w {}", .0.display(), .0.display())]
    OpenFolder(PathBuf),
    /// Another guard listens there.
    #[error("something listens on {} already", .0.display())]
    Taken(PathBuf),
    /// Something else stands there.
    #[error("{} is there, and no socket", .0.display())]
    NoSocket(PathBuf),
    /// The system refuses it.
    #[error("the socket {} could not be made: {cause}", path.display())]
    Failed {
        /// Where.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// Owner and group may connect; nobody else.
const MODE: u32 = 0o660;
/// That others may write.
const OTHERS_WRITE: u32 = 0o002;

/// Listens on a path. What is left of an earlier guard is replaced.
///
/// # Errors
/// When the folder is missing or everybody's, something else is there, or somebody listens there.
pub(crate) fn listen(path: &Path) -> Result<UnixListener, SocketError> {
    let folder = path.parent().filter(|folder| folder.is_absolute());
    let folder = folder.ok_or_else(|| SocketError::NoFolder(path.to_owned()))?;
    let about = fs::metadata(folder).ok().filter(fs::Metadata::is_dir);
    let about = about.ok_or_else(|| SocketError::NoFolder(path.to_owned()))?;
    if about.mode() & OTHERS_WRITE != 0 {
        return Err(SocketError::OpenFolder(folder.to_owned()));
    }
    match fs::symlink_metadata(path) {
        Ok(there) if !there.file_type().is_socket() => return Err(SocketError::NoSocket(path.to_owned())),
        Ok(_) if UnixStream::connect(path).is_ok() => return Err(SocketError::Taken(path.to_owned())),
        _ => {}
    }
    bind(path).map_err(|cause| SocketError::Failed { path: path.to_owned(), cause })
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    // Nobody finds it before it has its mode, and one that is dead is replaced at once.
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&draft)?;
    fs::set_permissions(&draft, Permissions::from_mode(MODE))?;
    fs::rename(&draft, path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n3_the_socket_is_its_owners_and_groups_in_a_folder_that_others_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guard.sock");
        let listener = listen(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
        assert!(matches!(listen(&path), Err(SocketError::Taken(_))));
        drop(listener);
        drop(listen(&path).unwrap());
        fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
        assert!(matches!(listen(&path), Err(SocketError::OpenFolder(_))));
        fs::set_permissions(folder.path(), Permissions::from_mode(0o750)).unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "kept").unwrap();
        assert!(matches!(listen(&file), Err(SocketError::NoSocket(_))));
        assert_eq!(fs::read(&file).unwrap(), b"kept");
        assert!(matches!(listen(&folder.path().join("none/guard.sock")), Err(SocketError::NoFolder(_))));
        assert!(matches!(listen(Path::new("guard.sock")), Err(SocketError::NoFolder(_))));
    }
}
