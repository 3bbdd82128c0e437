//! Names from a file, for commands that take several.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Global;
use crate::error::CommandError;

/// The option of every command that takes several names.
#[derive(Debug, Args)]
pub(crate) struct ListArg {
    /// A file with more of them, one on each line; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Option<PathBuf>,
}

impl ListArg {
    /// The names that were given and those of the file; there must be one if there is a file.
    pub(crate) fn and(&self, mut names: Vec<String>, global: &Global) -> Result<Vec<String>, CommandError> {
        let Some(list) = &self.list else { return Ok(names) };
        names.extend(read_list(&global.at(list), list.as_os_str() == "-")?);
        match names.is_empty() {
            true => Err(CommandError::usage(format!("`{}` names nothing", list.display()))),
            false => Ok(names),
        }
    }
}

/// The lines of a list; `#` begins a comment line.
pub(crate) fn read_list(path: &Path, is_stdin: bool) -> Result<Vec<String>, CommandError> {
    let text = match is_stdin {
        true => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        }
        false => std::fs::read_to_string(path),
    };
    let text = text.map_err(|error| CommandError::io("read", path, &error))?;
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}
