//! Everything new comes in, stream by stream. Numbers are dense and hashes roll on: a hole is a loud bug.

use super::{Answer, Deed, Effect, Exchange, Failure, Input, PER_WRITE, PullRequest, Request, Step, Trouble};
use crate::ids::LogId;
use crate::sabotage::{self, Bug};
use crate::sync::protocol::{MAX_PULL_ITEMS, ProblemCode, PullReply, Standing, StreamStanding};
use crate::sync::stream::{Cursor, StreamItem, StreamName};

/// A stream that goes on.
#[derive(Debug)]
pub(super) struct Followed {
    stream: StreamName,
    /// What is applied.
    cursor: Option<Cursor>,
    /// Read, not applied yet.
    pages: std::collections::VecDeque<Page>,
    /// More can be had once these are applied.
    has_more: bool,
}

/// Items for one transaction, and where they end.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) items: Vec<StreamItem>,
    pub(super) end: Cursor,
}

/// What can be made of what a hello's answer says of a stream.
enum Told {
    /// A pull will tell.
    Nothing,
    /// Our cursor stands at the end; in the log that speaks now, once it is moved there.
    NoNews(Option<Cursor>),
    /// Our cursor is of another history.
    Gone,
}

impl Exchange {
    /// Goes on with the next stream; ends when there is none.
    pub(super) fn next_stream(&mut self) -> Vec<Effect> {
        let Some(stream) = self.todo.pop_front().filter(|_| !self.has_asked_enough()) else {
            return self.end(None);
        };
        let cursor = self.view.cursors.iter().find(|at| at.stream == stream).map(|at| at.cursor);
        if let Some((log_id, told)) = self.greeting.as_mut().and_then(|greeting| greeting.take_standing(stream)) {
            match self.weigh(log_id, &told, cursor) {
                Told::Nothing => {}
                Told::NoNews(None) => return self.next_stream(),
                Told::NoNews(Some(moved)) => {
                    let (pages, has_more) = (std::collections::VecDeque::new(), false);
                    self.step = Step::Follow(Followed { stream, cursor: Some(moved), pages, has_more });
                    self.moved(stream, moved);
                    return vec![Effect::Write(vec![Deed::MoveCursor(stream, moved)])];
                }
                Told::Gone => return self.renew(stream),
            }
        }
        // A new till has the catalogue before it: a snapshot brings that in a few requests.
        if cursor.is_none() && stream == StreamName::Catalog {
            return self.renew(stream);
        }
        self.pull(Followed { stream, cursor, pages: std::collections::VecDeque::new(), has_more: false })
    }

    /// What a hello's answer says of a stream comes to. The server's word alone never ends the reading of a stream: our
    /// own hash does, which nobody has who did not read all of it.
    fn weigh(&self, log_id: LogId, told: &StreamStanding, cursor: Option<Cursor>) -> Told {
        let head = Cursor { log_id, seq: told.head_seq, hash: told.head_hash };
        match (told.standing, cursor) {
            (Standing::Good, Some(_)) if sabotage::is(Bug::AdoptToldHead) => Told::NoNews(Some(head)),
            (Standing::Good, Some(cursor)) if cursor == head => Told::NoNews(None),
            // The same history up to its end, in a log that says it goes on from ours.
            (Standing::Good, Some(cursor)) => {
                let is_same = (cursor.seq, cursor.hash) == (head.seq, head.hash);
                let goes_on = self.greeting.as_ref().is_some_and(|by| by.continues(log_id, cursor.log_id));
                if is_same && goes_on { Told::NoNews(Some(head)) } else { Told::Nothing }
            }
            // An empty catalogue is news for who may hold copies of another.
            (Standing::Unread, None) if told.head_seq == 0 && told.stream != StreamName::Catalog => Told::NoNews(None),
            (Standing::Gone, Some(_)) => Told::Gone,
            _ => Told::Nothing,
        }
    }

    /// What was told of streams in a hello is old.
    pub(super) fn forget_standings(&mut self) {
        if let Some(greeting) = &mut self.greeting {
            greeting.forget_standings();
        }
    }

    /// Follows a stream from where it now stands.
    pub(super) fn follow_from(&mut self, stream: StreamName, cursor: Cursor) -> Vec<Effect> {
        let followed =
            Followed { stream, cursor: Some(cursor), pages: std::collections::VecDeque::new(), has_more: false };
        self.pull(followed)
    }

    fn pull(&mut self, at: Followed) -> Vec<Effect> {
        let request = self.pull_request(at.stream, at.cursor);
        self.step = Step::Follow(at);
        self.ask(Request::Pull(request))
    }

    pub(super) fn pull_request(&self, stream: StreamName, cursor: Option<Cursor>) -> PullRequest {
        PullRequest { stream, cursor, limit: MAX_PULL_ITEMS, unsent_events: self.report.unsent }
    }

    pub(super) fn followed(&mut self, at: Followed, input: Input) -> Vec<Effect> {
        match input {
            Input::Answered(Ok(Answer::Pull(reply)), _) => self.pulled(at, &reply),
            Input::Answered(Ok(_), _) => self.end(Some(Trouble::OtherAnswer)),
            Input::Answered(Err(failure), _) => self.not_pulled(&at, failure),
            Input::Written => self.apply(at),
            _ => {
                self.step = Step::Follow(at);
                Vec::new()
            }
        }
    }

    fn not_pulled(&mut self, at: &Followed, failure: Failure) -> Vec<Effect> {
        match failure.code() {
            // Also with no cursor: the stream's beginning may have been cut off.
            Some(ProblemCode::CursorGone) => self.renew(at.stream),
            // A stream this server does not have yet is no trouble; every stream it has is followed again next time.
            Some(ProblemCode::NotFound) if matches!(at.stream, StreamName::Device(_)) => self.next_stream(),
            _ => self.go_on_without(Trouble::Peer(failure)),
        }
    }

    fn pulled(&mut self, mut at: Followed, reply: &PullReply) -> Vec<Effect> {
        let log_id = reply.log_id;
        let from = match at.cursor {
            Some(cursor) if cursor.log_id == log_id => cursor,
            // The server found our hash in its own history, and says that this history continues the other.
            Some(cursor) if self.greeting.as_ref().is_some_and(|by| by.continues(log_id, cursor.log_id)) => {
                Cursor { log_id, ..cursor }
            }
            Some(cursor) if sabotage::is(Bug::AdoptRemoteHead) => Cursor { log_id, ..cursor },
            Some(_) => return self.renew(at.stream),
            None => Cursor::start(log_id),
        };
        let (pages, end) = match read_pages(from, &reply.items) {
            Ok(read) => read,
            Err(source) => return self.go_on_without(Trouble::Stream(at.stream, source)),
        };
        // A head behind our cursor is an answer from a copy that lags, not news.
        at.has_more = !reply.items.is_empty() && end.seq < reply.head_seq;
        if sabotage::is(Bug::PageSizeOffByOne) && !reply.items.is_empty() && reply.items.len() < MAX_PULL_ITEMS {
            at.has_more = false;
            at.pages = pages.into();
            if let Some(last) = at.pages.back_mut() {
                last.end.seq = reply.head_seq;
            }
            return self.apply(at);
        }
        at.pages = pages.into();
        self.note_log(log_id);
        let mut deeds: Vec<_> = self.heard(log_id).into_iter().collect();
        if at.pages.is_empty() && at.cursor.is_some_and(|cursor| cursor.log_id != log_id) {
            // The log goes on from ours without news: from here on we are its reader.
            at.cursor = Some(from);
            self.moved(at.stream, from);
            deeds.push(Deed::MoveCursor(at.stream, from));
        }
        if deeds.is_empty() {
            return self.apply(at);
        }
        self.step = Step::Follow(at);
        vec![Effect::Write(deeds)]
    }

    /// Applies the next page, or goes on when all are.
    fn apply(&mut self, mut at: Followed) -> Vec<Effect> {
        let Some(Page { items, end }) = at.pages.pop_front() else {
            return if at.has_more && !self.has_asked_enough() { self.pull(at) } else { self.next_stream() };
        };
        let stream = at.stream;
        at.cursor = Some(end);
        self.note_items(stream, items.len());
        self.step = Step::Follow(at);
        self.moved(stream, end);
        vec![Effect::Write(vec![Deed::Apply { stream, items, end }])]
    }

    /// Remembers where a stream stands, so that a bell for less is no reason to ask.
    pub(super) fn moved(&mut self, stream: StreamName, cursor: Cursor) {
        self.view.cursors.retain(|at| at.stream != stream);
        self.view.cursors.push(crate::sync::protocol::StreamCursor { stream, cursor });
    }

    pub(super) fn note_items(&mut self, stream: StreamName, count: usize) {
        self.report.pulled += count as u64;
        if count > 0 && !self.report.changed.contains(&stream) {
            self.report.changed.push(stream);
        }
    }
}

/// Cuts lines into pages, each line checked to be the next.
pub(super) fn read_pages(
    from: Cursor,
    lines: &[String],
) -> Result<(Vec<Page>, Cursor), crate::sync::stream::StreamError> {
    let mut at = from;
    let mut pages = Vec::new();
    for lines in lines.chunks(PER_WRITE) {
        let items = lines.iter().map(|line| at.read(line)).collect::<Result<_, _>>()?;
        pages.push(Page { items, end: at });
    }
    Ok((pages, at))
}
