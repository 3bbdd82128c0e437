//! The options of `replace`, as scripts write them.

use rhai::{Dynamic, Map};

use super::handle::Refused;
use crate::rules::replace::{Options, Unmatched, Wildcard, unknown_option};

/// The text of a plain value.
pub(super) fn plain(value: &Dynamic) -> Option<String> {
    let is_plain = value.is_string() || value.is_int() || value.is_bool() || value.is_char();
    is_plain.then(|| value.to_string())
}

/// The options of `replace`, from a script's map.
pub(crate) fn options_of(map: &Map) -> Refused<Options> {
    let mut options = Options::default();
    for (key, value) in map {
        let text = || plain(value).ok_or_else(|| format!("`{key}` has to be a text"));
        let flag = || value.as_bool().map_err(|_| format!("`{key}` is true or false"));
        match key.as_str() {
            "partial" => options.partial = flag()?,
            "job" => options.job = Wildcard::new(&text()?),
            "schedule" => options.schedule = Wildcard::new(&text()?),
            "current_contents" => options.current_contents = Some(text()?),
            "new_contents" => options.new_contents = Some(text()?),
            "optional" if flag()? => options.unmatched = Some(Unmatched::Optional),
            "strict" if flag()? => options.unmatched = Some(Unmatched::Strict),
            "optional" | "strict" => {
                options.unmatched.get_or_insert(Unmatched::Warn);
            }
            other => return Err(unknown_option(other)),
        }
    }
    let on = |key: &str| map.get(key).is_some_and(|flag| flag.as_bool() == Ok(true));
    if on("optional") && on("strict") {
        return Err("`optional` and `strict` exclude each other".to_owned());
    }
    Ok(options)
}
