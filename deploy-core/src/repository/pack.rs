//! Writing many objects at once as one pack with its index.
//!
//! Ten thousand loose objects are ten thousand files and a slow repository;
//! libgit2's pack writer inflates and hashes everything a second time. Here
//! each object is hashed and deflated once, on whichever thread made it, and
//! appended (`gitformat-pack(5)`). Deltas are left to `git gc`.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use git2::{ObjectType, Oid};
use libdeflater::{CompressionLvl, Compressor};
use sha1::{Digest, Sha1};

/// An object as it stands in a pack.
#[derive(Debug)]
pub struct PackedObject {
    /// Its name.
    pub id: Oid,
    bytes: Vec<u8>,
}

/// Turns contents into packed objects; one for each thread.
pub struct Packer {
    compressor: Compressor,
}

impl Default for Packer {
    fn default() -> Self {
        // The fastest level that compresses at all (0 only stores); `git gc` packs tighter.
        Self { compressor: Compressor::new(CompressionLvl::new(1).unwrap_or_default()) }
    }
}

impl Packer {
    /// Names and deflates a blob.
    pub fn blob(&mut self, content: &[u8]) -> PackedObject {
        const BLOB: u8 = 3;
        self.object(BLOB, blob_id(content), content)
    }

    /// Names and deflates a tree.
    pub fn tree(&mut self, content: &[u8]) -> PackedObject {
        const TREE: u8 = 2;
        self.object(TREE, id_of(ObjectType::Tree, content), content)
    }

    fn object(&mut self, kind: u8, id: Oid, content: &[u8]) -> PackedObject {
        // Kind and size: four bits of size in the first byte, seven in each that follows.
        let mut bytes = Vec::with_capacity(content.len() / 4 + 64);
        let mut size = content.len();
        let mut byte = (kind << 4) | (size & 15) as u8;
        size >>= 4;
        while size > 0 {
            bytes.push(byte | 0x80);
            byte = (size & 0x7F) as u8;
            size >>= 7;
        }
        bytes.push(byte);
        let header = bytes.len();
        bytes.resize(header + self.compressor.zlib_compress_bound(content.len()), 0);
        // The buffer has the bound's size: there is always enough room.
        let length = self.compressor.zlib_compress(content, &mut bytes[header..]).unwrap_or_default();
        bytes.truncate(header + length);
        bytes.shrink_to_fit();
        PackedObject { id, bytes }
    }
}

/// The name git gives a blob.
pub fn blob_id(content: &[u8]) -> Oid {
    id_of(ObjectType::Blob, content)
}

fn id_of(kind: ObjectType, content: &[u8]) -> Oid {
    let mut hash = Sha1::new();
    hash.update(format!("{} {}\0", kind.str(), content.len()));
    hash.update(content);
    Oid::from_bytes(&hash.finalize()).unwrap_or(Oid::ZERO_SHA1)
}

struct Indexed {
    id: Oid,
    crc: u32,
    offset: u64,
}

/// A pack being written into a repository's `objects/pack`. Nothing of it can
/// be seen before [`PackWriter::finish`]; dropped, it leaves nothing.
pub struct PackWriter {
    dir: PathBuf,
    temporary: PathBuf,
    file: BufWriter<File>,
    offset: u64,
    objects: Vec<Indexed>,
    seen: HashSet<Oid>,
}

const HEADER: u64 = 12;

impl PackWriter {
    /// Begins a pack in the object directory (`.git/objects`).
    pub fn create(objects: &Path) -> io::Result<Self> {
        let dir = objects.join("pack");
        fs::create_dir_all(&dir)?;
        // The prefix by which `git gc` knows what a killed process left.
        let temporary = dir.join(format!("tmp_pack_{}", unique()));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&temporary)?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&[0; HEADER as usize])?;
        Ok(Self { dir, temporary, file, offset: HEADER, objects: Vec::new(), seen: HashSet::new() })
    }

    /// Appends an object, unless it is there already.
    pub fn add(&mut self, object: &PackedObject) -> io::Result<()> {
        if !self.seen.insert(object.id) {
            return Ok(());
        }
        self.file.write_all(&object.bytes)?;
        self.objects.push(Indexed {
            id: object.id,
            crc: crc32fast::hash(&object.bytes),
            offset: self.offset,
        });
        self.offset += object.bytes.len() as u64;
        Ok(())
    }

    /// Makes the pack part of the repository, safely on disk.
    pub fn finish(mut self) -> io::Result<()> {
        if self.objects.is_empty() {
            return Ok(());
        }
        self.file.flush()?;
        let pack = self.file.get_mut();
        pack.rewind()?;
        pack.write_all(b"PACK\0\0\0\x02")?;
        pack.write_all(&(self.objects.len() as u32).to_be_bytes())?;
        let checksum = hash_of(pack)?;
        pack.write_all(&checksum)?;
        pack.sync_all()?;
        set_readonly(&self.temporary)?;
        let name = Oid::from_bytes(&checksum).map_err(io::Error::other)?;
        let index = self.dir.join(format!("tmp_idx_{}", unique()));
        write_index(&index, &mut self.objects, &checksum)?;
        set_readonly(&index)?;
        // The index last: it is what makes the pack visible.
        fs::rename(&self.temporary, self.dir.join(format!("pack-{name}.pack")))?;
        fs::rename(&index, self.dir.join(format!("pack-{name}.idx")))
    }
}

impl Drop for PackWriter {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

/// No other pack of this machine that is being written has it.
fn unique() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn set_readonly(path: &Path) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(path, permissions)
}

fn hash_of(file: &mut File) -> io::Result<[u8; 20]> {
    file.rewind()?;
    let mut hash = Sha1::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// Writes a version 2 index.
fn write_index(path: &Path, objects: &mut [Indexed], pack_checksum: &[u8; 20]) -> io::Result<()> {
    objects.sort_unstable_by_key(|object| object.id);
    let mut out = Vec::with_capacity(1100 + objects.len() * 28);
    out.extend_from_slice(b"\xFFtOc\0\0\0\x02");
    let mut below = 0u32;
    for first_byte in 0..=255u8 {
        below += objects[below as usize..]
            .iter()
            .take_while(|object| object.id.as_bytes()[0] == first_byte)
            .count() as u32;
        out.extend_from_slice(&below.to_be_bytes());
    }
    objects.iter().for_each(|object| out.extend_from_slice(object.id.as_bytes()));
    objects.iter().for_each(|object| out.extend_from_slice(&object.crc.to_be_bytes()));
    let mut beyond = Vec::new();
    for object in objects.iter() {
        let short = match u32::try_from(object.offset) {
            Ok(offset) if offset < 1 << 31 => offset,
            _ => {
                beyond.push(object.offset);
                (1 << 31) | (beyond.len() as u32 - 1)
            }
        };
        out.extend_from_slice(&short.to_be_bytes());
    }
    beyond.iter().for_each(|offset| out.extend_from_slice(&offset.to_be_bytes()));
    out.extend_from_slice(pack_checksum);
    let checksum: [u8; 20] = Sha1::digest(&out).into();
    out.extend_from_slice(&checksum);
    let mut file = File::create(path)?;
    file.write_all(&out)?;
    file.sync_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn git_reads_and_verifies_the_pack() {
        let dir = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init_bare(dir.path()).unwrap();
        let contents: Vec<Vec<u8>> =
            (0..300).map(|n: usize| format!("{n}:").repeat(n * 7).into_bytes()).collect();
        let mut packer = Packer::default();
        let mut pack = PackWriter::create(&dir.path().join("objects")).unwrap();
        for content in contents.iter().chain(&contents) {
            pack.add(&packer.blob(content)).unwrap();
        }
        pack.finish().unwrap();
        for content in &contents {
            let id = blob_id(content);
            assert_eq!(repository.find_blob(id).unwrap().content(), content);
        }
        let git = crate::repository::git::Git::new(dir.path());
        git.run(&["fsck", "--full", "--strict"]).unwrap();
        let left: Vec<_> = fs::read_dir(dir.path().join("objects/pack")).unwrap().collect();
        assert_eq!(left.len(), 2);
    }

    #[test]
    fn an_abandoned_pack_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut pack = PackWriter::create(dir.path()).unwrap();
        pack.add(&Packer::default().blob(b"x")).unwrap();
        drop(pack);
        assert_eq!(fs::read_dir(dir.path().join("pack")).unwrap().count(), 0);
    }
}
