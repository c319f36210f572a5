//! What a program that collects `tracing` events sees.

#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use common::Place;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps target, level and fields of every event.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "duration_us" => self.0 += " duration_us",
            // Without what is never twice the same.
            "message" => self.0 += &format!(" {}", format!("{value:?}").split(" (").next().unwrap()),
            name => self.0 += &format!(" {name}={value:?}"),
        }
    }
}

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(format!("{} {}", event.metadata().target(), event.metadata().level()));
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
fn what_is_done_is_told_as_tracing_events() {
    let place = Place::new();
    let chain = place.tables(1);
    let collector = Collector::default();
    tracing::subscriber::with_default(collector.clone(), || drop(chain.open(place.db()).unwrap()));
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
