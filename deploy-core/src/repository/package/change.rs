//! Changing packages: every change is one commit.

mod pins;

use super::words::{between, of_new};
use super::{Package, StoredError, TRAILER, all_in, versions};
use crate::definition::{NameError, PackageName, RuleName, ScheduleName};
use crate::repository::change::{Change, CommitError, Committed, Content, Destination, Interrupted};
use crate::repository::history::{History, HistoryError};
use crate::repository::layout::{Kind, package_path};
use crate::repository::listing::Listing;
use crate::repository::resolve::ResolveError;
use crate::repository::toml_file::{TomlError, nearest};
use crate::repository::{Repository, TipError};
use pins::Pinner;

/// What to do with a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make it.
    Create {
        /// What it is for.
        description: String,
        /// The schedules in it: `NAME`, `NAME@3`, `NAME@REF`.
        schedules: Vec<String>,
        /// Its rules, in order.
        rules: Vec<String>,
    },
    /// Put schedules in, or pin them anew; add rules.
    Add {
        /// `NAME`, `NAME@3`, `NAME@REF`.
        schedules: Vec<String>,
        /// Rules to run after those it has.
        rules: Vec<String>,
    },
    /// Take schedules and rules out.
    Remove {
        /// Names of schedules.
        schedules: Vec<String>,
        /// Rules, as they stand in the package.
        rules: Vec<String>,
    },
    /// Move pins to the latest versions.
    Update {
        /// Only of these schedules; all if empty.
        schedules: Vec<String>,
    },
    /// Give it another name, keeping the old one for its earlier versions.
    Rename {
        /// The new name.
        to: String,
    },
    /// Remove its file.
    Delete,
}

/// How the commit is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitOptions {
    /// Where it goes.
    pub destination: Destination,
    /// First lines of its message; made from what is done if absent.
    pub message: Option<String>,
    /// Push it.
    pub push: bool,
}

/// What came of a change.
#[derive(Debug)]
pub struct Changed {
    /// The package; under its new name where it was renamed.
    pub name: PackageName,
    /// What changed, in a few words; empty where nothing did.
    pub what: String,
    /// The version it makes, or will make when merged.
    pub number: usize,
    /// Whether the number is final: the commit is on main.
    pub on_main: bool,
    /// The pins that are not as they were.
    pub moved: Vec<Moved>,
    /// Pinned schedules that have no content any more; their pins stayed.
    pub gone: Vec<String>,
    /// The commit; `None` where there was nothing to do.
    pub committed: Option<Committed>,
    /// What a killed command had left and this one has finished.
    pub recovered: Option<Interrupted>,
}

/// A schedule that was pinned, moved or taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The schedule.
    pub schedule: String,
    /// Where it was pinned before: a version, or the beginning of a blob.
    pub from: Option<String>,
    /// Where it is pinned now.
    pub to: Option<String>,
}

/// Why a package was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A name that no file can have.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is one already.
    #[error("package `{name}` exists already")]
    Exists {
        /// Its name.
        name: String,
    },
    /// There is one whose name differs in case only.
    #[error(
        "its name differs only in case from package `{other}`; one of them would be lost on Windows and macOS"
    )]
    CaseClash {
        /// The other one.
        other: String,
    },
    /// No such package there.
    #[error("no package `{name}` on `{branch}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// As it was written.
        name: String,
        /// Where it was looked for.
        branch: String,
        /// The nearest name, or the one it has now.
        near: Option<String>,
    },
    /// A schedule belongs to one package.
    #[error("schedule `{schedule}` is in package `{package}` already; a schedule belongs to one package")]
    Taken {
        /// The schedule.
        schedule: String,
        /// The package that has it.
        package: String,
    },
    /// Not one of its schedules.
    #[error("schedule `{schedule}` is not in package `{package}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NotInPackage {
        /// The schedule.
        schedule: String,
        /// The package.
        package: String,
        /// The nearest of its schedules.
        near: Option<String>,
    },
    /// No such rule there.
    #[error("no rule `{rule}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NoRule {
        /// As it was written.
        rule: String,
        /// The nearest rule.
        near: Option<String>,
    },
    /// A schedule could not be pinned.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A package file is wrong.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A package file could not be written.
    #[error("cannot write package `{name}`: {source}")]
    Write {
        /// The package.
        name: String,
        /// The cause.
        source: toml_edit::TomlError,
    },
    /// The versions could not be counted.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The commit was not made.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The repository could not be read.
    #[error("cannot read the repository: {0}")]
    Object(#[from] git2::Error),
}

impl From<StoredError> for PackageError {
    fn from(error: StoredError) -> Self {
        match error {
            StoredError::Toml(error) => Self::Toml(error),
            StoredError::Object(error) => Self::Object(error),
        }
    }
}

/// Does something with a package, in one commit.
pub fn change(
    repository: &Repository,
    name: &str,
    action: &Action,
    options: &CommitOptions,
    waiting: &dyn Fn(),
) -> Result<Changed, PackageError> {
    let name = PackageName::new(name)?;
    let commit = Change::begin(repository, &options.destination, waiting)?;
    let history = match History::load(repository) {
        Ok(history) => Some(history),
        // The first commit of a repository: nothing has a version yet.
        Err(HistoryError::Tip(TipError::NoMain { .. })) => None,
        Err(error) => return Err(error.into()),
    };
    let git = repository.git2();
    let tree = commit.base_tree()?;
    let read = |kind| match &tree {
        Some(tree) => Listing::read(git, tree, kind),
        None => Ok(Listing::default()),
    };
    let on_main = commit.branch() == repository.settings().git.main;
    let work = Work {
        branch: commit.branch(),
        all: tree.as_ref().map(|tree| all_in(git, tree)).transpose()?.unwrap_or_default(),
        rules: read(Kind::Rule)?,
        pinner: Pinner { repository, history: history.as_ref(), schedules: read(Kind::Schedule)?, on_main },
        name: &name,
    };
    let Outcome { before, after, name: new_name, gone } = work.apply(action)?;
    let (old, new) = (before.clone().unwrap_or_default(), after.clone().unwrap_or_default());
    let what = match (&before, &after) {
        (None, Some(after)) => of_new(after),
        (Some(_), None) => "deleted".to_owned(),
        (Some(_), Some(_)) if new_name != name => format!("renamed from {}", name.as_str().escape_debug()),
        _ => between(&old, &new),
    };
    let number = history.as_ref().map_or(0, |history| versions(repository, history, &name.stem()).len()) + 1;
    let moved = moves(&old, &new);
    let recovered = commit.recovered().cloned();
    let committed = if what.is_empty() {
        None
    } else {
        let path = package_path(&name);
        write(commit, &path, &package_path(&new_name), after.as_ref(), &new_name)?
            .commit(&message(options, action, &name, &new_name, &what), options.push)?
    };
    Ok(Changed { name: new_name, what, number, on_main, moved, gone, committed, recovered })
}

/// Puts the package's file where it belongs.
fn write<'r>(
    mut commit: Change<'r>,
    old_path: &str,
    path: &str,
    after: Option<&Package>,
    name: &PackageName,
) -> Result<Change<'r>, PackageError> {
    let before = commit.read(old_path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if before.is_some() && (after.is_none() || path != old_path) {
        // Removed before the new one is written: they may differ in case only.
        commit.remove(old_path);
    }
    if let Some(package) = after {
        let text = package
            .write(before.as_deref())
            .map_err(|source| PackageError::Write { name: name.to_string(), source })?;
        commit.put(path, Content::Bytes(text.into_bytes()));
    }
    Ok(commit)
}

fn message(
    options: &CommitOptions,
    action: &Action,
    name: &PackageName,
    new_name: &PackageName,
    what: &str,
) -> String {
    let quoted = name.as_str().escape_debug();
    let subject = match (&options.message, action) {
        (Some(message), _) => message.trim_end().to_owned(),
        (None, Action::Create { .. }) => format!("Create package {quoted}: {what}"),
        (None, Action::Rename { .. }) => {
            format!("Rename package {quoted} to {}", new_name.as_str().escape_debug())
        }
        (None, Action::Delete) => format!("Delete package {quoted}"),
        (None, _) => format!("Update package {quoted}: {what}"),
    };
    let mut message = format!("{subject}\n\n");
    if new_name != name {
        message.push_str(&format!("{TRAILER}: {} | renamed to {}\n", name.stem(), new_name.stem()));
    }
    message.push_str(&format!("{TRAILER}: {} | {what}\n", new_name.stem()));
    message
}

fn moves(before: &Package, after: &Package) -> Vec<Moved> {
    let came = after.schedules.iter().filter(|pin| before.pin(&pin.name) != Some(pin)).map(|pin| Moved {
        schedule: pin.name.clone(),
        from: before.pin(&pin.name).map(super::Pin::at),
        to: Some(pin.at()),
    });
    let went = before.schedules.iter().filter(|pin| after.pin(&pin.name).is_none()).map(|pin| Moved {
        schedule: pin.name.clone(),
        from: Some(pin.at()),
        to: None,
    });
    let mut moves: Vec<Moved> = came.chain(went).collect();
    moves.sort_by(|a, b| a.schedule.cmp(&b.schedule));
    moves
}

/// A package before and after an action; none: it is not there.
struct Outcome {
    before: Option<Package>,
    after: Option<Package>,
    name: PackageName,
    gone: Vec<String>,
}

/// What an action is applied to.
struct Work<'a> {
    branch: &'a str,
    all: Vec<(String, Package)>,
    rules: Listing,
    pinner: Pinner<'a>,
    name: &'a PackageName,
}

impl Work<'_> {
    fn apply(&self, action: &Action) -> Result<Outcome, PackageError> {
        let (mut name, mut gone) = (self.name.clone(), Vec::new());
        if let Action::Create { description, schedules, rules } = action {
            self.refuse_existing(&name, None)?;
            let mut package = Package { description: description.clone(), ..Package::default() };
            self.add(&mut package, schedules, rules)?;
            return Ok(Outcome { before: None, after: Some(package), name, gone });
        }
        let before = self.existing()?.clone();
        let mut after = Some(before.clone());
        if let Some(package) = &mut after {
            match action {
                Action::Add { schedules, rules } => self.add(package, schedules, rules)?,
                Action::Remove { schedules, rules } => self.remove(package, schedules, rules)?,
                Action::Update { schedules } => gone = self.update(package, schedules)?,
                Action::Rename { to } => {
                    name = PackageName::new(to.clone())?;
                    self.refuse_existing(&name, Some(self.name))?;
                    package.formerly.retain(|former| former != name.as_str() && former != self.name.as_str());
                    package.formerly.push(self.name.to_string());
                }
                Action::Create { .. } | Action::Delete => {}
            }
        }
        if *action == Action::Delete {
            after = None;
        }
        Ok(Outcome { before: Some(before), after, name, gone })
    }

    fn existing(&self) -> Result<&Package, PackageError> {
        let wanted = self.name.as_str();
        if let Some((_, package)) = self.all.iter().find(|(name, _)| name == wanted) {
            return Ok(package);
        }
        let renamed =
            self.all.iter().find(|(_, package)| package.formerly.iter().any(|former| former == wanted));
        let names: Vec<&str> = self.all.iter().map(|(name, _)| name.as_str()).collect();
        let near = renamed.map(|(name, _)| name.as_str()).or_else(|| nearest(wanted, &names));
        Err(PackageError::Unknown {
            name: wanted.to_owned(),
            branch: self.branch.to_owned(),
            near: near.map(str::to_owned),
        })
    }

    fn refuse_existing(&self, name: &PackageName, except: Option<&PackageName>) -> Result<(), PackageError> {
        for (other, _) in
            self.all.iter().filter(|(other, _)| except.is_none_or(|except| except.as_str() != other))
        {
            if other == name.as_str() {
                return Err(PackageError::Exists { name: other.clone() });
            }
            if other.to_lowercase() == name.folded() {
                return Err(PackageError::CaseClash { other: other.clone() });
            }
        }
        match except {
            Some(except) if except == name => Err(PackageError::Exists { name: name.to_string() }),
            _ => Ok(()),
        }
    }

    fn add(&self, package: &mut Package, schedules: &[String], rules: &[String]) -> Result<(), PackageError> {
        for schedule in schedules {
            let pin = self.pinner.pin(schedule)?;
            let holds = |(name, other): &&(String, Package)| {
                name != self.name.as_str() && other.pin(&pin.name).is_some()
            };
            if let Some((other, _)) = self.all.iter().find(holds) {
                return Err(PackageError::Taken { schedule: pin.name, package: other.clone() });
            }
            match package.schedules.iter_mut().find(|old| old.name == pin.name) {
                Some(old) => *old = pin,
                None => package.schedules.push(pin),
            }
        }
        for rule in rules {
            self.refuse_unknown_rule(rule)?;
            if !package.rules.contains(rule) {
                package.rules.push(rule.clone());
            }
        }
        Ok(())
    }

    fn refuse_unknown_rule(&self, rule: &str) -> Result<(), PackageError> {
        let bare = rule.rsplit_once('@').map_or(rule, |(name, _)| name);
        let known = |name: &str| RuleName::new(name).is_ok_and(|name| self.rules.get(&name.stem()).is_some());
        if known(rule) || known(bare) {
            return Ok(());
        }
        let names: Vec<String> = self
            .rules
            .iter()
            .filter_map(|(stem, _)| RuleName::from_stem(stem))
            .map(|name| name.to_string())
            .collect();
        Err(PackageError::NoRule { rule: rule.to_owned(), near: nearest(bare, &names).map(str::to_owned) })
    }

    fn remove(
        &self,
        package: &mut Package,
        schedules: &[String],
        rules: &[String],
    ) -> Result<(), PackageError> {
        for schedule in schedules {
            self.refuse_absent(package, schedule)?;
            package.schedules.retain(|pin| pin.name != *schedule);
        }
        for rule in rules {
            if !package.rules.contains(rule) {
                let near = nearest(rule, &package.rules).map(str::to_owned);
                return Err(PackageError::NoRule { rule: rule.clone(), near });
            }
            package.rules.retain(|other| other != rule);
        }
        Ok(())
    }

    fn refuse_absent(&self, package: &Package, schedule: &str) -> Result<(), PackageError> {
        if package.pin(schedule).is_some() {
            return Ok(());
        }
        let names: Vec<&str> = package.schedules.iter().map(|pin| pin.name.as_str()).collect();
        Err(PackageError::NotInPackage {
            schedule: schedule.to_owned(),
            package: self.name.to_string(),
            near: nearest(schedule, &names).map(str::to_owned),
        })
    }

    /// Moves pins; gives the schedules that have no content any more.
    fn update(&self, package: &mut Package, only: &[String]) -> Result<Vec<String>, PackageError> {
        for schedule in only {
            self.refuse_absent(package, schedule)?;
        }
        let mut gone = Vec::new();
        for pin in &mut package.schedules {
            if !only.is_empty() && !only.contains(&pin.name) {
                continue;
            }
            match self.pinner.latest(&ScheduleName::new(pin.name.clone())?)? {
                Some(latest) => *pin = latest,
                None => gone.push(pin.name.clone()),
            }
        }
        Ok(gone)
    }
}
