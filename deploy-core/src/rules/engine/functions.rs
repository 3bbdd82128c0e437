//! The functions that scripts may call, registered and described in one place.

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, Module, NativeCallContext};
use serde_json::Value;

use super::fields::{FIELDS, Field, Kind, LISTS};
use super::handle::{Handle, Refused, scalar};
use crate::rules::diagnostic::nearest;
use crate::rules::events;
use crate::rules::replace::{self, At, Options, Request, Unmatched, Wildcard, unknown_option};
use crate::rules::session::{Session, Stop};
use crate::rules::tokens;

type Answer<T> = Result<T, Box<EvalAltResult>>;

/// A function or method, as the reference describes it.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) signature: &'static str,
    pub(crate) about: &'static str,
    /// Runs over the sample definition.
    pub(crate) example: &'static str,
}

const fn function(
    name: &'static str,
    signature: &'static str,
    about: &'static str,
    example: &'static str,
) -> Function {
    Function { name, signature, about, example }
}

/// All functions and methods but those of [`LISTS`].
pub(crate) const FUNCTIONS: &[Function] = &[
    function(
        "replace",
        "replace(tag, current, new [, #{ partial, job, schedule, optional, strict, current_contents, new_contents }])",
        "Replaces by one of the vendor's tags; answers how many values changed.",
        r#"replace("Windows_Command_Line", "-t25", "-t20", #{ partial: true, job: "WIN*" });"#,
    ),
    function(
        "jobs",
        "jobs([pattern])",
        "All jobs of the definition, or those of a name (`LOAD*` is a beginning).",
        r#"for j in jobs("WIN*") { j.add_tag("windows"); }"#,
    ),
    function(
        "count_jobs",
        "count_jobs([pattern])",
        "How many jobs there are.",
        r#"if count_jobs() > 500 { fail("too big to go out unreviewed"); }"#,
    ),
    function(
        "warn",
        "warn(text)",
        "Adds a warning, which people see before they deploy.",
        r#"warn("look at the start times");"#,
    ),
    function(
        "fail",
        "fail(text)",
        "Stops: nothing is deployed.",
        r#"if target.name == "nowhere" { fail("not there"); }"#,
    ),
    function(
        "get",
        "item.get(pointer)",
        "The value under a JSON pointer inside the item; `()` where there is none.",
        r#"let c = schedule("FIN_DAILY").job("WIN_LOAD").get("/windowsData/commandLine");"#,
    ),
    function(
        "set",
        "item.set(pointer, value)",
        "Sets the value under a JSON pointer inside the item; objects on the way are made.",
        r#"schedule("FIN_DAILY").job("WIN_LOAD").set("/windowsData/runInCommandShell", true);"#,
    ),
    function(
        "has",
        "item.has(pointer)",
        "Whether there is a value under a JSON pointer inside the item.",
        r#"let there = schedule("FIN_DAILY").has("/documentation");"#,
    ),
    function(
        "remove",
        "item.remove()",
        "Takes the item out of the definition.",
        r#"schedule("FIN_DAILY").job("SAP_POST").remove();"#,
    ),
    function(
        "schedule_of",
        "item.schedule_of()",
        "The schedule that a job, an event, a frequency … belongs to.",
        r#"for j in jobs() { if j.schedule_of().name == "FIN_SUB" { j.add_tag("sub"); } }"#,
    ),
    function(
        "has_job",
        "schedule.has_job(name)",
        "Whether the schedule has a job of that name.",
        r#"let there = schedule("FIN_DAILY").has_job("WIN_LOAD");"#,
    ),
    function(
        "add_tag",
        "job.add_tag(tag)",
        "Adds a tag to a job that does not have it.",
        r#"for j in jobs() { j.add_tag(target.name); }"#,
    ),
    function(
        "remove_tag",
        "job.remove_tag(tag)",
        "Takes a tag off a job.",
        r#"for j in jobs() { j.remove_tag("dev"); }"#,
    ),
    function(
        "has_tag",
        "job.has_tag(tag)",
        "Whether a job has a tag.",
        r#"for j in jobs() { if j.has_tag("eod") { warn(j.name); } }"#,
    ),
    function(
        "add_event",
        "item.add_event(text, job_status)",
        "Adds an event to a job or a schedule; answers it.",
        r#"schedule("FIN_DAILY").job("WIN_LOAD").add_event("$PROPERTY:SET,LAST,1", "Job Failed");"#,
    ),
    function(
        "command",
        "event.command",
        "The command and action of an event: `$JOB:ADD`.",
        r#"for e in schedule("FIN_DAILY").events() { print(e.command); }"#,
    ),
    function(
        "arg",
        "event.arg(number)",
        "An argument of an event, from 0; empty where there is none.",
        r#"for e in schedule("FIN_DAILY").events() { print(e.arg(1)); }"#,
    ),
    function(
        "args",
        "event.args()",
        "The arguments of an event. A comma inside a token separates nothing.",
        r#"for e in schedule("FIN_DAILY").events() { print(e.args().len()); }"#,
    ),
    function(
        "set_arg",
        "event.set_arg(number, text)",
        "Sets an argument of an event and writes the event back.",
        r#"for e in schedule("FIN_DAILY").events() { if e.command == "$SCHEDULE:BUILD" { e.set_arg(2, "Y"); } }"#,
    ),
    function(
        "event_command",
        "event_command(text)",
        "The command and action of an event's text.",
        r#"let c = event_command("$JOB:ADD,,A,B");"#,
    ),
    function(
        "event_args",
        "event_args(text)",
        "The arguments of an event's text.",
        r#"let a = event_args("$JOB:ADD,,A,B");"#,
    ),
    function(
        "event_text",
        "event_text(command, args)",
        "The text of an event.",
        r#"let t = event_text("$JOB:ADD", ["", "A", "B"]);"#,
    ),
    function(
        "tokens",
        "tokens(text)",
        "The names in the tokens of a text: `[[SI.A]]` is `SI.A`.",
        r#"let t = tokens("x [[SI.A]] [[B]]");"#,
    ),
    function(
        "rename_token",
        "rename_token(text, old, new)",
        "The text with a global property, or an instance property written `SI.NAME`, renamed in its tokens.",
        r#"let t = rename_token("[[A]]", "A", "B");"#,
    ),
    function(
        "like",
        "text.like(pattern)",
        "Whether a text is a name, or begins with one (`LOAD*`).",
        r#"let yes = "LOAD1".like("LOAD*");"#,
    ),
];

/// Words that scripts are given.
pub(crate) const GIVEN: &[(&str, &str, &[&str])] = &[
    ("target", "The server the definition goes to.", &["name", "type", "class", "vars"]),
    ("package", "The package that is deployed; its name is empty where there is none.", &["name", "version"]),
    ("deployment", "The deploy.", &["user", "description"]),
];

#[derive(Clone)]
struct TargetRef;
#[derive(Clone)]
struct VarsRef;
#[derive(Clone)]
struct PackageRef;
#[derive(Clone)]
struct DeploymentRef;

fn error(ctx: &NativeCallContext<'_>, message: impl Into<String>) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(message.into().into(), ctx.call_position()))
}

fn at(ctx: &NativeCallContext<'_>) -> At {
    let position = ctx.call_position();
    At { line: position.line().unwrap_or(0), column: position.position().unwrap_or(0) }
}

/// Uses the session of this thread; a reason becomes an error at the call.
fn session<T>(ctx: &NativeCallContext<'_>, use_it: impl FnOnce(&mut Session) -> Refused<T>) -> Answer<T> {
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
    given(engine);
    fields(engine);
    lists(engine);
    changes(engine);
    texts(engine);
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

fn given(engine: &mut Engine) {
    let mut module = Module::new();
    module.set_var("target", TargetRef).set_var("package", PackageRef).set_var("deployment", DeploymentRef);
    engine.register_global_module(module.into());
    engine.register_type_with_name::<TargetRef>("Target");
    engine.register_type_with_name::<VarsRef>("Vars");
    engine.register_type_with_name::<PackageRef>("Package");
    engine.register_type_with_name::<DeploymentRef>("Deployment");
    fn get<T: rhai::Variant + Clone>(
        engine: &mut Engine,
        name: &str,
        read: impl Fn(&Session) -> String + Send + Sync + 'static,
    ) {
        engine.register_get(name, move |ctx: NativeCallContext<'_>, _: &mut T| -> Answer<ImmutableString> {
            session(&ctx, |session| Ok(read(session).into()))
        });
    }
    get::<TargetRef>(engine, "name", |session| session.context.target.name.clone());
    get::<TargetRef>(engine, "type", |session| session.context.target.kind.clone());
    get::<TargetRef>(engine, "class", |session| session.context.target.class.clone());
    get::<DeploymentRef>(engine, "user", |session| session.context.deployment.user.clone());
    get::<DeploymentRef>(engine, "description", |session| session.context.deployment.description.clone());
    let package = |session: &Session| session.context.package.clone().unwrap_or_default();
    get::<PackageRef>(engine, "name", move |session| package(session).name);
    get::<PackageRef>(engine, "version", move |session| package(session).version);
    engine.register_get("vars", |_: &mut TargetRef| VarsRef);
    engine.register_indexer_get(
        |ctx: NativeCallContext<'_>, _: &mut VarsRef, name: ImmutableString| -> Answer<Dynamic> {
            session(&ctx, |session| {
                let vars = &session.context.target.vars;
                let Some(value) = vars.get(name.as_str()) else {
                    let near = nearest(&name, vars.keys().map(String::as_str));
                    let hint =
                        near.first().map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
                    let server = &session.context.target.name;
                    return Err(format!("the server `{server}` has no variable `{name}`{hint}"));
                };
                Ok(match value {
                    Value::Bool(flag) => (*flag).into(),
                    Value::Number(number) => {
                        number.as_i64().map_or_else(|| number.to_string().into(), Dynamic::from_int)
                    }
                    Value::String(text) => text.as_str().into(),
                    other => other.to_string().into(),
                })
            })
        },
    );
    engine.register_fn("has", |ctx: NativeCallContext<'_>, _: &mut VarsRef, name: &str| -> Answer<bool> {
        session(&ctx, |session| Ok(session.context.target.vars.contains_key(name)))
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
    engine.register_get(
        "command",
        |ctx: NativeCallContext<'_>, item: &mut Handle| -> Answer<ImmutableString> {
            let text = event_text(&ctx, *item)?;
            Ok(events::parse(&text).0.into())
        },
    );
}

/// The properties of all kinds that have a name.
fn named(name: &str) -> Vec<&'static Field> {
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
    let methods = |word: fn(&super::fields::List) -> &'static str| {
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

fn event_text(ctx: &NativeCallContext<'_>, item: Handle) -> Answer<String> {
    session(ctx, |session| item.read(session, &named("text")).map(|text| text.to_string()))
}

fn index(ctx: &NativeCallContext<'_>, number: i64) -> Answer<usize> {
    match usize::try_from(number) {
        Ok(index) if index < 100 => Ok(index),
        _ => Err(error(ctx, format!("an event has no argument number {number}"))),
    }
}

fn texts(engine: &mut Engine) {
    engine.register_fn(
        "arg",
        |ctx: NativeCallContext<'_>, item: &mut Handle, number: i64| -> Answer<ImmutableString> {
            let (text, number) = (event_text(&ctx, *item)?, index(&ctx, number)?);
            Ok(events::parse(&text).1.get(number).copied().unwrap_or_default().into())
        },
    );
    engine.register_fn("args", |ctx: NativeCallContext<'_>, item: &mut Handle| -> Answer<Array> {
        let text = event_text(&ctx, *item)?;
        Ok(events::parse(&text).1.into_iter().map(|argument| argument.to_owned().into()).collect())
    });
    engine.register_fn(
        "set_arg",
        |ctx: NativeCallContext<'_>, item: &mut Handle, number: i64, new: &str| -> Answer<()> {
            let (text, number, at) = (event_text(&ctx, *item)?, index(&ctx, number)?, at(&ctx));
            let (command, mut arguments) = events::parse(&text);
            if arguments.len() <= number {
                arguments.resize(number + 1, "");
            }
            arguments[number] = new;
            let text = events::write(command, &arguments);
            session(&ctx, |session| item.write(session, &named("text"), text.into(), at))
        },
    );
    engine.register_fn("event_command", |text: &str| ImmutableString::from(events::parse(text).0));
    engine.register_fn("event_args", |text: &str| -> Array {
        events::parse(text).1.into_iter().map(|argument| argument.to_owned().into()).collect()
    });
    engine.register_fn("event_text", |command: &str, arguments: Array| -> String {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        events::write(command, &arguments)
    });
    engine.register_fn("tokens", |text: &str| -> Array {
        let parts = tokens::parts(text).into_iter().filter(|(_, index, _)| *index == 0);
        parts
            .map(|(scope, _, name)| if scope.is_empty() { name } else { format!("{scope}.{name}") })
            .map(Dynamic::from)
            .collect()
    });
    engine.register_fn("rename_token", |text: &str, old: &str, new: &str| -> String {
        let renamed = tokens::rewrite(text, &mut |part| {
            let name = match part.scope {
                "" => part.name.to_owned(),
                scope => format!("{scope}.{}", part.name),
            };
            let new = new.strip_prefix(&format!("{}.", part.scope)).unwrap_or(new);
            (part.index == 0 && name == old).then(|| new.to_owned())
        });
        renamed.unwrap_or_else(|| text.to_owned())
    });
    engine.register_fn("like", |text: &str, pattern: &str| {
        Wildcard::new(pattern).is_none_or(|pattern| pattern.matches(text))
    });
    // `text.replace(a, b)` is mapped here: `replace(tag, a, b)` is the function for tags.
    engine.register_fn(super::TEXT_REPLACE, |text: &mut ImmutableString, old: &str, new: &str| {
        if !old.is_empty() {
            *text = text.replace(old, new).into();
        }
    });
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

fn plain(value: &Dynamic) -> Option<String> {
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
