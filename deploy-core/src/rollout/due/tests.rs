use super::*;
use crate::rollout::What;

/// A rollout with states, to be looked at.
struct Sample {
    id: String,
    file: RolloutFile,
    timing: Timing,
    jobs: Vec<Job>,
    states: HashMap<JobId, JobState>,
    parts: HashMap<String, Vec<Part>>,
}

fn at(text: &str) -> DateTime<Utc> {
    format!("2026-12-{text}:00Z").parse().unwrap()
}

impl Sample {
    /// `what` to the servers of each wave (`A B | C`), with more lines of the file.
    fn new(id: &str, what: &[&str], waves: &str, more: &str) -> Self {
        let file =
            RolloutFile::read("r.toml", format!("to = []\nwhat = {what:?}\n{more}").as_bytes()).unwrap();
        let things = |list: &[String], gone| {
            list.iter().map(|text| What::parse(text, gone).unwrap()).collect::<Vec<_>>()
        };
        let waves: Vec<Vec<String>> =
            waves.split('|').map(|wave| wave.split_whitespace().map(str::to_owned).collect()).collect();
        let jobs = Job::all(id, &things(&file.uninstall, true), &things(&file.what, false), &waves);
        let timing = Timing::of(&file).unwrap();
        Self { id: id.to_owned(), file, timing, jobs, states: HashMap::new(), parts: HashMap::new() }
    }

    fn set(&mut self, server: &str, state: State, ended: Option<&str>) -> &mut JobState {
        let job = self.jobs.iter().find(|job| job.server == server).unwrap();
        let ended = ended.map(|ended| at(ended).fixed_offset());
        let state = JobState { state, ended, ..JobState::waiting(job) };
        self.states.entry(job.id.clone()).insert_entry(state).into_mut()
    }

    fn live(&self) -> Live<'_> {
        let Self { id, file, timing, jobs, states, parts } = self;
        Live { id, file, timing, jobs, states, parts, withdrawn: None }
    }
}

/// One line for each job: server and where it stands.
fn shown(samples: &[&Sample], now: &str) -> Vec<String> {
    let lives: Vec<Live<'_>> = samples.iter().map(|sample| sample.live()).collect();
    let outlook = outlook(&lives, at(now));
    let words = |stand: &Stand| match stand {
        Stand::Waits(Why::Opens(opening)) => format!("opens {}", opening.format("%d %H:%M")),
        Stand::Waits(Why::Soak(until)) => format!("soaks {}", until.format("%d %H:%M")),
        Stand::Waits(why) => format!("{why:?}"),
        Stand::Ended(state, Some(unwritten)) => match unwritten.code {
            Some(code) => format!("{state} {code} {}", unwritten.message),
            None => format!("{state}: {}", unwritten.message),
        },
        Stand::Ended(state, None) => state.to_string(),
        other => format!("{other:?}"),
    };
    let lines = samples.iter().zip(&outlook.stands).flat_map(|(sample, stands)| {
        sample.jobs.iter().zip(stands).map(|(job, stand)| format!("{} {}", job.server, words(stand)))
    });
    lines.collect()
}

/// What may begin, in order.
fn due(samples: &[&Sample], now: &str) -> Vec<String> {
    let lives: Vec<Live<'_>> = samples.iter().map(|sample| sample.live()).collect();
    let due = outlook(&lives, at(now)).due;
    let name =
        |due: Due| format!("{}/{}", samples[due.rollout].id, samples[due.rollout].jobs[due.job].server);
    due.into_iter().map(name).collect()
}

const BERLIN: &str = "timezone = 'Europe/Berlin'\n";

#[test]
fn jobs_begin_between_start_and_end_in_a_frame() {
    let more =
        format!("{BERLIN}start = '2026-12-01 18:00'\nend = '2026-12-03 06:00'\nframes = ['18:00-24:00']\n");
    let sample = Sample::new("q4", &["FIN"], "A", &more);
    // Berlin is an hour ahead.
    assert_eq!(shown(&[&sample], "01 16:59"), ["A opens 01 17:00"]);
    assert_eq!(shown(&[&sample], "01 17:00"), ["A Ready"]);
    assert_eq!(shown(&[&sample], "01 23:00"), ["A opens 02 17:00"]);
    assert_eq!(shown(&[&sample], "02 23:00"), ["A NeverOpens"]);
    assert_eq!(shown(&[&sample], "03 05:00"), ["A expired: not begun before 2026-12-03 06:00"]);
    let mut running = sample;
    running.set("A", State::Running, None);
    assert_eq!(shown(&[&running], "04 05:00"), ["A Running"]);
}

#[test]
fn a_wave_begins_when_the_one_before_has_proved_itself() {
    let mut sample = Sample::new("q4", &["FIN"], "A B | C | D", "soak = '30m'\n");
    assert_eq!(shown(&[&sample], "01 10:00"), ["A Ready", "B Ready", "C Wave(0)", "D Wave(0)"]);
    sample.set("A", State::Succeeded, Some("01 10:05"));
    sample.set("B", State::Running, None);
    assert_eq!(shown(&[&sample], "01 10:30"), ["A succeeded", "B Running", "C Wave(0)", "D Wave(0)"]);
    sample.set("B", State::Succeeded, Some("01 10:20"));
    assert_eq!(shown(&[&sample], "01 10:30")[2..], ["C soaks 01 10:50", "D Wave(1)"]);
    assert_eq!(shown(&[&sample], "01 10:50")[2..], ["C Ready", "D Wave(1)"]);
    // What was there already changed nothing that had to stand a while.
    sample.set("C", State::AlreadyThere, Some("01 10:51"));
    assert_eq!(shown(&[&sample], "01 10:51")[3..], ["D Ready"]);
}

#[test]
fn a_failure_aborts_what_has_not_begun_or_is_passed_over() {
    for (more, expected) in [
        ("", ["A failed", "B Running", "C failed -8888 aborted: deploy of schedule `FIN` on `A` failed"]),
        ("sequence = 'continue'\n", ["A failed", "B Running", "C Ready"]),
    ] {
        let mut sample = Sample::new("q4", &["FIN"], "A B C", more);
        sample.set("A", State::Failed, Some("01 10:00")).code = Some(4);
        sample.set("B", State::Running, None);
        assert_eq!(shown(&[&sample], "01 10:01"), expected);
    }
    // With `continue` a wave with failures is over all the same.
    let mut sample = Sample::new("q4", &["FIN"], "A | B", "sequence = 'continue'\n");
    sample.set("A", State::Failed, Some("01 10:00"));
    assert_eq!(shown(&[&sample], "01 10:01"), ["A failed", "B Ready"]);
    // Once the one that failed waits again, those it took with it alone abort nothing.
    let mut sample = Sample::new("q4", &["FIN"], "A B C", "");
    sample.set("B", State::Failed, Some("01 10:00")).code = Some(ABORTED);
    assert_eq!(shown(&[&sample], "01 10:01"), ["A Ready", "B failed", "C Ready"]);
}

#[test]
fn what_was_taken_out_is_not_begun() {
    let mut sample = Sample::new("q4", &["FIN"], "A B", "");
    sample.set("A", State::Succeeded, Some("01 10:00"));
    let live = Live { withdrawn: Some("Ann says so"), ..sample.live() };
    let stands = outlook(&[live], at("01 11:00")).stands;
    assert_eq!(stands[0][0], Stand::Ended(State::Succeeded, None));
    assert!(
        matches!(&stands[0][1], Stand::Ended(State::Cancelled, Some(why)) if why.message == "Ann says so")
    );
}

#[test]
fn higher_priorities_go_first_then_what_began_earlier() {
    let early = Sample::new("z-early", &["A"], "S1", "start = '2026-12-01T00:00:00Z'\n");
    let late = Sample::new("a-late", &["B"], "S2 S1", "start = '2026-12-02T00:00:00Z'\n");
    let urgent = Sample::new("m-urgent", &["C"], "S3", "start = '2026-12-02T01:00:00Z'\npriority = 5\n");
    let now = "02 02:00";
    assert_eq!(due(&[&late, &early, &urgent], now), ["m-urgent/S3", "z-early/S1", "a-late/S2", "a-late/S1"]);
}

#[test]
fn the_same_thing_in_two_rollouts() {
    let first = Sample::new("first", &["package:FIN@14"], "A B", "priority = 1\n");
    let same = Sample::new("same", &["package:FIN@14"], "a", "");
    let other = Sample::new("other", &["package:FIN@13", "X"], "B", "");
    let all = [&first, &same, &other];
    assert_eq!(
        shown(&all, "01 10:00"),
        [
            "A Ready",
            "B Ready",
            "a Other(\"first\")",
            "B conflict: rollout `first` comes first and is to deploy `package:FIN@14` at the same time",
            "B Ready",
        ]
    );
    assert_eq!(due(&all, "01 10:00"), ["first/A", "first/B", "other/B"]);
    // Whoever is at work keeps what it has, whatever the priorities; when it is over, the other goes on.
    let mut running = Sample::new("other", &["package:FIN@13"], "B", "");
    running.set("B", State::Running, None);
    let found = shown(&[&first, &running], "01 10:00");
    assert!(found[1].starts_with("B conflict: rollout `other` comes first"), "{found:?}");
    running.set("B", State::Succeeded, Some("01 10:00"));
    assert_eq!(shown(&[&first, &running], "01 10:01")[1], "B Ready");
}

#[test]
fn ten_thousand_jobs_are_looked_at_at_once() {
    let servers: Vec<String> = (0..100).map(|server| format!("S{server}")).collect();
    let frames = format!("{BERLIN}frames = ['!SAT 11:00-13:00', '18:00-24:00']\n");
    let things: Vec<String> = (0..100).map(|thing| format!("THING {thing}")).collect();
    let things: Vec<&str> = things.iter().map(String::as_str).collect();
    let mut sample = Sample::new("big", &things, &servers.join(" "), &frames);
    for job in sample.jobs.iter().step_by(2) {
        let state = JobState { state: State::Succeeded, ..JobState::waiting(job) };
        sample.states.insert(job.id.clone(), state);
    }
    let due = due(&[&sample], "01 17:30");
    assert_eq!(due.len(), 5_000);
}

#[test]
fn what_comes_with_a_package_is_in_the_way_too() {
    let with = |label: &str| {
        let mut package = Sample::new("package", &["package:FIN@14"], "A", "priority = 5\n");
        let part = Part { thing: "schedule `Ledger`".to_owned(), label: label.to_owned() };
        package.parts.insert("package:FIN@14".to_owned(), vec![part]);
        package
    };
    let alone = Sample::new("alone", &["Ledger@3"], "A", "");
    let same = shown(&[&with("Ledger@3"), &alone], "01 12:00");
    assert_eq!(same[1], "A Other(\"package\")", "{same:?}");
    let other = shown(&[&with("Ledger@2"), &alone], "01 12:00");
    assert_eq!(
        other[1], "A conflict: rollout `package` comes first and is to deploy `Ledger@2` at the same time",
        "{other:?}"
    );
    let gone = Sample::new("alone", &[], "A", "uninstall = ['LEDGER']\n");
    let gone = shown(&[&with("Ledger@3"), &gone], "01 12:00");
    assert!(gone[1].starts_with("A conflict"), "{gone:?}");
}
