//! Inputs that make sense: where a search begins.

use shared::event::{ChainStarted, DrawerOpened, Fact, SealedEvent, Seen, Stamp, sign_head};
use shared::sync::protocol::{
    HeldChain, Hello, HelloReply, OtherChain, PROTO, PushBatch, PushRequest, SnapshotManifest, SnapshotPart, Standing,
    StreamCursor, StreamStanding,
};
use shared::sync::stream::{Cursor, StreamName};
use shared::time::{Hlc, Timestamp};

use shared::sync::packing::DICTIONARY;

use crate::{hello, who};

/// A few for every target, by its name.
pub fn all() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let events = events();
    let rests = events.iter().map(|event| event.rest().as_bytes().to_vec());
    vec![
        ("event", rests.collect()),
        ("push", pushes(&events)),
        ("hello", hellos()),
        ("stream", streams()),
        ("snapshot", snapshots()),
        ("ticket", vec![b"\x00\x00\x01\x00\x02\x03\x04\x01\x00\x07\x02\x00\x08\x01".to_vec()]),
        ("terminal", terminals()),
        ("terminal_getnet", terminals_of_getnet()),
        ("terminal_zvt", terminals_of_zvt()),
        ("scan", scans()),
        // Well, low, out of paper, open, paused; and what a web server says.
        (
            "printer",
            [
                &[0x16, 0x12, 0x12, 0x12][..],
                &[0x16, 0x12, 0x12, 0x1E],
                &[0x1E, 0x32, 0x12, 0x7E],
                &[0x1E, 0x16, 0x12, 0x12],
                b"HTTP",
            ]
            .map(<[u8]>::to_vec)
            .to_vec(),
        ),
    ]
}

fn events() -> Vec<SealedEvent> {
    let facts = [
        Fact::ChainStarted(ChainStarted { app_version: "0.1.0".to_owned(), ..ChainStarted::default() }),
        Fact::DrawerOpened(DrawerOpened { reason: "cambio".to_owned() }),
    ];
    let mut head = who::chain();
    let mut hlc = Hlc::default();
    let mut seal = |fact| {
        hlc = hlc.tick(Timestamp::from_millis(1_795_314_600_000));
        let stamp = Stamp { hlc, up_ms: 1, actor: None, approver: None, session: None, seen: Seen(3, 4) };
        let event = head.seal(&who::origin(), &stamp, fact);
        head = event.head();
        event
    };
    facts.iter().map(&mut seal).collect()
}

fn pushes(events: &[SealedEvent]) -> Vec<Vec<u8>> {
    let head = events.last().map_or(who::chain(), SealedEvent::head);
    let batch = PushBatch {
        chain: head.chain,
        first_seq: 1,
        prev_hash: who::chain().hash,
        events: events.iter().map(|event| event.rest().to_owned()).collect(),
        head_signature: sign_head(&head, &who::key()),
    };
    let request = PushRequest { proto: PROTO, log_id: Some(who::log()), batches: vec![batch], unsent_events: 2 };
    let plain = serde_json::to_vec(&request).expect("a request is JSON");
    let packed = zstd::bulk::compress(&plain, 1).expect("it fits into memory");
    let mut with_events = zstd::bulk::Compressor::with_dictionary(1, DICTIONARY).expect("a dictionary");
    let with_events = with_events.compress(&plain).expect("it fits into memory");
    let bodies = [(b"0", &plain), (b"1", &packed), (b"3", &with_events)];
    bodies.iter().map(|(first, body)| [&first[..], body.as_slice()].concat()).collect()
}

fn hellos() -> Vec<Vec<u8>> {
    let (end, cursor) = (hello::head(), hello::cursor());
    let said = Hello {
        proto: PROTO,
        log_id: Some(who::log()),
        app_version: "0.1.0".to_owned(),
        chains: vec![end],
        cursors: vec![StreamCursor { stream: StreamName::Catalog, cursor }],
    };
    let held = HeldChain { chain: end.chain, have_seq: end.seq, have_hash: end.hash, branches: 0 };
    let stream = StreamName::Catalog;
    let at_the_end = StreamStanding { stream, standing: Standing::Good, head_seq: cursor.seq, head_hash: cursor.hash };
    let gone = StreamStanding { standing: Standing::Gone, ..at_the_end };
    let further = StreamStanding { head_seq: 4, ..at_the_end };
    let told = |log: u128, held, standing| HelloReply {
        log_id: shared::ids::LogId::from_uuid(uuid::Uuid::from_u128(log)),
        parent_logs: vec![who::log()],
        server_time: Timestamp::from_millis(1_795_314_600_000),
        chains: vec![held],
        others: Vec::new(),
        streams: vec![standing],
        certificate: None,
        window: 4_096,
        recovering: false,
    };
    let started_at = Timestamp::from_millis(0);
    let (chain, head_hash) = (shared::ids::ChainId::from_uuid(uuid::Uuid::from_u128(9)), end.hash);
    let others = vec![OtherChain { chain, head_seq: 7, head_hash, started_at }];
    let replies = [
        told(5, held, at_the_end),
        told(6, held, at_the_end),
        told(6, HeldChain { have_seq: 3, ..held }, gone),
        HelloReply { others, ..told(5, HeldChain { have_seq: 1, ..held }, further) },
    ];
    let replies = replies.iter().map(|reply| serde_json::to_vec(reply).expect("an answer is JSON"));
    std::iter::once(serde_json::to_vec(&said).expect("a hello is JSON")).chain(replies).collect()
}

fn streams() -> Vec<Vec<u8>> {
    let item = r#"{"seq":1,"op":"put","key":"category/1","value":{"name":"Tragos"},"cause":null}"#;
    let gone = r#"{"seq":2,"op":"del","key":"category/1","value":null,"cause":null}"#;
    let venue = StreamName::Venue(who::origin().venue);
    vec![format!("T:cat\n{item}\n{gone}").into_bytes(), format!("{venue}\n{item}\n{item}").into_bytes()]
}

fn snapshots() -> Vec<Vec<u8>> {
    let line = "{\"key\":\"category/1\",\"value\":{\"name\":\"Tragos\"}}\n";
    let parts = vec![SnapshotPart { hash: shared::event::Hash::of_part(line), bytes: line.len() as u64 }];
    let manifest = SnapshotManifest::sign(StreamName::Catalog, Cursor::start(who::log()), 1, parts, &who::key());
    let manifest = serde_json::to_vec(&manifest).expect("a manifest is JSON");
    vec![[b"0", manifest.as_slice()].concat(), [b"1", line.as_bytes()].concat()]
}

fn terminals() -> Vec<Vec<u8>> {
    let sale = "0210|00|597029414300|75001087|123456|ABC123|5990|0||6623|000001|CR|||VI|21112026|233015||0";
    let progress = crate::transbank::frame::encode("0900|81|");
    let sale = crate::transbank::frame::encode(sale);
    vec![[[6].as_slice(), &progress, &sale].concat(), b"\x02cut\x020900|78|\x03\x05\x15".to_vec()]
}

fn terminals_of_getnet() -> Vec<Vec<u8>> {
    let sale =
        r#"{"FunctionCode":100,"ResponseCode":0,"Ticket":"00000A","Amount":1990,"Last4Digits":461,"OperationId":7}"#;
    let noisy = [b"\0D\r\n".as_slice(), &crate::getnet::frame::receipt(true), b"{\"a\":\"}"].concat();
    vec![[noisy, crate::getnet::frame::encode(sale)].concat()]
}

fn terminals_of_zvt() -> Vec<Vec<u8>> {
    use crate::zvt::apdu::{Apdu, command};
    let status = b"\x27\x00\x04\x00\x00\x00\x00\x19\x90\x49\x09\x78\x87\x00\x16\x22\xf0\xf4\x41\x11\x12\x34".to_vec();
    let status = Apdu::new(command::STATUS_INFORMATION, status);
    let line = Apdu::new(command::PRINT_LINE, b"\x00Karte 4111111111111111".to_vec());
    let block = Apdu::new(command::PRINT_BLOCK, b"\x06\x0c\x25\x0a\x07\x03ABC\x07\x03DEF".to_vec());
    let said = [&status, &line, &block];
    let serial: Vec<u8> = said.into_iter().flat_map(crate::zvt::serial::encode).collect();
    vec![serial, said.into_iter().flat_map(Apdu::encode).collect()]
}

fn scans() -> Vec<Vec<u8>> {
    let codes: [&[u8]; 7] = [
        b"\x04\x0a4006381333931\r\n",
        b"\x10\x01]C1T1AAAA\r",
        b"\x08\x00bmb 11725-k\n",
        b"\xff\xffhttp://a\x1b\r",
        b"\x01\x00T1",
        b"\x0d\x002100123012503\r",
        b"\x0d\x002345678049905\r",
    ];
    codes.map(<[u8]>::to_vec).to_vec()
}
