//! What a list says of each definition, remembered by blob: a blob never changes.

use std::collections::HashMap;

use git2::Oid;
use rayon::prelude::*;

use super::{Repository, cache_lines};
use crate::definition::{Definition, summary};

const CACHE: &str = "summaries";

/// What a list says of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Brief {
    /// How many jobs it has.
    pub jobs: usize,
    /// Whether a job runs another schedule.
    pub has_sub_schedules: bool,
    /// Whether a job depends on another schedule's job.
    pub has_external_dependencies: bool,
    /// What its exporter said of it, or why it cannot be read.
    pub description: String,
    /// Whether it can be read at all.
    pub is_readable: bool,
}

/// The briefs of the given blobs; those not seen before are read on all cores.
pub fn briefs(repository: &Repository, blobs: &[Oid]) -> HashMap<Oid, Brief> {
    let mut known = decode(&repository.read_cache(CACHE).unwrap_or_default());
    let missing: Vec<Oid> = blobs.iter().filter(|blob| !known.contains_key(blob)).copied().collect();
    if missing.is_empty() {
        return known;
    }
    let path = repository.git2().path().to_path_buf();
    let open = || git2::Repository::open(&path).ok();
    let read = |git: &mut Option<git2::Repository>, blob: &Oid| {
        let content = git.as_ref()?.find_blob(*blob).ok()?;
        Some((*blob, brief(content.content())))
    };
    let new: Vec<(Oid, Brief)> = missing.par_iter().with_min_len(64).map_init(open, read).flatten().collect();
    known.extend(new);
    repository.write_cache(CACHE, encode(&known).as_bytes());
    known
}

fn brief(bytes: &[u8]) -> Brief {
    match Definition::read(bytes) {
        Ok(definition) => {
            let summary = summary(&definition);
            Brief {
                jobs: summary.jobs,
                has_sub_schedules: summary.has_sub_schedules,
                has_external_dependencies: summary.has_external_dependencies,
                description: summary.description,
                is_readable: true,
            }
        }
        Err(error) => Brief { description: error.to_string(), ..Brief::default() },
    }
}

/// A line for each blob: `<blob> <jobs> <flags> <description>`.
fn encode(briefs: &HashMap<Oid, Brief>) -> String {
    let mut text = String::with_capacity(briefs.len() * 64);
    for (blob, brief) in briefs {
        let flag = |set: bool, letter: char| if set { letter } else { '-' };
        let flags: String = [
            flag(brief.has_sub_schedules, 's'),
            flag(brief.has_external_dependencies, 'e'),
            flag(brief.is_readable, 'r'),
        ]
        .iter()
        .collect();
        let description = brief.description.replace(['\n', '\r'], " ");
        text.push_str(&cache_lines::line(&format!("{blob} {} {flags} {description}", brief.jobs)));
    }
    text
}

fn decode(bytes: &[u8]) -> HashMap<Oid, Brief> {
    let line = |line: &str| {
        let mut fields = line.splitn(4, ' ');
        let blob = Oid::from_str(fields.next()?).ok()?;
        let jobs = fields.next()?.parse().ok()?;
        let flags = fields.next().filter(|flags| flags.len() == 3)?;
        let brief = Brief {
            jobs,
            has_sub_schedules: flags.starts_with('s'),
            has_external_dependencies: flags[1..].starts_with('e'),
            is_readable: flags.ends_with('r'),
            description: fields.next()?.to_owned(),
        };
        Some((blob, brief))
    };
    cache_lines::read(bytes).filter_map(line).collect()
}
