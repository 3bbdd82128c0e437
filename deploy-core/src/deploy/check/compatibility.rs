//! Whether the target's release knows what the definition uses.

use super::findings::Where;
use super::{Findings, Subject};
use crate::deploy::Severity;
use crate::rules::features::Release;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    // ImpEx2 is part of a release of OpCon; the REST API has versions of its own on some.
    let versions = [&subject.version.impex, &subject.version.opcon];
    let Some(target) = versions.into_iter().find_map(|version| Release::parse(version)) else {
        let message = format!(
            "the version `{}` of `{}` is not understood: what it knows cannot be told",
            subject.version.impex, subject.server
        );
        return findings.add(Severity::Warning, Where::default(), message);
    };
    let mut stopped = false;
    for feature in subject.features.iter().filter(|feature| feature.since.line() > target.line()) {
        for at in feature.uses(subject.definition.value()) {
            stopped = true;
            let message = format!(
                "uses {}, which OpCon knows from {} on; `{}` has {target}",
                feature.about, feature.since, subject.server
            );
            findings.add(Severity::Error, Where { schedule: at.schedule, job: at.job }, message);
        }
    }
    if stopped {
        return;
    }
    for (schedule, version) in subject.releases {
        let newer = Release::parse(version).filter(|release| release.line() > target.line());
        if let Some(release) = newer {
            let message = format!(
                "exported from OpCon {release}, newer than {target} of `{}`; nothing in it is known to need that",
                subject.server
            );
            findings.add(Severity::Warning, Where::schedule(schedule), message);
        }
    }
}
