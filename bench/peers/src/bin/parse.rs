//! `parse PATH…`: reads and parses JSON files into values and does nothing
//! else; files of a folder on all cores, files named singly one after the other.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rayon::prelude::*;

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let parsed: Result<(), String> = match paths.as_slice() {
        [folder] if folder.is_dir() => {
            files(folder).and_then(|files| files.par_iter().try_for_each(|file| parse(file)))
        }
        files => files.iter().try_for_each(|file| parse(file)),
    };
    match parsed {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    Ok(entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect())
}

fn parse(file: &Path) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    std::hint::black_box(value);
    Ok(())
}
