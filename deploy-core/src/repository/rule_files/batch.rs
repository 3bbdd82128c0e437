//! Many files at once: read, transformed and written on all cores, none of them kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::Prepared;
use crate::definition::Definition;
use crate::rules::Warning;

/// One file to transform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchFile {
    /// What is read.
    pub from: PathBuf,
    /// What is written.
    pub to: PathBuf,
}

/// What came of many files.
#[derive(Debug, Default)]
pub struct BatchReport {
    /// How many files were written.
    pub written: usize,
    /// How many values were changed.
    pub changes: usize,
    /// Each different warning, with how many files it came from; a call that
    /// matched nothing is in it only if it matched nothing in any file.
    pub warnings: Vec<(Warning, usize)>,
    /// Files that could not be transformed, and why; nothing was written for them.
    pub failed: Vec<(PathBuf, String)>,
}

#[derive(Default)]
struct Gathered {
    changes: usize,
    warnings: BTreeMap<(String, usize, String, bool), usize>,
    failed: Vec<(PathBuf, String)>,
}

/// Transforms files; counts those that are done in `done`.
pub fn apply_files(prepared: &Prepared, files: &[BatchFile], done: &AtomicUsize) -> BatchReport {
    let gathered = Mutex::new(Gathered::default());
    files.par_iter().for_each_init(Vec::new, |bytes, file| {
        let result = one(prepared, &file.from, &file.to, bytes);
        done.fetch_add(1, Ordering::Relaxed);
        let Ok(mut gathered) = gathered.lock() else { return };
        match result {
            Ok((changes, warnings)) => {
                gathered.changes += changes;
                for warning in warnings {
                    let Warning { rule, line, text, unmatched } = warning;
                    *gathered.warnings.entry((rule, line, text, unmatched)).or_default() += 1;
                }
            }
            Err(reason) => gathered.failed.push((file.from.clone(), reason)),
        }
    });
    let mut gathered = gathered.into_inner().unwrap_or_default();
    gathered.failed.sort();
    let written = files.len() - gathered.failed.len();
    let warnings = gathered
        .warnings
        .into_iter()
        .filter(|((.., unmatched), count)| !unmatched || *count >= written)
        .map(|((rule, line, text, unmatched), count)| (Warning { rule, line, text, unmatched }, count))
        .collect();
    BatchReport { written, changes: gathered.changes, warnings, failed: gathered.failed }
}

fn one(
    prepared: &Prepared,
    from: &Path,
    to: &Path,
    bytes: &mut Vec<u8>,
) -> Result<(usize, Vec<Warning>), String> {
    bytes.clear();
    let read = std::fs::File::open(from).and_then(|mut file| std::io::Read::read_to_end(&mut file, bytes));
    read.map_err(|error| format!("cannot read it: {error}"))?;
    let definition = Definition::read(bytes).map_err(|error| error.to_string())?;
    let outcome = prepared.rules.apply(definition, &prepared.context).map_err(|error| error.to_string())?;
    bytes.clear();
    outcome.definition.write_to(bytes);
    std::fs::write(to, &*bytes).map_err(|error| format!("cannot write `{}`: {error}", to.display()))?;
    Ok((outcome.trace.hits().count(), outcome.warnings))
}
