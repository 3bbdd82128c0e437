//! A new rollout: checked, then committed.

use chrono::{DateTime, Utc};
use git2::ObjectType;

use super::{FOLDER, Ground, GroundError, RolloutFile, Scope, ScopeError, Timing, What, path};
use crate::definition::{NameError, ServerName, decode};
use crate::repository::Repository;
use crate::repository::change::{Change, CommitError, Committed, Content, Interrupted};
use crate::repository::package::CommitOptions;

/// A rollout that was committed.
#[derive(Debug)]
pub struct Created {
    /// Its id.
    pub id: String,
    /// Where its file lies.
    pub path: String,
    /// What it would carry where, if it began now.
    pub scope: Scope,
    /// The commit.
    pub committed: Option<Committed>,
    /// What a killed command had left and this one has finished.
    pub recovered: Option<Interrupted>,
}

/// Why there is no new rollout.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is one already.
    #[error("there is a rollout `{0}` already")]
    Taken(String),
    /// Not the name of a file.
    #[error(transparent)]
    Name(#[from] NameError),
    /// What it asks for cannot be.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// Versions or servers cannot be read.
    #[error(transparent)]
    Ground(#[from] GroundError),
    /// Its file cannot be written.
    #[error("cannot write the rollout: {0}")]
    Write(#[from] toml::ser::Error),
    /// It was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// Checks a rollout against main and commits its file; without an id it gets one that fits.
pub fn create(
    repository: &Repository,
    id: Option<&str>,
    file: &RolloutFile,
    options: &CommitOptions,
    now: DateTime<Utc>,
    waiting: &dyn Fn(),
) -> Result<Created, CreateError> {
    let scope = Scope::of(file, &Ground::read(repository)?)?;
    if Timing::of(file).is_ok_and(|timing| timing.is_over(now)) {
        let problem = format!("`{}` is over already", file.end.as_deref().unwrap_or_default());
        return Err(ScopeError::Value { key: "end", problem }.into());
    }
    let mut change = Change::begin(repository, &options.destination, waiting)?;
    let taken = taken(&change)?;
    let taken_by = |id: &str| taken.iter().find(|other| other.to_lowercase() == id.to_lowercase());
    let id = match id {
        Some(id) => match taken_by(id) {
            Some(other) => return Err(CreateError::Taken(other.clone())),
            None => id.to_owned(),
        },
        None => {
            let fits = fitting_id(file);
            let numbered = (2..).map(|number| format!("{fits}-{number}"));
            std::iter::once(fits.clone()).chain(numbered).find(|id| taken_by(id).is_none()).unwrap_or(fits)
        }
    };
    // Of the same kind as the names of servers: whatever a file can be called.
    ServerName::new(id.as_str())?;
    let path = path(&id);
    change.put(path.clone(), Content::Bytes(file.to_text()?.into_bytes()));
    let recovered = change.recovered().cloned();
    let subject = match (&options.message, file.name.is_empty()) {
        (Some(message), _) => message.trim_end().to_owned(),
        (None, true) => format!("Rollout {}", id.escape_debug()),
        (None, false) => format!("Rollout {}: {}", id.escape_debug(), file.name.escape_debug()),
    };
    let committed = change.commit(&subject, options.push)?;
    Ok(Created { id, path, scope, committed, recovered })
}

/// The ids of the rollouts there are.
fn taken(change: &Change<'_>) -> Result<Vec<String>, git2::Error> {
    let Some(tree) = change.base_tree()? else { return Ok(Vec::new()) };
    let Some(entry) = tree.get_name(FOLDER).filter(|entry| entry.kind() == Some(ObjectType::Tree)) else {
        return Ok(Vec::new());
    };
    let folder = change.repository().git2().find_tree(entry.id())?;
    Ok(folder.iter().filter_map(|entry| decode(entry.name().ok()?.strip_suffix(".toml")?)).collect())
}

/// `finance-14` of `package:FINANCE@14`, `remove-finance` of what goes.
fn fitting_id(file: &RolloutFile) -> String {
    let (text, prefix) = match (file.what.first(), file.uninstall.first()) {
        (Some(text), _) => (text, ""),
        (None, Some(text)) => (text, "remove-"),
        (None, None) => return "rollout".to_owned(),
    };
    let text = What::parse(text, false).map_or_else(|_| text.clone(), |what| what.text);
    let plain = |c: char| if c.is_alphanumeric() { c.to_lowercase().to_string() } else { "-".to_owned() };
    let words: String = text.chars().take(60).map(plain).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    match words.is_empty() {
        true => "rollout".to_owned(),
        false => format!("{prefix}{}", words.join("-")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_of_what_is_carried() {
        let id = |what: &[&str], uninstall: &[&str]| {
            let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
            fitting_id(&RolloutFile {
                what: owned(what),
                uninstall: owned(uninstall),
                ..RolloutFile::new(Vec::new())
            })
        };
        assert_eq!(id(&["package:FINANCE@14", "X"], &["Y"]), "finance-14");
        assert_eq!(id(&["Payroll (daily)"], &[]), "payroll-daily");
        assert_eq!(id(&[], &["package:OLD"]), "remove-old");
        assert_eq!(id(&["../.."], &[]), "rollout");
    }
}
