//! What was changed on main: the commits of its first-parent line by what they
//! touched, remembered in a cache file.

use std::collections::BTreeMap;

use git2::Oid;

use super::super::Repository;
use super::super::cache_tables::{self, COMMIT, CommitRow, Form, Tables, Writer, number};
use super::super::commits::{Commit, LogError, whole};
use super::Category;

const FORM: Form = Form { file: "changes", magic: b"ocdchg 1", tables: 2, paths: true };

/// The table of the commits that touched something.
const COMMITS: usize = 0;
/// The table of what they touched: commit, category, names.
const TOUCHED: usize = 1;
const TOUCH: usize = 3 * 4;

/// The changes of main.
#[derive(Debug)]
pub(super) struct Changes(Tables);

/// What a commit did in one category.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) category: Category,
    pub(super) commit: CommitRow,
    pub(super) author: &'a str,
    pub(super) committer: &'a str,
    /// The whole message.
    pub(super) message: &'a str,
    /// What was touched, each on a line.
    pub(super) names: &'a str,
}

/// What is kept of a commit.
struct Taken {
    commit: CommitRow,
    touched: Vec<(Category, u32)>,
}

impl Changes {
    pub(super) fn load(repository: &Repository, tip: Oid) -> Result<Self, LogError> {
        whole(repository)?;
        cache_tables::up_to(repository, FORM, tip, take, append).map(Self)
    }

    /// In the order of main.
    pub(super) fn made(&self) -> impl DoubleEndedIterator<Item = Made<'_>> {
        self.0.table(TOUCHED).chunks_exact(TOUCH).filter_map(|row| {
            let commit = CommitRow::decode(self.0.table(COMMITS), number(row, 0)? as usize)?;
            Some(Made {
                category: *Category::ALL.get(number(row, 4)? as usize)?,
                commit,
                author: self.0.text(commit.author),
                committer: self.0.text(commit.committer),
                message: self.0.text(commit.message),
                names: self.0.text(number(row, 8)?),
            })
        })
    }
}

fn take(writer: &mut Writer, commit: &Commit<'_>) -> Option<Taken> {
    let mut names: BTreeMap<Category, Vec<String>> = BTreeMap::new();
    for (category, name) in commit.paths.iter().filter_map(|path| Category::of(path)) {
        let names = names.entry(category).or_default();
        if !name.is_empty() {
            names.push(name);
        }
    }
    if names.is_empty() {
        return None;
    }
    let mut row = CommitRow::of(writer, commit);
    row.message = writer.text(&commit.lines().collect::<Vec<_>>().join("\n"));
    let touched = names.into_iter().map(|(category, mut names)| {
        names.sort();
        names.dedup();
        let names: Vec<String> = names.iter().map(|name| name.replace('\n', " ")).collect();
        (category, writer.text(&names.join("\n")))
    });
    Some(Taken { commit: row, touched: touched.collect() })
}

fn append(writer: &mut Writer, commits: Vec<Option<Taken>>) {
    for Taken { commit, touched } in commits.into_iter().flatten() {
        let number = (writer.tables[COMMITS].len() / COMMIT) as u32;
        commit.encode(&mut writer.tables[COMMITS]);
        for (category, names) in touched {
            for number in [number, category as u32, names] {
                writer.tables[TOUCHED].extend_from_slice(&number.to_le_bytes());
            }
        }
    }
}
