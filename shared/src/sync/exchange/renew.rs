//! A stream that starts anew, because the server's is not the one we followed, or because there is nothing yet.
//!
//! All of it is laid over what is here, little by little, so that no sale waits; then what it does not name is removed. A
//! cashier sees each product as it was or as it is now, and never an empty catalogue. The cursor moves last: broken off
//! anywhere, this begins again. A server with a snapshot gives that; any other gives the whole stream from its start.

use std::collections::{BTreeSet, VecDeque};

use super::follow::{Page, read_pages};
use super::{Answer, Deed, Effect, Exchange, Failure, Input, PER_WRITE, Request, Step, Trouble};
use crate::ids::LogId;
use crate::sabotage::{self, Bug};
use crate::sync::protocol::{PullReply, SnapshotManifest};
use crate::sync::stream::{Cursor, StreamItem, StreamName};

/// A stream that starts anew.
#[derive(Debug)]
pub(super) struct Renewal {
    stream: StreamName,
    source: Source,
    /// Every key it named.
    named: BTreeSet<String>,
    /// Read, not laid over yet.
    pages: VecDeque<Vec<StreamItem>>,
    /// Copies it did not name, once that is known.
    stale: Option<VecDeque<String>>,
    is_moving: bool,
}

#[derive(Debug)]
enum Source {
    /// Asked for a manifest.
    Manifest,
    /// Its parts, from this one on.
    Parts(Box<SnapshotManifest>, usize),
    /// The stream itself, read up to here.
    Stream(Option<Cursor>, bool),
}

impl Exchange {
    /// Starts a stream anew.
    pub(super) fn renew(&mut self, stream: StreamName) -> Vec<Effect> {
        let source = Source::Manifest;
        let (named, pages) = (BTreeSet::new(), VecDeque::new());
        self.step = Step::Renew(Renewal { stream, source, named, pages, stale: None, is_moving: false });
        self.ask(Request::Snapshot(stream))
    }

    pub(super) fn renewed(&mut self, mut at: Renewal, input: Input) -> Vec<Effect> {
        match (&at.source, input) {
            (Source::Manifest, Input::Answered(Ok(Answer::Snapshot(manifest)), _)) => {
                let is_signed = manifest.verify(&self.settings.tenant_key).is_ok();
                let is_good = is_signed && manifest.stream == at.stream && !self.is_greeted_by_another(manifest.log_id);
                if !is_good {
                    return self.renew_from_start(at);
                }
                let adopts = sabotage::is(Bug::AdoptRemoteHead);
                let from = if adopts { manifest.parts.len() } else { 0 };
                at.stale = adopts.then(VecDeque::new);
                at.source = Source::Parts(Box::new(manifest), from);
                self.lay(at)
            }
            (Source::Parts(manifest, next), Input::Answered(Ok(Answer::Part(part)), _)) => {
                let items = manifest.parts.get(*next).and_then(|named| part.records_of(named));
                let Some(items) = items.filter(|items| follow_each_other(at.named.last(), items)) else {
                    return self.renew_from_start(at);
                };
                at.source = Source::Parts(manifest.clone(), next + 1);
                at.read(items);
                self.lay(at)
            }
            (Source::Stream(cursor, _), Input::Answered(Ok(Answer::Pull(reply)), _)) => {
                let cursor = *cursor;
                self.reread(at, cursor, &reply)
            }
            (_, Input::Answered(Err(failure), _)) => self.not_renewed(at, failure),
            (_, Input::Answered(Ok(_), _)) => self.end(Some(Trouble::OtherAnswer)),
            (_, Input::Written) if at.is_moving => self.renewal_done(&at),
            (_, Input::Written) => self.lay(at),
            (_, Input::Keys(mut keys)) => {
                keys.retain(|key| !at.named.contains(key));
                at.stale = Some(keys.into());
                self.lay(at)
            }
            _ => {
                self.step = Step::Renew(at);
                Vec::new()
            }
        }
    }

    fn is_greeted_by_another(&self, log_id: LogId) -> bool {
        self.greeting.as_ref().is_some_and(|greeting| greeting.is_of_another(log_id))
    }

    fn not_renewed(&mut self, at: Renewal, failure: Failure) -> Vec<Effect> {
        let is_of_snapshot = !matches!(at.source, Source::Stream(..));
        match failure.code() {
            // No snapshot, or not that part any more: the stream itself has everything.
            Some(code) if is_of_snapshot && !code.passes() => self.renew_from_start(at),
            _ => self.go_on_without(Trouble::Peer(failure)),
        }
    }

    fn renew_from_start(&mut self, at: Renewal) -> Vec<Effect> {
        // What was laid over already is older than what comes now, and is named by it or removed after it.
        let fresh =
            Renewal { named: BTreeSet::new(), pages: VecDeque::new(), source: Source::Stream(None, true), ..at };
        self.lay(fresh)
    }

    fn reread(&mut self, mut at: Renewal, cursor: Option<Cursor>, reply: &PullReply) -> Vec<Effect> {
        let from = cursor.unwrap_or(Cursor::start(reply.log_id));
        if from.log_id != reply.log_id {
            // Another history already; the next exchange starts with it.
            return self.next_stream();
        }
        match read_pages(from, &reply.items) {
            Err(source) => self.go_on_without(Trouble::Stream(at.stream, source)),
            Ok((pages, end)) => {
                self.note_log(reply.log_id);
                let has_more = !reply.items.is_empty() && end.seq < reply.head_seq;
                at.source = Source::Stream(Some(end), has_more);
                for Page { items, .. } in pages {
                    at.read(items);
                }
                self.lay(at)
            }
        }
    }

    /// The next thing to do about it.
    fn lay(&mut self, mut at: Renewal) -> Vec<Effect> {
        let stream = at.stream;
        let effect = if let Some(items) = at.pages.pop_front() {
            self.note_items(stream, items.len());
            Effect::Write(vec![Deed::Refresh { stream, items }])
        } else if let Some(request) = self.rest_of(&at) {
            if self.has_asked_enough() {
                return self.end(None);
            }
            self.step = Step::Renew(at);
            return self.ask(request);
        } else if at.stale.is_none() && !sabotage::is(Bug::SnapshotKeepsStale) {
            Effect::ListKeys(stream)
        } else if let Some(stale) = at.stale.as_mut().filter(|stale| !stale.is_empty()) {
            let count = stale.len().min(PER_WRITE);
            Effect::Write(vec![Deed::Forget(stream, stale.drain(..count).collect())])
        } else {
            let Some(end) = at.source.end() else { return self.next_stream() };
            at.is_moving = true;
            let contact = self.heard(end.log_id);
            Effect::Write(contact.into_iter().chain([Deed::MoveCursor(stream, end)]).collect())
        };
        self.step = Step::Renew(at);
        vec![effect]
    }

    /// What is still to be asked for.
    fn rest_of(&self, at: &Renewal) -> Option<Request> {
        match &at.source {
            Source::Manifest => Some(Request::Snapshot(at.stream)),
            Source::Parts(manifest, next) => manifest.parts.get(*next).map(|part| Request::Part(part.hash)),
            Source::Stream(cursor, has_more) => has_more.then(|| Request::Pull(self.pull_request(at.stream, *cursor))),
        }
    }

    fn renewal_done(&mut self, at: &Renewal) -> Vec<Effect> {
        let Some(end) = at.source.end() else { return self.next_stream() };
        self.moved(at.stream, end);
        match at.source {
            // A snapshot is as old as it is: the tail follows.
            Source::Parts(..) => self.follow_from(at.stream, end),
            Source::Manifest | Source::Stream(..) => self.next_stream(),
        }
    }
}

impl Source {
    /// Where a reader stands who has all of it.
    fn end(&self) -> Option<Cursor> {
        match self {
            Self::Manifest => None,
            Self::Parts(manifest, _) => Some(manifest.cursor()),
            Self::Stream(cursor, _) => *cursor,
        }
    }
}

impl Renewal {
    fn read(&mut self, items: Vec<StreamItem>) {
        self.named.extend(items.iter().map(|item| item.key.clone()));
        if !items.is_empty() {
            self.pages.push_back(items);
        }
    }
}

/// Whether keys rise, from the last one read on: then none comes twice.
fn follow_each_other(last: Option<&String>, items: &[StreamItem]) -> bool {
    let keys = last.into_iter().chain(items.iter().map(|item| &item.key));
    keys.clone().zip(keys.skip(1)).all(|(one, next)| one < next)
}
