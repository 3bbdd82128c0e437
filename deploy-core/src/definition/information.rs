//! Deployment information: one line of JSON at the start of a schedule's
//! documentation field, by which a target tells what was deployed to it.

/// How the line begins; nothing else in a documentation field looks like it.
pub const PREFIX: &str = "{\"opcon-deploy\":";

/// The documentation without the deployment information.
pub fn without(documentation: &str) -> &str {
    if !documentation.starts_with(PREFIX) {
        return documentation;
    }
    documentation.split_once('\n').map_or("", |(_, rest)| rest)
}
