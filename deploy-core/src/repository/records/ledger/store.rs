//! Where new objects of a group go: loose as git itself does with a few, one pack for many.

use git2::{ObjectType, Oid};
use rayon::prelude::*;

use super::LedgerError;
use crate::repository::pack::{PackWriter, PackedObject, Packer, blob_id};

/// The new content of a file, prepared by whoever queues it.
#[derive(Debug)]
pub(super) enum Fresh {
    /// Few at a time.
    Loose(Vec<u8>),
    /// Many at a time: named and deflated already.
    Packed(PackedObject),
    /// Written already.
    Stored(Oid),
}

/// An edit that is ready to be written.
pub(super) type FreshEdit = (String, Option<Fresh>);

/// From how many files on an entry alone is worth a pack.
const MANY: usize = 64;

/// Prepares the edits of an entry; `crowd`: others are doing the same at the same time.
pub(super) fn prepare(edits: Vec<(String, Option<Vec<u8>>)>, crowd: bool) -> Vec<FreshEdit> {
    if edits.len() >= MANY {
        let packed = edits.into_par_iter().map_init(Packer::default, |packer, (path, content)| {
            (path, content.map(|content| Fresh::Packed(packer.blob(&content))))
        });
        return packed.collect();
    }
    let mut packer = crowd.then(Packer::default);
    let mut fresh = |content: Vec<u8>| match &mut packer {
        Some(packer) => Fresh::Packed(packer.blob(&content)),
        None => Fresh::Loose(content),
    };
    edits.into_iter().map(|(path, content)| (path, content.map(&mut fresh))).collect()
}

impl Fresh {
    pub(super) fn id(&self) -> Oid {
        match self {
            Fresh::Loose(content) => blob_id(content),
            Fresh::Packed(object) => object.id,
            Fresh::Stored(id) => *id,
        }
    }
}

/// The objects of one commit.
pub(super) struct Store<'r> {
    git: &'r git2::Repository,
    packer: Packer,
    pack: Option<PackWriter>,
}

impl<'r> Store<'r> {
    /// `packed`: as one pack.
    pub(super) fn open(git: &'r git2::Repository, packed: bool) -> Result<Self, LedgerError> {
        let objects = git.commondir().join("objects");
        let pack = packed.then(|| PackWriter::create(&objects)).transpose()?;
        Ok(Self { git, packer: Packer::default(), pack })
    }

    pub(super) fn git(&self) -> &'r git2::Repository {
        self.git
    }

    pub(super) fn blob(&mut self, fresh: &Fresh) -> Result<(), LedgerError> {
        let packed;
        let object = match (fresh, &self.pack) {
            (Fresh::Stored(_), _) => return Ok(()),
            (Fresh::Loose(content), None) => {
                self.git.blob(content)?;
                return Ok(());
            }
            (Fresh::Loose(content), Some(_)) => {
                packed = self.packer.blob(content);
                &packed
            }
            (Fresh::Packed(object), _) => object,
        };
        let pack = match self.pack.take() {
            Some(pack) => pack,
            None => PackWriter::create(&self.git.commondir().join("objects"))?,
        };
        self.pack.insert(pack).add(object)?;
        Ok(())
    }

    pub(super) fn tree(&mut self, bytes: &[u8]) -> Result<Oid, LedgerError> {
        match &mut self.pack {
            Some(pack) => {
                let tree = self.packer.tree(bytes);
                pack.add(&tree)?;
                Ok(tree.id)
            }
            None => Ok(self.git.odb()?.write(ObjectType::Tree, bytes)?),
        }
    }

    /// From here on the objects are there.
    pub(super) fn finish(self) -> Result<(), LedgerError> {
        Ok(self.pack.map_or(Ok(()), PackWriter::finish)?)
    }
}
