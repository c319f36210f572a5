//! Events and reports, and the same events for subscribers of `tracing`.

use std::sync::Mutex;

use revchain::rusqlite::Connection;
use revchain::{Adopt, Event, Outcome, Report};

use crate::support::{Fixture, Recorder};

#[test]
fn events_are_emitted_in_order_with_the_commit_last() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let events = Recorder::new();
    let migrator = chain.migrator().on_event(|event| events.record(event));
    drop(migrator.open(fixture.db()).unwrap());
    assert_eq!(
        events.take(),
        [
            "base → 002, 2 to do",
            "upgrading to 001: Step 1.",
            "upgraded to 001",
            "upgrading to 002: Step 2.",
            "upgraded to 002",
            "committed at 002"
        ]
    );
    drop(migrator.open(fixture.db()).unwrap());
    assert_eq!(
        events.take(),
        Vec::<String>::new(),
        "an upgrade at head emits nothing"
    );
}

#[test]
fn callbacks_run_in_registration_order() {
    let fixture = Fixture::new();
    let chain = fixture.tables(1);
    let calls = Mutex::new(Vec::new());
    let record = |name| {
        let calls = &calls;
        move |event: &Event<'_>| {
            if let Event::Committed { .. } = event {
                calls.lock().unwrap().push(name);
            }
        }
    };
    drop(
        chain
            .migrator()
            .on_event(record("first"))
            .on_event(record("second"))
            .open(fixture.db())
            .unwrap(),
    );
    assert_eq!(*calls.lock().unwrap(), ["first", "second"]);
}

#[test]
fn downgrade_and_stamp_emit_each_revision() {
    let fixture = Fixture::new();
    let chain = fixture.tables(3);
    let mut db = chain.open(fixture.db()).unwrap();
    let events = Recorder::new();
    let migrator = chain.migrator().on_event(|event| events.record(event));
    let report = migrator.downgrade_to(&mut db, "002").unwrap();
    assert_eq!(
        events.take(),
        [
            "003 → 002, 1 to do",
            "downgrading 003: Step 3.",
            "downgraded 003",
            "committed at 002"
        ]
    );
    assert!(
        report
            .to_string()
            .starts_with("downgraded from 003 to 002: 1 revision reverted in "),
        "{report}"
    );
    let report = migrator.stamp(&mut db, "base").unwrap();
    assert_eq!(
        events.take(),
        [
            "002 → base, 2 to do",
            "removed the stamp of 002",
            "removed the stamp of 001",
            "committed at base"
        ]
    );
    assert_eq!(report.unstamped, ["002", "001"]);
    assert_eq!(
        report.to_string(),
        "stamped at base: 2 revisions no longer recorded, nothing run"
    );
    let report = migrator.stamp(&mut db, "002").unwrap();
    assert_eq!(
        events.take(),
        [
            "base → 002, 2 to do",
            "stamped 001",
            "stamped 002",
            "committed at 002"
        ]
    );
    assert_eq!(report.stamped, ["001", "002"]);
    assert_eq!(
        report.to_string(),
        "stamped at 002: 2 revisions recorded, nothing run"
    );
}

#[test]
fn report_is_displayed_as_one_sentence() {
    let fixture = Fixture::new();
    let chain = fixture.tables(3);
    let mut db = Connection::open(fixture.db()).unwrap();
    let sentence = |report: Report| report.to_string().split(" in ").next().unwrap().to_owned();
    let migrator = chain.migrator();
    assert_eq!(
        sentence(migrator.upgrade_to(&mut db, "001").unwrap()),
        "new database at 001: 1 revision applied"
    );
    let upgraded = sentence(migrator.upgrade(&mut db).unwrap());
    assert_eq!(upgraded, "upgraded from 001 to 003: 2 revisions applied");
    assert_eq!(
        sentence(migrator.upgrade(&mut db).unwrap()),
        "at 003, nothing to do"
    );
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE t1 (a)").unwrap();
    let adopted = sentence(
        chain
            .migrator()
            .adopt(Adopt::at("001"))
            .upgrade(&mut db)
            .unwrap(),
    );
    assert_eq!(
        adopted,
        "stamped at 001, then upgraded to 003: 2 revisions applied"
    );
    let outcomes = [
        Outcome::New,
        Outcome::UpToDate,
        Outcome::Stamped,
        Outcome::Upgraded,
        Outcome::Downgraded,
    ];
    assert_eq!(
        outcomes.map(Outcome::name),
        ["new", "up-to-date", "stamped", "upgraded", "downgraded"]
    );
}

/// Events as a program receives them through `tracing`.
#[cfg(feature = "tracing")]
mod tracing_events {
    use std::fmt::Debug;
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Dispatch, Event, Metadata, Subscriber};

    use crate::support::Fixture;

    /// A subscriber that records target, level and fields of every event.
    #[derive(Clone, Default)]
    struct Collector(Arc<Mutex<Vec<String>>>);

    struct Fields(String);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            match field.name() {
                "duration_us" => self.0 += " duration_us",
                // The text in parentheses differs in every run.
                "message" => {
                    self.0 += &format!(" {}", format!("{value:?}").split(" (").next().unwrap())
                }
                name => self.0 += &format!(" {name}={value:?}"),
            }
        }
    }

    impl Subscriber for Collector {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn event(&self, event: &Event<'_>) {
            let mut fields = Fields(format!(
                "{} {}",
                event.metadata().target(),
                event.metadata().level()
            ));
            event.record(&mut fields);
            self.0.lock().unwrap().push(fields.0);
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn tracing_subscriber_receives_every_event() {
        let fixture = Fixture::new();
        let chain = fixture.tables(1);
        // tracing caches the interest in an event for all threads, and other tests emit events too.
        // A second subscriber makes it ask every subscriber, not only that of the current thread.
        drop(chain.open(fixture.path("registers_events.db")).unwrap());
        let _second = Dispatch::new(Collector::default());
        let collector = Collector::default();
        tracing::subscriber::with_default(collector.clone(), || {
            drop(chain.open(fixture.db()).unwrap())
        });
        assert_eq!(
            *collector.0.lock().unwrap(),
            [
                "revchain INFO base → 001, 1 to do",
                "revchain DEBUG upgrading to 001: Step 1.",
                "revchain INFO upgraded to 001 revision=\"001\" duration_us",
                "revchain INFO committed at 001",
            ]
        );
    }
}
