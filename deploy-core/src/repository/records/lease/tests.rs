//! Leases of a clone and of a remote: races, the dead, the broken.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use git2::Oid;

use super::acquire::{Clock, acquire, acquire_all};
use super::{Claim, Got, Holder, Lease, LeaseError, Note, Site, Swap};
use crate::repository::Repository;
use crate::repository::records::testing::person;
use crate::repository::records::{Person, Reach};
use crate::repository::testing::Sandbox;

const LENGTH: Duration = Duration::from_secs(120);

fn claim<'a>(server: &'a str, owner: &'a Person, wait: u64) -> Claim<'a> {
    Claim { server, owner, host: "ws1", purpose: "deploy Payroll@3", wait: Duration::from_secs(wait) }
}

fn take(repository: &Repository, reach: Reach, server: &str, wait: u64) -> Result<Got, LeaseError> {
    Lease::acquire(repository, reach, &claim(server, &person("Ann"), wait), &|_| {})
}

/// A clock that goes on when somebody waits, and what happens meanwhile.
struct Fake<'a> {
    now: Cell<Duration>,
    meanwhile: RefCell<Box<dyn FnMut(Duration) + 'a>>,
}

impl<'a> Fake<'a> {
    fn new(meanwhile: impl FnMut(Duration) + 'a) -> Self {
        Self { now: Cell::new(Duration::ZERO), meanwhile: RefCell::new(Box::new(meanwhile)) }
    }
}

impl Clock for Fake<'_> {
    fn now(&self) -> Duration {
        self.now.get()
    }

    fn pause(&self, time: Duration) {
        assert!(!time.is_zero());
        self.now.set(self.now.get() + time);
        (self.meanwhile.borrow_mut())(self.now.get());
    }
}

/// A holder that has no thread: it lives as long as the test renews it.
struct Puppet {
    site: Site,
    reference: String,
    note: Note,
    commit: Oid,
}

impl Puppet {
    fn new(repository: &Repository, reach: Reach, server: &str) -> Self {
        let site = Site::open(repository, reach).unwrap();
        let reference = site.reference(server);
        let note = Note::new(&claim(server, &person("Carl"), 0), LENGTH);
        let commit = site.commit(server, &note, None).unwrap();
        assert_eq!(site.swap(&reference, None, Some(commit)).unwrap(), Swap::Done);
        Self { site, reference, note, commit }
    }

    /// Takes a lease from a living holder.
    fn usurp(repository: &Repository, reach: Reach, server: &str) -> Self {
        let site = Site::open(repository, reach).unwrap();
        let reference = site.reference(server);
        let note = Note::new(&claim(server, &person("Carl"), 0), LENGTH);
        until(|| {
            let from = site.find(&reference).unwrap().unwrap();
            site.note(&reference, from).unwrap()?;
            let commit = site.commit(server, &note, Some(from)).unwrap();
            (site.swap(&reference, Some(from), Some(commit)).unwrap() == Swap::Done).then_some(commit)
        });
        let commit = site.find(&reference).unwrap().unwrap();
        Self { site, reference, note, commit }
    }

    fn renew(&mut self) {
        self.note = self.note.renewed();
        let commit = self.site.commit("PROD", &self.note, Some(self.commit)).unwrap();
        assert_eq!(self.site.swap(&self.reference, Some(self.commit), Some(commit)).unwrap(), Swap::Done);
        self.commit = commit;
    }

    fn release(&mut self) {
        assert_eq!(self.site.swap(&self.reference, Some(self.commit), None).unwrap(), Swap::Done);
    }
}

/// Runs a test where the leases are in the clone, and where they are on a remote.
fn everywhere(test: impl Fn(&Repository, &Repository, Reach)) {
    let alone = Sandbox::new();
    test(&alone.repository(), &alone.repository(), Reach::Local);
    let shared = Sandbox::new();
    let remote = shared.add_remote();
    test(&shared.repository(), &remote.clone_of("Carl").repository(), Reach::Remote);
}

#[test]
fn one_at_a_time_and_the_next_when_it_is_given_back() {
    everywhere(|ours, theirs, reach| {
        let got = take(ours, reach, "PROD", 0).unwrap();
        assert!(!got.waited && got.took_over.is_none());
        got.lease.still_held().unwrap();
        let error = take(theirs, reach, "PROD", 0).unwrap_err();
        assert_eq!(error.to_string(), "`PROD` is in use by Ann on `ws1`: deploy Payroll@3");
        // Another server is another lease.
        take(theirs, reach, "TEST", 0).unwrap().lease.release().unwrap();
        let held = Lease::list(theirs, reach).unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!((held[0].server.as_str(), held[0].email.as_str()), ("PROD", "ann@example.org"));
        got.lease.release().unwrap();
        assert_eq!(Lease::list(theirs, reach).unwrap(), []);
        let again = take(theirs, reach, "PROD", 0).unwrap();
        // Dropped is given back too.
        drop(again);
        take(ours, reach, "PROD", 0).unwrap().lease.release().unwrap();
    });
}

#[test]
fn of_two_at_the_same_moment_one_wins() {
    everywhere(|ours, theirs, reach| {
        for _ in 0..5 {
            let clones = [ours, theirs].map(|clone| clone.for_thread().unwrap());
            let (start, wait) = (std::sync::Barrier::new(2), &std::sync::Barrier::new(2));
            let wins = std::thread::scope(|scope| {
                let tasks = clones.map(|clone| {
                    let start = &start;
                    scope.spawn(move || {
                        start.wait();
                        let got = take(&clone, reach, "PROD", 0);
                        // Nobody gives back before both have tried.
                        wait.wait();
                        match got {
                            Ok(got) => {
                                got.lease.still_held().unwrap();
                                true
                            }
                            Err(LeaseError::Held { .. }) => false,
                            Err(error) => panic!("{error}"),
                        }
                    })
                });
                tasks.map(|task| task.join().unwrap())
            });
            assert!(wins[0] != wins[1], "{wins:?}");
            assert_eq!(Lease::list(ours, reach).unwrap(), []);
        }
    });
}

#[test]
fn a_ref_of_this_clone_is_made_once_however_many_try() {
    let sandbox = Sandbox::new();
    let repository = sandbox.repository();
    let site = Site::open(&repository, Reach::Local).unwrap();
    let note = Note::new(&claim("PROD", &person("Ann"), 0), LENGTH);
    let commit = site.commit("PROD", &note, None).unwrap();
    let reference = site.reference("PROD");
    for _ in 0..50 {
        let clones = [(); 4].map(|()| repository.for_thread().unwrap());
        let start = std::sync::Barrier::new(clones.len());
        let wins = std::thread::scope(|scope| {
            let tasks = clones.map(|clone| {
                let (start, reference) = (&start, &reference);
                scope.spawn(move || {
                    let site = Site::open(&clone, Reach::Local).unwrap();
                    start.wait();
                    site.swap(reference, None, Some(commit)).unwrap() == Swap::Done
                })
            });
            tasks.map(|task| task.join().unwrap())
        });
        assert_eq!(wins.iter().filter(|won| **won).count(), 1);
        assert_eq!(site.swap(&reference, Some(commit), None).unwrap(), Swap::Done);
    }
}

#[test]
fn up_to_date_is_no_win() {
    let sandbox = Sandbox::new();
    let _remote = sandbox.add_remote();
    let repository = sandbox.repository();
    let puppet = Puppet::new(&repository, Reach::Remote, "PROD");
    // The very commit that is there already: git's push succeeds and says `=`.
    let swap = puppet.site.swap(&puppet.reference, Some(puppet.commit), Some(puppet.commit));
    assert_eq!(swap.unwrap(), Swap::Elsewhere);
}

#[test]
fn the_living_are_waited_for_as_long_as_was_said() {
    everywhere(|ours, theirs, reach| {
        let mut puppet = Puppet::new(theirs, reach, "PROD");
        let mut last = Duration::ZERO;
        let clock = Fake::new(|now| {
            if now - last >= Duration::from_secs(30) {
                (last, _) = (now, puppet.renew());
            }
        });
        let told = Cell::new(0);
        let waiting = |holder: &Holder| {
            told.set(told.get() + 1);
            assert_eq!((holder.name.as_str(), holder.server.as_str()), ("Carl", "PROD"));
        };
        let site = Site::open(ours, reach).unwrap();
        let owner = person("Ann");
        let error = acquire(site, &claim("PROD", &owner, 60), LENGTH, &clock, &waiting).unwrap_err();
        assert!(matches!(error, LeaseError::Held { .. }), "{error}");
        assert_eq!((told.get(), clock.now()), (1, Duration::from_secs(60)));
        drop(clock);

        // One that ends its work meanwhile gives way.
        let clock = Fake::new(|now| {
            if now >= Duration::from_secs(10) && Lease::list(theirs, reach).unwrap().len() == 1 {
                puppet.release();
            }
        });
        let site = Site::open(ours, reach).unwrap();
        let got = acquire(site, &claim("PROD", &owner, 60), LENGTH, &clock, &|_| {}).unwrap();
        assert!(got.waited && got.took_over.is_none());
        assert!(clock.now() < Duration::from_secs(13));
    });
}

#[test]
fn the_dead_are_known_by_the_waiters_own_clock_alone() {
    everywhere(|ours, theirs, reach| {
        // Its own clock is far ahead; that says nothing.
        let puppet = Puppet::new(theirs, reach, "PROD");
        let owner = person("Ann");
        let clock = Fake::new(|_| {});
        let site = Site::open(ours, reach).unwrap();
        // Less than a renewal's time shows nothing.
        let error = acquire(site, &claim("PROD", &owner, 20), LENGTH, &clock, &|_| {}).unwrap_err();
        assert!(matches!(error, LeaseError::Held { .. }));
        assert_eq!(clock.now(), Duration::from_secs(20));
        // Silent for longer than a renewal takes, it is waited out.
        let clock = Fake::new(|_| {});
        let site = Site::open(ours, reach).unwrap();
        let got = acquire(site, &claim("PROD", &owner, 60), LENGTH, &clock, &|_| {}).unwrap();
        assert!(got.waited);
        assert_eq!(got.took_over.unwrap().commit, puppet.commit);
        assert_eq!(clock.now(), LENGTH);
        // The dead one, come back to life, can neither renew nor give back.
        let swap = |to| puppet.site.swap(&puppet.reference, Some(puppet.commit), to).unwrap();
        let commit = puppet.site.commit("PROD", &puppet.note.renewed(), Some(puppet.commit)).unwrap();
        assert_eq!((swap(Some(commit)), swap(None)), (Swap::Elsewhere, Swap::Elsewhere));
        got.lease.still_held().unwrap();
    });
}

/// Asks until the answer is there; the lease's own thread gives it.
fn until<T>(mut answer: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::yield_now();
    }
}

fn short(repository: &Repository, reach: Reach) -> Lease {
    let site = Site::open(repository, reach).unwrap();
    let length = Duration::from_millis(800);
    let clock = Fake::new(|_| {});
    acquire(site, &claim("PROD", &person("Ann"), 0), length, &clock, &|_| {}).unwrap().lease
}

#[test]
fn a_lease_is_renewed_while_it_is_held() {
    everywhere(|ours, theirs, reach| {
        let lease = short(ours, reach);
        let first = Lease::list(theirs, reach).unwrap().remove(0);
        let renewed = until(|| {
            Lease::list(theirs, reach).unwrap().into_iter().find(|holder| holder.commit != first.commit)
        });
        assert_eq!((renewed.since, &renewed.purpose), (first.since, &first.purpose));
        lease.still_held().unwrap();
        lease.release().unwrap();
        assert_eq!(Lease::list(theirs, reach).unwrap(), []);
    });
}

#[test]
fn whoever_holds_a_broken_lease_learns_of_it() {
    everywhere(|ours, theirs, reach| {
        let lease = short(ours, reach);
        assert_eq!(Lease::break_one(theirs, reach, "PROD").unwrap().unwrap().name, "Ann");
        assert_eq!(Lease::break_one(theirs, reach, "PROD").unwrap(), None);
        let error = until(|| lease.still_held().err());
        assert_eq!(error.to_string(), "the lease of `PROD` was lost: somebody broke it");
        // There is nothing to give back, and nothing wrong with that.
        lease.release().unwrap();

        let lease = short(ours, reach);
        let puppet = Puppet::usurp(theirs, reach, "PROD");
        let error = until(|| lease.still_held().err());
        assert!(error.to_string().contains("it is held by Carl on `ws1`"), "{error}");
        assert!(matches!(lease.release(), Err(LeaseError::Lost { by: Some(_), .. })));
        // The other's lease is left alone.
        assert_eq!(puppet.site.find(&puppet.reference).unwrap(), Some(puppet.commit));
    });
}

/// Several at once, which are kept by one thread.
fn together(repository: &Repository, reach: Reach, servers: &[&str], length: Duration) -> Vec<Option<Lease>> {
    let owner = person("Ann");
    let claims: Vec<Claim<'_>> = servers.iter().map(|server| claim(server, &owner, 0)).collect();
    acquire_all(Site::open(repository, reach).unwrap(), &claims, length).unwrap()
}

fn held(repository: &Repository, reach: Reach) -> Vec<(String, Oid)> {
    let all = Lease::list(repository, reach).unwrap();
    let mut all: Vec<_> = all.into_iter().map(|holder| (holder.server, holder.commit)).collect();
    all.sort();
    all
}

#[test]
fn of_several_those_that_are_free_are_got() {
    everywhere(|ours, theirs, reach| {
        let carls = take(theirs, reach, "B", 0).unwrap();
        let servers: Vec<String> = (0..150).map(|number| format!("S{number}")).collect();
        let mut names = vec!["A", "B", "C"];
        names.extend(servers.iter().map(String::as_str));
        let leases = together(ours, reach, &names, LENGTH);
        let got: Vec<bool> = leases.iter().map(Option::is_some).collect();
        assert!(got[0] && !got[1] && got[2..].iter().all(|got| *got));
        let mut leases: Vec<Lease> = leases.into_iter().flatten().collect();
        leases.iter().for_each(|lease| lease.still_held().unwrap());
        for name in ["A", "C", "S149"] {
            assert!(matches!(take(theirs, reach, name, 0), Err(LeaseError::Held { .. })), "{name}");
        }
        // One by itself, the others stay.
        leases.remove(0).release().unwrap();
        take(theirs, reach, "A", 0).unwrap().lease.release().unwrap();
        assert!(matches!(take(theirs, reach, "C", 0), Err(LeaseError::Held { .. })));
        leases.iter().for_each(|lease| lease.still_held().unwrap());
        assert_eq!(Lease::release_all(leases).len(), 0);
        assert_eq!(held(theirs, reach).iter().map(|(name, _)| name).collect::<Vec<_>>(), ["B"]);
        carls.lease.release().unwrap();
        assert!(together(ours, reach, &[], LENGTH).is_empty());
    });
}

#[test]
fn of_several_one_that_is_lost_takes_no_other_with_it() {
    everywhere(|ours, theirs, reach| {
        let leases = together(ours, reach, &["A", "PROD", "Z"], Duration::from_millis(800));
        let leases: Vec<Lease> = leases.into_iter().flatten().collect();
        let before = held(theirs, reach);
        let puppet = Puppet::usurp(theirs, reach, "PROD");
        let error = until(|| leases[1].still_held().err());
        assert!(error.to_string().contains("it is held by Carl on `ws1`"), "{error}");
        // The others are renewed on and on.
        for _ in 0..2 {
            let seen = held(theirs, reach);
            until(|| {
                let now = held(theirs, reach);
                (now[0].1 != seen[0].1 && now[2].1 != seen[2].1).then_some(())
            });
        }
        assert!(held(theirs, reach)[0].1 != before[0].1);
        leases[0].still_held().unwrap();
        leases[2].still_held().unwrap();
        let wrong = Lease::release_all(leases);
        assert!(matches!(wrong.as_slice(), [LeaseError::Lost { by: Some(_), server }] if server == "PROD"));
        assert_eq!(held(theirs, reach), [("PROD".to_owned(), puppet.commit)]);
    });
}

#[cfg(unix)]
#[test]
fn several_are_given_back_when_they_are_dropped_or_when_one_of_them_is_refused() {
    everywhere(|ours, theirs, reach| {
        drop(together(ours, reach, &["A", "B"], LENGTH));
        assert_eq!(held(theirs, reach), []);
    });
    let shared = Sandbox::new();
    let remote = shared.add_remote();
    remote.hook("update", "case $1 in */B) exit 1;; esac");
    let owner = person("Ann");
    let claims = ["A", "B", "C"].map(|server| claim(server, &owner, 0));
    let repository = shared.repository();
    let site = Site::open(&repository, Reach::Remote).unwrap();
    let error = acquire_all(site, &claims, LENGTH).unwrap_err();
    assert!(matches!(&error, LeaseError::Refused { reference, .. } if reference.ends_with("/B")), "{error}");
    assert_eq!(held(&repository, Reach::Remote), []);
}

#[test]
fn names_of_servers_are_encoded() {
    everywhere(|ours, theirs, reach| {
        let names = ["PROD 1", "a/b", "..", "x.lock", "Zürich", "100%", "~^:?*[\\@{}"];
        let leases = names.map(|name| take(ours, reach, name, 0).unwrap().lease);
        let mut held: Vec<_> =
            Lease::list(theirs, reach).unwrap().into_iter().map(|holder| holder.server).collect();
        let mut expected = names.map(str::to_owned).to_vec();
        held.sort();
        expected.sort();
        assert_eq!(held, expected);
        let site = Site::open(ours, reach).unwrap();
        assert_eq!(site.reference("PROD 1.x"), "refs/opcon-deploy/locks/PROD%201%2Ex");
        drop(leases);
        assert_eq!(Lease::list(theirs, reach).unwrap(), []);
    });
}

#[test]
fn branches_are_a_place_for_leases_and_branches_are_no_leases() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    sandbox.write("deploy.toml", "[git]\nlock_prefix = \"refs/heads/lock-\"\n");
    sandbox.commit("Leases as branches");
    sandbox.git(&["branch", "lock-main"]);
    sandbox.git(&["push", "--quiet", "origin", "main", "lock-main"]);
    let repository = sandbox.repository();
    let lease = take(&repository, Reach::Remote, "PROD", 0).unwrap().lease;
    assert!(remote.git(&["for-each-ref", "--format=%(refname)"]).contains("refs/heads/lock-PROD"));
    let error = take(&repository, Reach::Remote, "main", 0).unwrap_err();
    assert_eq!(error.to_string(), "`refs/heads/lock-main` is not a lease: something else is at its place");
    assert!(matches!(
        Lease::break_one(&repository, Reach::Remote, "main"),
        Err(LeaseError::NotALease { .. })
    ));
    assert_eq!(Lease::list(&repository, Reach::Remote).unwrap().len(), 1);
    lease.release().unwrap();
    assert_eq!(remote.git(&["rev-parse", "lock-main"]), sandbox.git(&["rev-parse", "main"]));

    sandbox.write("deploy.toml", "[git]\nlock_prefix = \"nonsense\"\n");
    sandbox.commit("Nowhere");
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    let error = take(&sandbox.repository(), Reach::Local, "PROD", 0).unwrap_err();
    assert!(matches!(error, LeaseError::Prefix { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_remote_that_takes_no_leases_says_why_and_one_that_is_gone_too() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    let repository = sandbox.repository();
    remote.hook("pre-receive", "echo 'branches only' >&2; exit 1");
    let error = take(&repository, Reach::Remote, "PROD", 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the remote refused `refs/opcon-deploy/locks/PROD`: pre-receive hook declined (branches only)"
    );
    std::fs::rename(remote.dir.path(), remote.dir.path().with_extension("gone")).unwrap();
    let error = take(&repository, Reach::Remote, "PROD", 0).unwrap_err();
    assert!(error.to_string().starts_with("cannot reach `origin` for a lease: "), "{error}");
    // Left out, the clone's own leases do.
    take(&repository, Reach::Offline, "PROD", 0).unwrap().lease.release().unwrap();
    std::fs::remove_dir_all(remote.dir.path().with_extension("gone")).unwrap();
}
