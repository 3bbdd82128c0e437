//! What scripts may call, registered with the engine.

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};

use super::fields::{FIELDS, Field, Kind, LISTS, List};
use super::handle::{Handle, Refused};
use super::options::{options_of, plain};
use super::values::scalar;
use super::{given, texts};
use crate::rules::replace::{self, At, Request};
use crate::rules::session::{Session, Stop};

pub(super) type Answer<T> = Result<T, Box<EvalAltResult>>;

pub(super) fn error(ctx: &NativeCallContext<'_>, message: impl Into<String>) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(message.into().into(), ctx.call_position()))
}

pub(super) fn at(ctx: &NativeCallContext<'_>) -> At {
    let position = ctx.call_position();
    At { line: position.line().unwrap_or(0), column: position.position().unwrap_or(0) }
}

/// Uses the session of this thread; a reason becomes an error at the call.
pub(super) fn session<T>(
    ctx: &NativeCallContext<'_>,
    use_it: impl FnOnce(&mut Session) -> Refused<T>,
) -> Answer<T> {
    match Session::with(use_it) {
        Some(answer) => answer.map_err(|message| error(ctx, message)),
        None => {
            Err(error(ctx, "an imported rule holds functions only: nothing can be changed outside of them"))
        }
    }
}

/// Ends the run in a way that no script can catch.
fn stop<T>(ctx: &NativeCallContext<'_>, stop: Stop) -> Answer<T> {
    let message = stop.message().to_owned();
    Session::with(|session| session.stop = Some(stop));
    Err(Box::new(EvalAltResult::ErrorTerminated(message.into(), ctx.call_position())))
}

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Handle>("Item");
    given::register(engine);
    fields(engine);
    lists(engine);
    changes(engine);
    texts::register(engine);
    replacing(engine);
    engine.register_fn("warn", |ctx: NativeCallContext<'_>, text: &str| -> Answer<()> {
        let line = at(&ctx).line;
        session(&ctx, |session| {
            session.warn(line, text);
            Ok(())
        })
    });
    engine.register_fn("fail", |ctx: NativeCallContext<'_>, text: &str| -> Answer<()> {
        let At { line, column } = at(&ctx);
        stop(&ctx, Stop::Failed { line, column, message: text.to_owned() })
    });
}

fn fields(engine: &mut Engine) {
    let mut names: Vec<&'static str> = FIELDS.iter().map(|field| field.name).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let read = named(name);
        let written = read.clone();
        engine.register_get(name, move |ctx: NativeCallContext<'_>, item: &mut Handle| -> Answer<Dynamic> {
            session(&ctx, |session| item.read(session, &read))
        });
        engine.register_set(
            name,
            move |ctx: NativeCallContext<'_>, item: &mut Handle, value: Dynamic| -> Answer<()> {
                let at = at(&ctx);
                session(&ctx, |session| item.write(session, &written, value, at))
            },
        );
    }
}

/// The properties of all kinds that have a name.
pub(super) fn named(name: &str) -> Vec<&'static Field> {
    FIELDS.iter().filter(|field| field.name == name).collect()
}

fn array(handles: Vec<Handle>) -> Array {
    handles.into_iter().map(Dynamic::from).collect()
}

fn lists(engine: &mut Engine) {
    for row in LISTS.iter().filter(|row| row.owner.is_none()) {
        engine.register_fn(row.name, move |ctx: NativeCallContext<'_>| -> Answer<Array> {
            session(&ctx, |session| Handle::list(session, row, None, "").map(array))
        });
        engine.register_fn(row.name, move |ctx: NativeCallContext<'_>, pattern: &str| -> Answer<Array> {
            session(&ctx, |session| Handle::list(session, row, None, pattern).map(array))
        });
        if !row.one.is_empty() {
            engine.register_fn(row.one, move |ctx: NativeCallContext<'_>, name: &str| -> Answer<Handle> {
                session(&ctx, |session| Handle::one(session, row, None, name))
            });
        }
    }
    let methods = |word: fn(&List) -> &'static str| {
        let mut names: Vec<&'static str> = LISTS.iter().filter(|row| row.owner.is_some()).map(word).collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        names.dedup();
        names
    };
    for name in methods(|row| row.name) {
        engine.register_fn(name, move |ctx: NativeCallContext<'_>, item: &mut Handle| -> Answer<Array> {
            session(&ctx, |session| Handle::list(session, item.list_of(name)?, Some(*item), "").map(array))
        });
        engine.register_fn(
            name,
            move |ctx: NativeCallContext<'_>, item: &mut Handle, pattern: &str| -> Answer<Array> {
                session(&ctx, |session| {
                    Handle::list(session, item.list_of(name)?, Some(*item), pattern).map(array)
                })
            },
        );
    }
    for name in methods(|row| row.one) {
        engine.register_fn(
            name,
            move |ctx: NativeCallContext<'_>, item: &mut Handle, wanted: &str| -> Answer<Handle> {
                session(&ctx, |session| Handle::one(session, item.list_of(name)?, Some(*item), wanted))
            },
        );
    }
    engine.register_fn("jobs", |ctx: NativeCallContext<'_>| session(&ctx, |s| all_jobs(s, "").map(array)));
    engine.register_fn("jobs", |ctx: NativeCallContext<'_>, pattern: &str| {
        session(&ctx, |session| all_jobs(session, pattern).map(array))
    });
    engine.register_fn("count_jobs", |ctx: NativeCallContext<'_>| {
        session(&ctx, |session| Ok(count(all_jobs(session, "")?.len())))
    });
    engine.register_fn("count_jobs", |ctx: NativeCallContext<'_>, pattern: &str| {
        session(&ctx, |session| Ok(count(all_jobs(session, pattern)?.len())))
    });
    engine.register_fn(
        "has_job",
        |ctx: NativeCallContext<'_>, item: &mut Handle, name: &str| -> Answer<bool> {
            session(&ctx, |session| {
                Handle::list(session, item.list_of("jobs")?, Some(*item), name.trim_end_matches('*'))
                    .map(|found| !found.is_empty())
            })
        },
    );
    engine.register_fn("schedule_of", |ctx: NativeCallContext<'_>, item: &mut Handle| {
        item.schedule().map_err(|message| error(&ctx, message))
    });
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn all_jobs(session: &Session, pattern: &str) -> Refused<Vec<Handle>> {
    let row = |kind: Kind| LISTS.iter().find(move |row| row.kind == kind);
    let (Some(schedules), Some(jobs)) = (row(Kind::Schedule), row(Kind::Job)) else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for schedule in Handle::list(session, schedules, None, "")? {
        all.extend(Handle::list(session, jobs, Some(schedule), pattern)?);
    }
    Ok(all)
}

fn changes(engine: &mut Engine) {
    engine.register_fn("get", |ctx: NativeCallContext<'_>, item: &mut Handle, pointer: &str| {
        session(&ctx, |session| item.get(session, pointer))
    });
    engine.register_fn("has", |ctx: NativeCallContext<'_>, item: &mut Handle, pointer: &str| {
        session(&ctx, |session| item.has(session, pointer))
    });
    engine.register_fn(
        "set",
        |ctx: NativeCallContext<'_>, item: &mut Handle, pointer: &str, value: Dynamic| -> Answer<()> {
            let at = at(&ctx);
            session(&ctx, |session| {
                if !pointer.starts_with('/') {
                    return Err(format!("`{pointer}` is no JSON pointer: it begins with `/`"));
                }
                item.set(session, pointer, scalar(value)?, at)
            })
        },
    );
    engine.register_fn("remove", |ctx: NativeCallContext<'_>, item: &mut Handle| -> Answer<()> {
        let at = at(&ctx);
        session(&ctx, |session| item.remove(session, at))
    });
    for (name, add) in [("add_tag", true), ("remove_tag", false)] {
        engine.register_fn(
            name,
            move |ctx: NativeCallContext<'_>, item: &mut Handle, tag: &str| -> Answer<()> {
                let at = at(&ctx);
                session(&ctx, |session| item.change_tags(session, tag, add, at))
            },
        );
    }
    let tags = named("tags");
    engine.register_fn(
        "has_tag",
        move |ctx: NativeCallContext<'_>, item: &mut Handle, tag: &str| -> Answer<bool> {
            session(&ctx, |session| {
                let tags = item.read(session, &tags)?;
                Ok(tags
                    .into_typed_array::<ImmutableString>()
                    .is_ok_and(|tags| tags.iter().any(|own| own == tag)))
            })
        },
    );
    engine.register_fn(
        "add_event",
        |ctx: NativeCallContext<'_>, item: &mut Handle, text: &str, status: &str| -> Answer<Handle> {
            let at = at(&ctx);
            session(&ctx, |session| item.add_event(session, text, status, at))
        },
    );
}

/// Registers `replace` for one pair of types: each has to be as exact as the function of the
/// same name for texts, which it takes the place of.
macro_rules! replace_of {
    ($engine:ident, $current:ty, $new:ty) => {
        $engine.register_fn(
            "replace",
            |ctx: NativeCallContext<'_>, tag: ImmutableString, current: $current, new: $new| {
                call_replace(&ctx, &tag, &Dynamic::from(current), &Dynamic::from(new), &Map::new())
            },
        );
    };
}

fn replacing(engine: &mut Engine) {
    replace_of!(engine, ImmutableString, ImmutableString);
    replace_of!(engine, ImmutableString, char);
    replace_of!(engine, char, ImmutableString);
    replace_of!(engine, char, char);
    engine.register_fn("replace", |ctx: NativeCallContext<'_>, tag: &str, current: Dynamic, new: Dynamic| {
        call_replace(&ctx, tag, &current, &new, &Map::new())
    });
    engine.register_fn(
        "replace",
        |ctx: NativeCallContext<'_>, tag: &str, current: Dynamic, new: Dynamic, options: Map| {
            call_replace(&ctx, tag, &current, &new, &options)
        },
    );
}

fn call_replace(
    ctx: &NativeCallContext<'_>,
    tag: &str,
    current: &Dynamic,
    new: &Dynamic,
    options: &Map,
) -> Answer<i64> {
    let at = at(ctx);
    let done = session(ctx, |session| {
        let tags = std::sync::Arc::clone(&session.settings.tags);
        let Some(tag) = tags.get(tag) else {
            let near = tags.nearest(tag);
            let hint = near.first().map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
            return Err(format!("unknown tag `{tag}`{hint}"));
        };
        let options = options_of(options)?;
        let text = |value: &Dynamic, word: &str| {
            plain(value).ok_or_else(|| format!("the {word} value has to be a text"))
        };
        let request = Request {
            tag: std::sync::Arc::clone(tag),
            current: text(current, "current")?,
            new: text(new, "new")?,
            options,
        };
        request.check()?;
        Ok(replace::run(session, &request, at))
    })?;
    match done {
        Ok(changed) => Ok(count(changed)),
        Err(reason) => stop(ctx, reason),
    }
}
