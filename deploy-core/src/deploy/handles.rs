//! Handles on the repository for many threads: git's objects are read on all of them.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::repository::{OpenError, Repository};

/// Opens a handle where none is idle, and keeps it for the next.
pub(super) struct Handles {
    root: PathBuf,
    idle: Mutex<Vec<Repository>>,
}

impl Handles {
    pub(super) fn of(repository: &Repository) -> Self {
        Self { root: repository.root().to_path_buf(), idle: Mutex::new(Vec::new()) }
    }

    /// Runs with a handle of this thread's own.
    pub(super) fn with<T, E: From<OpenError>>(
        &self,
        run: impl FnOnce(&Repository) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = idle().pop();
        let handle = match handle {
            Some(handle) => handle,
            None => Repository::open(&self.root)?,
        };
        let result = run(&handle);
        idle().push(handle);
        result
    }
}
