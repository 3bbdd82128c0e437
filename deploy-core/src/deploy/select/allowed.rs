//! What may be deployed: what the remote has, what production takes, what no package holds.

use std::collections::HashMap;

use git2::Oid;

use super::{Remark, SelectError, Selection};
use crate::deploy::{Context, Order};
use crate::opcon::NamePattern;
use crate::repository::package::all_in;
use crate::repository::records::Source;
use crate::repository::servers::ServerClass;

/// Refuses what may not be deployed; where somebody only tries, it is said.
pub(super) fn check(
    context: &Context<'_>,
    order: &Order,
    selection: &mut Selection,
) -> Result<(), SelectError> {
    let mut check = Checker { context, refs: None, contained: HashMap::new(), remarks: Vec::new() };
    check.packaged(selection)?;
    check.content(order, selection)?;
    selection.remarks.append(&mut check.remarks);
    Ok(())
}

struct Checker<'c, 'r> {
    context: &'c Context<'r>,
    /// The commits of the refs that production takes besides main; read once.
    refs: Option<Vec<Oid>>,
    /// Whether a commit is on the remote.
    contained: HashMap<Oid, bool>,
    remarks: Vec<Remark>,
}

impl Checker<'_, '_> {
    /// An error, or a remark where somebody only tries.
    fn refuse(&mut self, schedule: Option<&str>, error: SelectError) -> Result<(), SelectError> {
        if !self.context.trying {
            return Err(error);
        }
        let text = format!("a deployment will be refused: {error}");
        self.remarks.push(Remark { schedule: schedule.map(str::to_owned), text, refused: true });
        Ok(())
    }

    /// A schedule of a package is not deployed alone.
    fn packaged(&mut self, selection: &Selection) -> Result<(), SelectError> {
        if selection.package.is_some() {
            return Ok(());
        }
        let git = self.context.repository.git2();
        let packages = all_in(git, &git.find_commit(selection.commit)?.tree()?)?;
        for item in &selection.items {
            let Some((package, _)) = packages.iter().find(|(_, package)| package.pin(&item.name).is_some())
            else {
                continue;
            };
            let packaged = SelectError::Packaged { schedule: item.name.clone(), package: package.clone() };
            match self.context.may_deploy_packaged {
                false => self.refuse(Some(&item.name), packaged)?,
                true => {
                    let text = format!("deployed alone, although it belongs to package `{package}`");
                    self.remarks.push(Remark { schedule: Some(item.name.clone()), text, refused: false });
                }
            }
        }
        Ok(())
    }

    /// Everything must be on the remote, and for production on main.
    fn content(&mut self, order: &Order, selection: &Selection) -> Result<(), SelectError> {
        let production = self.context.server.server.kind.class() == ServerClass::Production;
        let remote = match self.context.must_be_pushed {
            true => self.context.repository.remote().map(str::to_owned),
            false => None,
        };
        if order.reference.is_some() {
            let what = format!("`{}`", selection.reference);
            if production && !self.is_on_main(selection.commit)? && !self.is_allowed(selection.commit)? {
                self.off_main(None, &what)?;
            }
            self.pushed(None, &what, selection.commit, remote.as_deref())?;
        }
        let package = selection.package.iter().map(|package| ("package", &package.name, &package.source));
        let items = selection.items.iter().map(|item| ("schedule", &item.name, &item.source));
        for (word, name, source) in package.chain(items) {
            let schedule = (word == "schedule").then_some(name.as_str());
            let what = match (source.version, &source.commit) {
                (Some(version), _) => format!("version {version} of {word} `{name}`"),
                (None, Some(commit)) => {
                    format!("{word} `{name}` of commit {}", commit.get(..8).unwrap_or(commit))
                }
                (None, None) => format!("the content of {word} `{name}`"),
            };
            let commit = commit_of(source);
            if production && source.version.is_none() {
                let allowed = match commit {
                    Some(commit) => self.is_allowed(commit)?,
                    None => false,
                };
                if !allowed {
                    self.off_main(schedule, &what)?;
                }
            }
            // Of a pin made on a branch only the content is known; its package is on the remote.
            if let Some(commit) = commit {
                self.pushed(schedule, &what, commit, remote.as_deref())?;
            }
        }
        Ok(())
    }

    fn off_main(&mut self, schedule: Option<&str>, what: &str) -> Result<(), SelectError> {
        let named = &self.context.server;
        let error = SelectError::OffMain {
            what: what.to_owned(),
            main: self.context.settings.git.main.clone(),
            server: named.name.clone(),
            kind: named.server.kind,
        };
        self.refuse(schedule, error)
    }

    fn pushed(
        &mut self,
        schedule: Option<&str>,
        what: &str,
        commit: Oid,
        remote: Option<&str>,
    ) -> Result<(), SelectError> {
        let Some(remote) = remote else { return Ok(()) };
        let pushed = match self.contained.get(&commit) {
            Some(pushed) => *pushed,
            None => {
                let pushed = self.is_on_remote(commit, remote)?;
                self.contained.insert(commit, pushed);
                pushed
            }
        };
        if pushed {
            return Ok(());
        }
        let error = SelectError::NotPushed { what: what.to_owned(), remote: remote.to_owned() };
        self.refuse(schedule, error)
    }

    fn is_on_remote(&self, commit: Oid, remote: &str) -> Result<bool, git2::Error> {
        // Nearly always on its main; the other branches are only asked where it is not.
        if let Some(tip) = self.context.history.tip().remote
            && self.contains(tip, commit)?
        {
            return Ok(true);
        }
        let tips = self.tips(&format!("refs/remotes/{remote}/*"), &|_| true)?;
        self.any_contains(&tips, commit)
    }

    /// Whether a commit is one of those that main's tip was.
    fn is_on_main(&self, commit: Oid) -> Result<bool, git2::Error> {
        let tip = self.context.history.tip().commit;
        if !self.contains(tip, commit)? {
            return Ok(false);
        }
        let mut walk = self.context.repository.git2().revwalk()?;
        walk.simplify_first_parent()?;
        walk.push(tip)?;
        for on_main in walk {
            if on_main? == commit {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a branch or tag that production takes contains a commit.
    fn is_allowed(&mut self, commit: Oid) -> Result<bool, git2::Error> {
        let tips = match self.refs.take() {
            Some(tips) => tips,
            None => self.production_refs()?,
        };
        let allowed = self.any_contains(&tips, commit);
        self.refs = Some(tips);
        allowed
    }

    /// Branches as the remote has them, where there is one: a local branch of that name proves nothing.
    fn production_refs(&self) -> Result<Vec<Oid>, git2::Error> {
        let wanted: Vec<NamePattern> = self
            .context
            .settings
            .deploy
            .production_refs
            .iter()
            .filter_map(|ref_| NamePattern::new(ref_))
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let fits = |name: &str| wanted.iter().any(|pattern| pattern.matches(name));
        let branches = match self.context.repository.remote() {
            Some(remote) => format!("refs/remotes/{remote}/"),
            None => "refs/heads/".to_owned(),
        };
        let mut tips = Vec::new();
        for folder in [branches.as_str(), "refs/tags/"] {
            tips.extend(
                self.tips(&format!("{folder}*"), &|name| name.strip_prefix(folder).is_some_and(fits))?,
            );
        }
        Ok(tips)
    }

    /// The commits of the refs that fit a glob and a wish.
    fn tips(&self, glob: &str, fits: &dyn Fn(&str) -> bool) -> Result<Vec<Oid>, git2::Error> {
        let mut tips = Vec::new();
        for reference in self.context.repository.git2().references_glob(glob)? {
            let reference = reference?;
            if reference.name().is_ok_and(fits)
                && let Ok(commit) = reference.peel_to_commit()
            {
                tips.push(commit.id());
            }
        }
        Ok(tips)
    }

    fn any_contains(&self, tips: &[Oid], commit: Oid) -> Result<bool, git2::Error> {
        for tip in tips {
            if self.contains(*tip, commit)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn contains(&self, tip: Oid, commit: Oid) -> Result<bool, git2::Error> {
        Ok(tip == commit || self.context.repository.git2().graph_descendant_of(tip, commit)?)
    }
}

fn commit_of(source: &Source) -> Option<Oid> {
    source.commit.as_deref().and_then(|commit| Oid::from_str(commit).ok())
}
