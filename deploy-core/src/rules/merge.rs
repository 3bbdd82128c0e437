//! Shared objects that rules gave the name of another: one of them goes.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::document::items;
use super::session::Session;
use super::{document::Owner, trace::Trace};
use crate::definition::form::{SHARED_LISTS, field};

/// Leaves out what was renamed onto an object that is there under that name.
pub(crate) fn merge_shared(session: &mut Session) {
    let renamed = renamed(&session.recorder.trace);
    if renamed.is_empty() {
        return;
    }
    for (list, key) in SHARED_LISTS {
        let mut groups: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
        for (at, item) in
            items(&session.document, list).iter().enumerate().filter(|(_, item)| !item.is_null())
        {
            let name: Option<Vec<String>> =
                key.iter().map(|path| Some(field(item, path)?.as_str()?.to_owned())).collect();
            if let Some(name) = name {
                groups.entry(name).or_default().push(at);
            }
        }
        let is_renamed = |at: &usize| renamed.contains(&(*list, *at));
        let mut doubles: Vec<_> =
            groups.into_iter().filter(|(_, group)| group.len() > 1 && group.iter().any(is_renamed)).collect();
        doubles.sort();
        for (name, group) in doubles {
            let kept = group.iter().find(|at| !is_renamed(at)).or(group.first()).copied();
            for at in group.into_iter().filter(|at| Some(*at) != kept) {
                let slot = Owner::Top.get_mut(&mut session.document);
                if let Some(slot) = slot.and_then(|top| top.get_mut(list)?.get_mut(at)) {
                    *slot = Value::Null;
                }
            }
            session.removed.push((Owner::Top, list));
            let name = name.last().cloned().unwrap_or_default();
            session
                .warn(0, format!("`{list}` would hold `{name}` twice: only the one that was there is sent"));
        }
    }
}

/// The items of shared lists whose names were changed.
fn renamed(trace: &Trace) -> HashSet<(&'static str, usize)> {
    let of = |pointer: &str| {
        let mut parts = pointer.split('/').skip(1);
        let list = parts.next()?;
        let (list, _) = SHARED_LISTS.iter().find(|(shared, _)| *shared == list)?;
        let at = parts.next()?.parse().ok()?;
        (parts.last() == Some("name")).then_some((*list, at))
    };
    let hits = trace.hits().filter(|(_, _, hit)| hit.spot.schedule.is_none());
    hits.filter_map(|(_, _, hit)| of(&hit.spot.pointer)).collect()
}
