//! The functions and words that scripts are given, as the reference describes them.

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
