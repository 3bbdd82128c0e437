//! The state directory: one folder per system, always a whole state.
//!
//! Masters lie in files of their own, written once and never changed;
//! `state.json` names the ones that count. It is replaced in one step after
//! they are written, so that a killed process leaves the state before or the
//! state after, never half of one.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::impex::{Master, Stored};
use crate::state::{State, fold};

/// Where one system's state is kept.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    saved: Mutex<Saved>,
    failed: AtomicBool,
}

#[derive(Debug, Default)]
struct Saved {
    revision: Option<u64>,
    /// The masters whose files are there, by file name, kept so that an address is not used twice.
    files: BTreeMap<String, Arc<Master>>,
    next: u64,
}

#[derive(Serialize, Deserialize)]
struct Index<S> {
    masters: Vec<Entry>,
    state: S,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generated: Option<u32>,
}

impl Store {
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(folder.join("masters"))?;
        Ok(Self { folder, saved: Mutex::default(), failed: AtomicBool::new(false) })
    }

    /// The state that was kept, if any.
    pub(crate) fn load(&self) -> io::Result<Option<State>> {
        let bytes = match std::fs::read(self.folder.join("state.json")) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let index: Index<State> = serde_json::from_slice(&bytes)?;
        let mut state = index.state;
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in index.masters {
            let master = match (&entry.file, entry.generated) {
                (Some(file), _) => {
                    let stored: Stored = serde_json::from_slice(&std::fs::read(self.master(file))?)?;
                    Arc::new(Master::stored(entry.id, stored))
                }
                (None, Some(number)) => Arc::new(Master::generated(entry.id, number)),
                (None, None) => continue,
            };
            if let Some(file) = entry.file {
                let number = file.split('.').next().and_then(|number| number.parse().ok());
                saved.next = saved.next.max(number.unwrap_or(0) + 1);
                saved.files.insert(file, master.clone());
            }
            state.masters.insert(fold(&master.name), master);
        }
        saved.revision = Some(state.revision);
        Ok(Some(state))
    }

    /// Keeps the state. A state that cannot be written is worth a failed sandbox:
    /// [`Store::has_failed`] says so.
    pub(crate) fn save(&self, state: &State) {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        if saved.revision == Some(state.revision) {
            return;
        }
        if self.write(&mut saved, state).is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    fn write(&self, saved: &mut Saved, state: &State) -> io::Result<()> {
        let files: BTreeMap<*const Master, String> =
            saved.files.iter().map(|(file, master)| (Arc::as_ptr(master), file.clone())).collect();
        let mut masters = Vec::with_capacity(state.masters.len());
        for master in state.masters.values() {
            let mut file = None;
            if master.generated_number().is_none() {
                file = match files.get(&Arc::as_ptr(master)) {
                    Some(file) => Some(file.clone()),
                    None => {
                        let file = format!("{:08}.json", saved.next);
                        saved.next += 1;
                        let bytes = master.with(serde_json::to_vec_pretty)?;
                        std::fs::write(self.master(&file), bytes)?;
                        saved.files.insert(file.clone(), master.clone());
                        Some(file)
                    }
                };
            }
            masters.push(Entry { id: master.id, file, generated: master.generated_number() });
        }
        let named: HashSet<String> = masters.iter().filter_map(|entry| entry.file.clone()).collect();
        let index = serde_json::to_vec_pretty(&Index { masters, state })?;
        let new = self.folder.join("state.json.new");
        std::fs::write(&new, index)?;
        std::fs::rename(&new, self.folder.join("state.json"))?;
        saved.revision = Some(state.revision);
        let stale: Vec<String> = saved.files.keys().filter(|file| !named.contains(*file)).cloned().collect();
        for file in stale {
            saved.files.remove(&file);
            std::fs::remove_file(self.master(&file))?;
        }
        Ok(())
    }

    fn master(&self, file: &str) -> PathBuf {
        self.folder.join("masters").join(Path::new(file).file_name().unwrap_or_default())
    }
}
