//! Storing blobs as they are made: many into one pack that a thread of its own
//! writes, a few as loose objects.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use git2::Oid;

use crate::repository::Repository;
use crate::repository::pack::{PackWriter, PackedObject, Packer, blob_id};

/// From so many sources on a pack is written, as `git fetch` does (`fetch.unpackLimit`).
const PACK_FROM: usize = 100;
/// How many objects may wait for the writer.
const WAITING: usize = 64;

/// Where the blobs of a request go.
pub(super) enum Store {
    Pack(PackWriter),
    Loose { git_dir: PathBuf },
}

/// Work for the writing thread.
enum Blob {
    Packed(PackedObject),
    Loose(Vec<u8>),
}

/// What the threads of a request hand their blobs to.
#[derive(Clone)]
pub(super) struct Senders {
    sender: SyncSender<Blob>,
    pack: bool,
}

/// One thread's way to the store.
pub(super) struct Emitter {
    senders: Senders,
    packer: Packer,
}

impl Store {
    pub(super) fn open(repository: &Repository, sources: usize) -> io::Result<Self> {
        if sources < PACK_FROM {
            return Ok(Self::Loose { git_dir: repository.git2().path().to_path_buf() });
        }
        Ok(Self::Pack(PackWriter::create(&repository.git2().commondir().join("objects"))?))
    }

    /// Runs `work` while another thread writes; what `work` gave, and whether all was written.
    pub(super) fn run<T>(self, work: impl FnOnce(&Senders) -> T) -> (T, io::Result<()>) {
        let (sender, receiver) = sync_channel(WAITING);
        let senders = Senders { sender, pack: matches!(self, Self::Pack(_)) };
        std::thread::scope(|scope| {
            let writer = scope.spawn(move || self.write(receiver));
            let done = work(&senders);
            drop(senders);
            let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread died")));
            (done, written)
        })
    }

    fn write(self, receiver: Receiver<Blob>) -> io::Result<()> {
        match self {
            Self::Pack(mut pack) => {
                for blob in receiver {
                    if let Blob::Packed(object) = blob {
                        pack.add(&object)?;
                    }
                }
                pack.finish()
            }
            Self::Loose { git_dir } => {
                let git = git2::Repository::open(git_dir).map_err(io::Error::other)?;
                for blob in receiver {
                    if let Blob::Loose(bytes) = blob {
                        git.blob(&bytes).map_err(io::Error::other)?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Senders {
    pub(super) fn emitter(&self) -> Emitter {
        Emitter { senders: self.clone(), packer: Packer::default() }
    }
}

impl Emitter {
    /// Stores a blob; fails when the writer has given up.
    pub(super) fn emit(&mut self, bytes: Vec<u8>) -> io::Result<Oid> {
        let (id, blob) = if self.senders.pack {
            let object = self.packer.blob(&bytes);
            (object.id, Blob::Packed(object))
        } else {
            (blob_id(&bytes), Blob::Loose(bytes))
        };
        let gone = |_| io::Error::other("the writing thread has stopped");
        self.senders.sender.send(blob).map(|()| id).map_err(gone)
    }
}
