//! The counter row of a stream: whatever writers do at once, a reader that goes on after the last number it saw sees
//! every item, once, in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shared::sync::stream::{Cursor, StreamName};
use sync_server::store::{Store, Tenant};

use super::home::Backend;
use super::support::TestServer;

const WRITERS: usize = 8;
const READERS: usize = 3;
const COMMITS: usize = 60;

async fn write(tenant: Arc<Tenant>, streams: [StreamName; 2], writer: usize, left: Arc<AtomicUsize>) -> [usize; 2] {
    let mut written = [0; 2];
    for commit in 0..COMMITS {
        let mut tx = tenant.write_beside().await.expect("a transaction");
        let mut here = [0; 2];
        for item in 0..=(writer + commit) % 4 {
            let which = (item + commit) % 2;
            let key = format!("test/{writer}-{commit}-{item}");
            tx.publish(streams[which], key, &commit, None).await.expect("published");
            here[which] += 1;
            tokio::task::yield_now().await;
        }
        // Some never happen: their numbers must not be missed either.
        if commit % 7 == 3 {
            drop(tx);
        } else {
            tx.commit().await.expect("a commit");
            (written[0], written[1]) = (written[0] + here[0], written[1] + here[1]);
        }
    }
    left.fetch_sub(1, Ordering::SeqCst);
    written
}

async fn read(tenant: Arc<Tenant>, stream: StreamName, from: Cursor, left: Arc<AtomicUsize>) -> Cursor {
    let mut cursor = from;
    loop {
        // Before looking: what nobody writes any more is all there when we look.
        let is_last = left.load(Ordering::SeqCst) == 0;
        let mut tx = tenant.read().await.expect("a transaction");
        let lines = tx.list_stream_lines(stream, cursor.seq, 5).await.expect("lines");
        let head = tx.load_stream_head(stream).await.expect("a head");
        drop(tx);
        for line in &lines {
            cursor.read(line).expect("the next number and its hash, no other");
        }
        assert!(head.seq >= cursor.seq, "a head is never behind its items");
        if lines.is_empty() && is_last {
            assert_eq!((cursor.seq, cursor.hash), (head.seq, head.hash));
            return cursor;
        }
    }
}

fn race(backend: Backend) {
    let server = TestServer::start_on(backend);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    runtime.block_on(async {
        let store: Store = server.home.open().await;
        let tenant = store.load_tenant(server.company.tenant_id).await.expect("the company");
        let streams = [StreamName::Catalog, StreamName::Venue(server.company.venue_id)];
        let left = Arc::new(AtomicUsize::new(WRITERS));
        let before =
            tenant.read().await.expect("begun").load_stream_head(StreamName::Catalog).await.expect("a head").seq;
        let readers: Vec<_> = (0..READERS * 2)
            .map(|reader| {
                let from = Cursor::start(tenant.log_id);
                tokio::spawn(read(Arc::clone(&tenant), streams[reader % 2], from, Arc::clone(&left)))
            })
            .collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| tokio::spawn(write(Arc::clone(&tenant), streams, writer, Arc::clone(&left))))
            .collect();
        let mut written = [before, 0];
        for writer in writers {
            let [catalog, venue] = writer.await.expect("a writer");
            written = [written[0] + catalog as u64, written[1] + venue as u64];
        }
        for (reader, cursor) in readers.into_iter().enumerate() {
            let cursor = cursor.await.expect("a reader");
            assert_eq!(cursor.seq, written[reader % 2], "not one missed, not one twice");
        }
        let heads = store.stream_heads(server.company.tenant_id, &streams).await.expect("heads");
        let heads: Vec<_> = heads.into_iter().map(|(stream, head)| (stream, head.seq)).collect();
        assert_eq!(heads, [(streams[0], written[0]), (streams[1], written[1])]);
        store.close().await;
    });
}

#[test]
fn no_reader_misses_an_item_in_files() {
    race(Backend::Sqlite);
}

#[test]
fn no_reader_misses_an_item_in_tables() {
    race(Backend::Postgres);
}
