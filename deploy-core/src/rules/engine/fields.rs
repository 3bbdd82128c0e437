//! The properties of what scripts handle: OpCon's words, and where they stand.

/// What a handle is a handle onto.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Schedule,
    Job,
    Dependency,
    ExternalDependency,
    ExpressionDependency,
    ResourceDependency,
    ThresholdDependency,
    Event,
    Frequency,
    Property,
    Resource,
    Threshold,
    Script,
    Calendar,
    Role,
    Department,
    NamedInstance,
}

impl Kind {
    pub(crate) const ALL: &'static [Self] = &[
        Self::Schedule,
        Self::Job,
        Self::Dependency,
        Self::ExternalDependency,
        Self::ExpressionDependency,
        Self::ResourceDependency,
        Self::ThresholdDependency,
        Self::Event,
        Self::Frequency,
        Self::Property,
        Self::Resource,
        Self::Threshold,
        Self::Script,
        Self::Calendar,
        Self::Role,
        Self::Department,
        Self::NamedInstance,
    ];

    /// The word for it in messages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Job => "job",
            Self::Dependency => "dependency",
            Self::ExternalDependency => "external dependency",
            Self::ExpressionDependency => "expression dependency",
            Self::ResourceDependency => "resource dependency",
            Self::ThresholdDependency => "threshold dependency",
            Self::Event => "event",
            Self::Frequency => "frequency",
            Self::Property => "property",
            Self::Resource => "resource",
            Self::Threshold => "threshold",
            Self::Script => "script",
            Self::Calendar => "calendar",
            Self::Role => "role",
            Self::Department => "department",
            Self::NamedInstance => "named instance",
        }
    }
}

/// How a property's value is shown to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    /// `HH:MM`
    Time,
    Number,
    Flag,
    /// A list of texts, read only.
    Texts,
    /// A name: setting it changes it wherever it is referred to.
    Name,
}

/// A property.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    /// Pointers, of which the first whose object is there counts.
    pub(crate) pointers: &'static [&'static str],
    pub(crate) of: Type,
    pub(crate) about: &'static str,
}

const fn field(
    kind: Kind,
    name: &'static str,
    of: Type,
    pointers: &'static [&'static str],
    about: &'static str,
) -> Field {
    Field { kind, name, pointers, of, about }
}

use Kind as K;
use Type::{Flag, Name, Number, Text, Texts, Time};

/// All properties.
pub(crate) const FIELDS: &[Field] = &[
    field(
        K::Schedule,
        "name",
        Name,
        &["/name"],
        "Its name; setting it renames it wherever it is referred to.",
    ),
    field(K::Schedule, "start_time", Time, &["/startTime"], "When it starts, `HH:MM`."),
    field(K::Schedule, "auto_build_time", Time, &["/autoBuildTime"], "When it is built, `HH:MM`."),
    field(K::Schedule, "auto_build_days", Number, &["/autoBuildDays"], "For how many days it is built."),
    field(
        K::Schedule,
        "auto_build_days_in_advance",
        Number,
        &["/autoBuildDaysInAdvance"],
        "How many days ahead it is built.",
    ),
    field(
        K::Schedule,
        "auto_delete_days",
        Number,
        &["/autoDeleteDays"],
        "After how many days it is deleted.",
    ),
    field(K::Schedule, "build_on_hold", Flag, &["/buildOnHold"], "Whether it is built on hold."),
    field(
        K::Schedule,
        "build_overwrite",
        Flag,
        &["/buildOverwrite"],
        "Whether a build replaces what is there.",
    ),
    field(
        K::Schedule,
        "multi_instance",
        Flag,
        &["/multiInstance"],
        "Whether it may run more than once a day.",
    ),
    field(K::Schedule, "sub_schedule", Flag, &["/subSchedule"], "Whether container jobs may run it."),
    field(K::Schedule, "machine_group", Text, &["/machineGroup"], "The group it is built for."),
    field(K::Schedule, "documentation", Text, &["/documentation"], "Its documentation."),
    field(
        K::Schedule,
        "instance_properties",
        Texts,
        &["/instancePropertiesList"],
        "Its instance properties, `A=b;C=d`.",
    ),
    field(K::Job, "name", Name, &["/name"], "Its name; setting it renames it wherever it is referred to."),
    field(K::Job, "type", Text, &["/type"], "`Windows`, `UNIX`, `Container`, `Null Job` …"),
    field(K::Job, "machine", Text, &["/primaryMachine"], "The primary machine."),
    field(K::Job, "alternate_machine_1", Text, &["/alternateMachine1"], "The first alternate machine."),
    field(K::Job, "alternate_machine_2", Text, &["/alternateMachine2"], "The second alternate machine."),
    field(K::Job, "alternate_machine_3", Text, &["/alternateMachine3"], "The third alternate machine."),
    field(K::Job, "machine_group", Text, &["/machineGroup"], "The machine group."),
    field(
        K::Job,
        "user",
        Text,
        &[
            "/windowsData/userId",
            "/unixData/userId",
            "/ibmiData/userId",
            "/mcpData/userCode",
            "/os2200Data/userId",
            "/zosData/batchUser",
        ],
        "The user it runs as.",
    ),
    field(K::Job, "group", Text, &["/unixData/groupId"], "The group a UNIX job runs in."),
    field(K::Job, "command_line", Text, &["/windowsData/commandLine"], "The command line of a Windows job."),
    field(
        K::Job,
        "working_directory",
        Text,
        &["/windowsData/workingDirectory"],
        "The working directory of a Windows job.",
    ),
    field(K::Job, "start_image", Text, &["/unixData/startImage"], "The start image of a UNIX job."),
    field(K::Job, "parameters", Text, &["/unixData/parameters"], "The parameters of a UNIX job."),
    field(
        K::Job,
        "script",
        Text,
        &["/windowsData/scriptName", "/unixData/scriptName"],
        "The embedded script it runs.",
    ),
    field(
        K::Job,
        "script_arguments",
        Text,
        &["/windowsData/scriptArguments", "/unixData/scriptArguments"],
        "The arguments of the embedded script.",
    ),
    field(
        K::Job,
        "sub_schedule",
        Text,
        &["/containerData/subScheduleName"],
        "The schedule a container job runs.",
    ),
    field(K::Job, "department", Text, &["/departmentName"], "The department."),
    field(K::Job, "access_code", Text, &["/accessCode"], "The access code."),
    field(K::Job, "documentation", Text, &["/documentation"], "Its documentation."),
    field(K::Job, "disable_build", Flag, &["/disableBuild"], "Whether it is left out of builds."),
    field(K::Job, "multi_instance", Flag, &["/multiInstance"], "Whether it may run more than once."),
    field(K::Job, "tags", Texts, &["/tagList"], "Its tags."),
    field(
        K::Job,
        "instance_properties",
        Texts,
        &["/instancePropertyList"],
        "Its instance properties, `A=b;C=d`.",
    ),
    field(K::Dependency, "job", Text, &["/jobName"], "The job that waits."),
    field(K::Dependency, "frequency", Text, &["/frequencyName"], "The frequency it holds for."),
    field(K::Dependency, "predecessor", Text, &["/predecessorJobName"], "The job that is waited for."),
    field(K::Dependency, "predecessor_frequency", Text, &["/predecessorFrequencyName"], "Its frequency."),
    field(K::Dependency, "type", Text, &["/dependencyType"], "`After`, `Requires`, `Excludes`."),
    field(K::Dependency, "option", Text, &["/dependencyOption"], "`Normal`, `Ignore Exit Code`, `Failed`."),
    field(K::ExternalDependency, "schedule", Text, &["/scheduleName"], "The schedule of the job that waits."),
    field(K::ExternalDependency, "job", Text, &["/jobName"], "The job that waits."),
    field(
        K::ExternalDependency,
        "predecessor_schedule",
        Text,
        &["/predecessorScheduleName"],
        "The other schedule.",
    ),
    field(
        K::ExternalDependency,
        "predecessor",
        Text,
        &["/predecessorJobName"],
        "The job that is waited for.",
    ),
    field(K::ExternalDependency, "type", Text, &["/dependencyType"], "`After`, `Requires`, `Excludes`."),
    field(
        K::ExternalDependency,
        "option",
        Text,
        &["/dependencyOption"],
        "`Normal`, `Ignore Exit Code`, `Failed`.",
    ),
    field(K::ExternalDependency, "date_offset", Number, &["/dateOffset"], "Days between the two schedules."),
    field(K::ExpressionDependency, "expression", Text, &["/expression"], "The expression."),
    field(K::ExpressionDependency, "frequency", Text, &["/frequencyName"], "The frequency it holds for."),
    field(K::ResourceDependency, "resource", Text, &["/resourceName"], "The resource."),
    field(K::ResourceDependency, "frequency", Text, &["/frequencyName"], "The frequency it holds for."),
    field(K::ResourceDependency, "requires", Number, &["/requires"], "How much of it is needed."),
    field(K::ThresholdDependency, "threshold", Text, &["/thresholdName"], "The threshold."),
    field(K::ThresholdDependency, "frequency", Text, &["/frequencyName"], "The frequency it holds for."),
    field(K::ThresholdDependency, "operator", Text, &["/operator"], "`EQ`, `GE`, `LT` …"),
    field(K::ThresholdDependency, "value", Number, &["/value"], "The value it is compared with."),
    field(K::Event, "text", Text, &["/event"], "The whole event, `$COMMAND:ACTION,argument,…`."),
    field(K::Event, "job_status", Text, &["/jobStatus"], "The status that triggers it."),
    field(K::Event, "frequency", Text, &["/frequencyName"], "The frequency it holds for."),
    field(K::Event, "user", Text, &["/userName"], "The OpCon user it runs as."),
    field(
        K::Frequency,
        "name",
        Name,
        &["/name"],
        "Its name; setting it renames it wherever it is referred to.",
    ),
    field(K::Frequency, "start_offset", Text, &["/startOffset"], "When the job starts."),
    field(K::Frequency, "start_status", Text, &["/startStatus"], "`Release`, `On Hold`, `Skip`."),
    field(K::Frequency, "calendar", Text, &["/calendarName"], "The calendar it follows."),
    field(K::Frequency, "priority", Number, &["/priority"], "The priority."),
    field(K::Frequency, "max_run_time", Number, &["/maxRunTime"], "Minutes it may run."),
    field(
        K::Property,
        "name",
        Name,
        &["/name"],
        "Its name; setting it renames it wherever it is referred to.",
    ),
    field(K::Property, "value", Text, &["/value"], "Its value."),
    field(K::Property, "encrypted", Flag, &["/encrypted"], "Whether its value is encrypted."),
    field(K::Property, "description", Text, &["/description"], "Its description."),
    field(
        K::Resource,
        "name",
        Name,
        &["/name"],
        "Its name; setting it renames it wherever it is referred to.",
    ),
    field(K::Resource, "value", Number, &["/value"], "Its value."),
    field(
        K::Threshold,
        "name",
        Name,
        &["/name"],
        "Its name; setting it renames it wherever it is referred to.",
    ),
    field(K::Threshold, "value", Number, &["/value"], "Its value."),
    field(
        K::Script,
        "name",
        Name,
        &["/data/name"],
        "Its name; setting it renames it wherever it is referred to.",
    ),
    field(K::Script, "type", Text, &["/data/typeName"], "Its type."),
    field(K::Script, "description", Text, &["/data/description"], "Its description."),
    field(K::Calendar, "name", Text, &["/name"], "Its name."),
    field(K::Calendar, "type", Text, &["/type"], "`Holiday` or `User`."),
    field(K::Calendar, "description", Text, &["/description"], "Its description."),
    field(K::Calendar, "dates", Texts, &["/dateList"], "Its dates."),
    field(K::Role, "name", Name, &["/name"], "Its name; setting it renames it wherever it is referred to."),
    field(K::Role, "description", Text, &["/description"], "Its description."),
    field(K::Department, "name", Text, &["/name"], "Its name."),
    field(
        K::NamedInstance,
        "name",
        Name,
        &["/name"],
        "Its name; setting it renames it wherever it is referred to.",
    ),
];

/// The properties of a kind.
pub(crate) fn of(kind: Kind) -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().filter(move |field| field.kind == kind)
}

/// A function or method that answers handles: its name, what it belongs to (nothing: the
/// definition), the list behind it, what it answers, and whether there are many.
pub(crate) struct List {
    pub(crate) name: &'static str,
    pub(crate) one: &'static str,
    pub(crate) owner: Option<Kind>,
    pub(crate) key: &'static str,
    pub(crate) kind: Kind,
}

const fn list(
    name: &'static str,
    one: &'static str,
    owner: Option<Kind>,
    key: &'static str,
    kind: Kind,
) -> List {
    List { name, one, owner, key, kind }
}

/// All lists of handles.
pub(crate) const LISTS: &[List] = &[
    list("schedules", "schedule", None, "scheduleList", K::Schedule),
    list("properties", "property", None, "propertyList", K::Property),
    list("resources", "resource", None, "variableList", K::Resource),
    list("thresholds", "threshold", None, "variableList", K::Threshold),
    list("scripts", "script", None, "scriptList", K::Script),
    list("calendars", "calendar", None, "calendarList", K::Calendar),
    list("roles", "role", None, "roleList", K::Role),
    list("departments", "department", None, "departmentList", K::Department),
    list("external_dependencies", "", None, "externalDependencyList", K::ExternalDependency),
    list("jobs", "job", Some(K::Schedule), "jobList", K::Job),
    list("dependencies", "", Some(K::Schedule), "internalDependencyList", K::Dependency),
    list("events", "", Some(K::Schedule), "eventList", K::Event),
    list("frequencies", "frequency", Some(K::Schedule), "frequencyList", K::Frequency),
    list("named_instances", "named_instance", Some(K::Schedule), "namedInstancesList", K::NamedInstance),
    list("events", "", Some(K::Job), "eventList", K::Event),
    list("frequencies", "frequency", Some(K::Job), "frequencyList", K::Frequency),
    list("expression_dependencies", "", Some(K::Job), "expressionDependencyList", K::ExpressionDependency),
    list("resource_dependencies", "", Some(K::Job), "resourceDependencyList", K::ResourceDependency),
    list("threshold_dependencies", "", Some(K::Job), "thresholdDependencyList", K::ThresholdDependency),
];
