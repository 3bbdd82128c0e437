//! A tree with many files changed at once.
//!
//! `git2::build::TreeUpdateBuilder` writes one loose file for each folder it
//! touches; here the folders go where the blobs go, into one pack for a whole
//! group of entries, and each is written once however many entries touch it.

use std::collections::BTreeMap;

use git2::{FileMode, ObjectType, Oid, Tree};

use super::LedgerError;
use super::store::Store;

/// What entries have done so far to the files of a commit.
#[derive(Debug, Default)]
pub(super) struct Changes {
    root: Folder,
}

#[derive(Debug, Default)]
struct Folder {
    /// Whether nothing of the folder of the commit is in it.
    anew: bool,
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug)]
enum Node {
    File(Oid),
    Gone,
    Folder(Folder),
}

/// What is known of a path from the changes alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// They put this file there.
    File(Oid),
    /// They removed it.
    Nothing,
    /// As the commit has it.
    Untouched,
}

impl Changes {
    /// Puts a file at a path, or removes whatever is there.
    pub(super) fn set(&mut self, path: &str, file: Option<Oid>) {
        let (folders, name) = path.rsplit_once('/').map_or(("", path), |(folders, name)| (folders, name));
        let mut folder = &mut self.root;
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            let node = folder.nodes.entry(part.to_owned()).or_insert(Node::Folder(Folder::default()));
            if !matches!(node, Node::Folder(_)) {
                *node = Node::Folder(Folder { anew: true, nodes: BTreeMap::new() });
            }
            let Node::Folder(below) = node else { return };
            folder = below;
        }
        folder.nodes.insert(name.to_owned(), file.map_or(Node::Gone, Node::File));
    }

    /// What they have made of a path.
    pub(super) fn at(&self, path: &str) -> Known {
        let mut folder = &self.root;
        let mut anew = false;
        for part in path.split('/') {
            anew |= folder.anew;
            match folder.nodes.get(part) {
                Some(Node::Folder(below)) => folder = below,
                Some(Node::File(file)) => return Known::File(*file),
                Some(Node::Gone) => return Known::Nothing,
                None if anew => return Known::Nothing,
                None => return Known::Untouched,
            }
        }
        Known::Nothing
    }

    /// Writes the tree that they make of another.
    pub(super) fn write(&self, base: Option<&Tree<'_>>, store: &mut Store<'_>) -> Result<Oid, LedgerError> {
        match self.root.write(base, store)? {
            Some(tree) => Ok(tree),
            None => store.tree(&[]),
        }
    }
}

impl Folder {
    /// Git keeps no empty folders.
    fn write(&self, base: Option<&Tree<'_>>, store: &mut Store<'_>) -> Result<Option<Oid>, LedgerError> {
        let base = base.filter(|_| !self.anew);
        let mut entries: BTreeMap<Vec<u8>, (i32, Oid)> = BTreeMap::new();
        for entry in base.into_iter().flat_map(Tree::iter) {
            entries.insert(key(entry.name_bytes(), entry.filemode()), (entry.filemode(), entry.id()));
        }
        let (file, folder) = (i32::from(FileMode::Blob), i32::from(FileMode::Tree));
        for (name, node) in &self.nodes {
            let below = entries.get(&key(name.as_bytes(), folder)).map(|(_, id)| *id);
            let new = match node {
                Node::File(blob) => Some((file, *blob)),
                Node::Gone => None,
                Node::Folder(node) => {
                    let below = below.map(|id| store.git().find_tree(id)).transpose()?;
                    node.write(below.as_ref(), store)?.map(|tree| (folder, tree))
                }
            };
            entries.remove(&key(name.as_bytes(), folder));
            entries.remove(&key(name.as_bytes(), file));
            if let Some((mode, id)) = new {
                entries.insert(key(name.as_bytes(), mode), (mode, id));
            }
        }
        if entries.is_empty() {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(entries.len() * 64);
        for (name, (mode, id)) in &entries {
            bytes.extend_from_slice(format!("{mode:o} ").as_bytes());
            bytes.extend_from_slice(name.strip_suffix(b"/").unwrap_or(name));
            bytes.push(0);
            bytes.extend_from_slice(id.as_bytes());
        }
        store.tree(&bytes).map(Some)
    }
}

/// Git sorts folders as if their names ended in a slash.
fn key(name: &[u8], mode: i32) -> Vec<u8> {
    let mut key = name.to_vec();
    if mode == i32::from(FileMode::Tree) {
        key.push(b'/');
    }
    key
}

/// The file at a path of a tree.
pub(super) fn file_at(base: &Tree<'_>, path: &str) -> Result<Option<Oid>, git2::Error> {
    match base.get_path(std::path::Path::new(path)) {
        Ok(entry) => Ok((entry.kind() == Some(ObjectType::Blob)).then(|| entry.id())),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
