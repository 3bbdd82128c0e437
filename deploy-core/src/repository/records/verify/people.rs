//! People, servers and settings as commits of main have them.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use git2::{ErrorCode, Oid};

use crate::repository::Repository;
use crate::repository::layout::PACKAGES;
use crate::repository::package::{Package, all_in};
use crate::repository::servers::{self, ServerClass};
use crate::repository::settings::{self, Settings};
use crate::repository::toml_file::read_toml;
use crate::repository::users::Users;

/// Main as it was at one commit.
#[derive(Debug)]
pub(super) struct AsOf {
    pub(super) commit: Oid,
    /// Whether main holds the commit.
    pub(super) on_main: bool,
    /// The people; why not, where the file cannot be read.
    pub(super) users: Result<Users, String>,
    /// Whether commits had to be signed.
    pub(super) require_signed: bool,
    /// The refs that production took besides main.
    pub(super) production_refs: Vec<String>,
}

/// All that was asked for so far, each commit read once.
pub(super) struct People<'r> {
    repository: &'r Repository,
    main: HashSet<Oid>,
    known: HashMap<Oid, Option<Rc<AsOf>>>,
    classes: HashMap<(Oid, String), Option<ServerClass>>,
    packages: HashMap<Oid, Rc<Vec<(String, Package)>>>,
}

impl<'r> People<'r> {
    pub(super) fn new(repository: &'r Repository) -> Result<Self, super::VerifyError> {
        let mut walk = repository.git2().revwalk()?;
        walk.push(repository.shared_main()?.0)?;
        // What is not pushed yet is main as well once it is; a record may name it before.
        walk.push(repository.tip()?.commit)?;
        let main = walk.collect::<Result<_, _>>()?;
        let (known, classes, packages) = (HashMap::new(), HashMap::new(), HashMap::new());
        Ok(Self { repository, main, known, classes, packages })
    }

    /// Main at a commit; `None` where there is no such commit.
    pub(super) fn at(&mut self, commit: Oid) -> Result<Option<Rc<AsOf>>, git2::Error> {
        if let Some(known) = self.known.get(&commit) {
            return Ok(known.clone());
        }
        let read = self.read(commit)?.map(Rc::new);
        self.known.insert(commit, read.clone());
        Ok(read)
    }

    fn read(&self, commit: Oid) -> Result<Option<AsOf>, git2::Error> {
        let tree = match self.repository.git2().find_commit(commit) {
            Ok(found) => found.tree()?,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let settings: Settings = match self.repository.file_in(&tree, settings::FILE)? {
            Some(bytes) => read_toml(settings::FILE, &String::from_utf8_lossy(&bytes)).unwrap_or_default(),
            None => Settings::default(),
        };
        Ok(Some(AsOf {
            commit,
            on_main: self.is_on_main(commit),
            users: Users::at(self.repository, commit).map_err(|error| error.to_string()),
            require_signed: settings.trust.require_signed,
            production_refs: settings.deploy.production_refs,
        }))
    }

    /// Whether main holds a commit.
    pub(super) fn is_on_main(&self, commit: Oid) -> bool {
        self.main.contains(&commit)
    }

    /// Whether a commit is another one or comes after it.
    pub(super) fn is_after(&self, commit: Oid, other: Oid) -> Result<bool, git2::Error> {
        Ok(commit == other || self.repository.git2().graph_descendant_of(commit, other)?)
    }

    /// The class of a server at a commit; `None` where the server is not there.
    pub(super) fn class(&mut self, commit: Oid, server: &str) -> Option<ServerClass> {
        let key = (commit, server.to_owned());
        if let Some(known) = self.classes.get(&key) {
            return *known;
        }
        let found = servers::at(self.repository, commit, server).ok().flatten();
        let class = found.map(|server| server.kind.class());
        self.classes.insert(key, class);
        class
    }

    /// The package that a schedule belongs to at a commit.
    pub(super) fn package_of(&mut self, commit: Oid, schedule: &str) -> Option<String> {
        let git = self.repository.git2();
        let tree = git.find_commit(commit).and_then(|commit| commit.tree()).ok()?;
        let folder = tree.get_name(PACKAGES)?.id();
        let packages = match self.packages.get(&folder) {
            Some(known) => Rc::clone(known),
            None => {
                let read = Rc::new(all_in(git, &tree).unwrap_or_default());
                self.packages.insert(folder, Rc::clone(&read));
                read
            }
        };
        let holds = |(_, package): &&(String, Package)| package.pin(schedule).is_some();
        packages.iter().find(holds).map(|(name, _)| name.clone())
    }
}
