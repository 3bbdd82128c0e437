//! File names, and names that clash.

use std::collections::{BTreeMap, HashMap};

use super::code;
use super::finding::Finding;
use crate::definition::{decode, encode};
use crate::repository::layout::{Kind, SCHEDULES};

/// From so many definitions in one folder on, its tree is what commits and history spend their time on.
const MANY: usize = 500;

/// Findings on the names of all counted files: path, kind, stem.
pub(super) fn check(files: &[(&str, Kind, &str)], findings: &mut Vec<Finding>) {
    let mut by_folded: HashMap<(Kind, String), Vec<(&str, &str)>> = HashMap::new();
    for (path, kind, stem) in files {
        if decode(stem).is_none() {
            let end = path.rsplit('.').next().unwrap_or_default();
            let written = percent_free(stem);
            let message = format!(
                "`{stem}.{end}` is not how a name is written; for `{written}` it is `{}.{end}`",
                encode(&written)
            );
            findings.push(Finding::new(code::FILE_NAME, path, message));
        }
        by_folded.entry((*kind, stem.to_lowercase())).or_default().push((path, stem));
    }
    for ((kind, _), files) in by_folded.iter().filter(|(_, files)| files.len() > 1) {
        // The first in the order of the paths is the one the others are held against.
        let (first_path, first) = files[0];
        for (path, stem) in &files[1..] {
            let name = decode(stem).unwrap_or_else(|| (*stem).to_owned());
            let word = kind.word();
            findings.push(if *stem == first {
                let message = format!("{word} `{name}` lies in `{first_path}` too; move one away or rename it");
                Finding::new(code::SAME_NAME, path, message)
            } else {
                let message = format!(
                    "the name of {word} `{name}` differs only in case from `{first_path}`; one of them would be lost on Windows and macOS"
                );
                Finding::new(code::SAME_BUT_FOR_CASE, path, message)
            });
        }
    }
    folders(files, findings);
}

fn folders(files: &[(&str, Kind, &str)], findings: &mut Vec<Finding>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, _, _) in files.iter().filter(|(_, kind, _)| *kind == Kind::Schedule) {
        *counts.entry(path.rsplit_once('/').map_or("", |(folder, _)| folder)).or_default() += 1;
    }
    for (folder, count) in counts {
        let parts =
            folder.strip_prefix(SCHEDULES).unwrap_or(folder).split('/').filter(|part| !part.is_empty());
        for part in parts.filter(|part| decode(part).is_none()) {
            let message = format!(
                "the folder `{part}` is not safe on every system; `{}` is",
                encode(&percent_free(part))
            );
            findings.push(Finding::new(code::FOLDER_NAME, folder, message));
        }
        if count > MANY {
            let message = format!(
                "{count} definitions in one folder make every commit and every question to the history slow; folders for applications help (a schedule keeps its versions when it is moved)"
            );
            findings.push(Finding::new(code::LARGE_FOLDER, folder, message));
        }
    }
}

/// The name a badly written file name was probably meant for.
fn percent_free(stem: &str) -> String {
    percent_encoding::percent_decode_str(stem).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clashing_and_unsafe_names_are_found() {
        let many: Vec<String> = (0..=MANY).map(|at| format!("schedules/big/S{at}.json")).collect();
        let mut files = vec![
            ("packages/A.toml", Kind::Package, "A"),
            ("rules/r.json", Kind::Rule, "r"),
            ("rules/r.rhai", Kind::Rule, "r"),
            ("schedules/CON/X.json", Kind::Schedule, "X"),
            ("schedules/a/A.json", Kind::Schedule, "A"),
            ("schedules/b/A.json", Kind::Schedule, "A"),
            ("schedules/b/a.json", Kind::Schedule, "a"),
            ("schedules/b/end..json", Kind::Schedule, "end."),
        ];
        files.extend(many.iter().map(|path| (path.as_str(), Kind::Schedule, &path[14..path.len() - 5])));
        let mut findings = Vec::new();
        check(&files, &mut findings);
        let mut found: Vec<(&str, &str)> = findings
            .iter()
            .map(|finding| (finding.code, finding.path.as_deref().unwrap_or_default()))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("file-name", "schedules/b/end..json"),
                ("folder-name", "schedules/CON"),
                ("large-folder", "schedules/big"),
                ("same-but-for-case", "schedules/b/a.json"),
                ("same-name", "rules/r.rhai"),
                ("same-name", "schedules/b/A.json"),
            ]
        );
    }
}
