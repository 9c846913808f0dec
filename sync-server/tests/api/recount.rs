//! What happens when something is wrong inside: a row the database refuses, a changed byte, a table that does not come
//! from its events.

use shared::event::{ChainHead, ChainStarted, Edited, Fact, ParentChain, ProductEdited, StockCounted};
use shared::ids::{ChainId, ProductId};
use shared::sync::protocol::PushResult;
use sync_server::app::verify::{Report, verify};

use super::support::{TestServer, TestTill, ok};

fn meddle(server: &TestServer, sqlite: &'static str, postgres: &str) {
    server.home.meddle(server.company.tenant_id, sqlite, postgres);
}

fn verified(server: &TestServer) -> Report {
    let scratch = tempfile::tempdir().expect("a directory");
    server.with_tenant(async |tenant| verify(tenant, scratch.path(), &server.outside).await.expect("a report"))
}

/// A fault of ours with one event costs the others nothing, and a newer program counts it.
#[test]
fn what_the_database_refuses_is_kept_aside_and_counted_once_it_does_not() {
    let mut server = TestServer::start();
    let sealed = {
        let mut till = server.till(0);
        let events = [till.started(), till.opened(), till.sale(1).0, till.sale(7).0, till.sale(2).0];
        let sqlite = "CREATE TRIGGER fault BEFORE INSERT ON sale WHEN new.seq = 4
            BEGIN SELECT RAISE(ABORT, 'a fault of ours'); END";
        let postgres = "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'a fault of ours'; END $$;
            CREATE TRIGGER fault BEFORE INSERT ON sale FOR EACH ROW WHEN (NEW.seq = 4)
            EXECUTE FUNCTION fault()";
        meddle(&server, sqlite, postgres);
        let result: PushResult = till.push(&events);
        assert_eq!(ok(&result), (5, vec!["projection_failed".to_owned()]));
        assert_eq!(till.push(&events), result, "and said again");
        till.head.chain
    };
    let totals = |server: &TestServer| {
        let totals = server.admin().get("/v1/admin/day-totals?business_date=2026-11-21")["totals"].clone();
        (totals["sales"].as_u64(), totals["total_minor"].as_i64())
    };
    assert_eq!(totals(&server), (Some(2), Some(3 * 5_990)));
    server.restart();
    assert_eq!(totals(&server), (Some(2), Some(3 * 5_990)), "nothing has changed yet");
    meddle(&server, "DROP TRIGGER fault", "DROP TRIGGER fault ON sale");
    server.restart();
    assert_eq!(totals(&server), (Some(3), Some(10 * 5_990)));
    assert_eq!(server.ask(async |tx| tx.list_flags_of(sealed, 0, (1, 9)).await.expect("flags")), vec![]);
    server.restart();
    assert_eq!(totals(&server), (Some(3), Some(10 * 5_990)), "once");
    let found = verified(&server);
    assert!(found.is_sound(), "in the order in which they were counted: {found:?}");
}

#[test]
fn everything_counted_again_comes_to_the_same_and_a_changed_byte_shows() {
    let server = TestServer::start();
    let (mut till, mut bar) = (server.till(0), server.till(1));
    let stem = [till.started(), till.opened()];
    let at = till.head;
    let (first, sale) = till.sale(1);
    let ours = [first, till.sale(2).0];
    till.push(&stem);
    till.push(&ours);
    till.head = at;
    let theirs = [till.sale(3).0, till.write(&Fact::SaleCompleted(sale.clone()))];
    till.push(&theirs);
    let poured = [bar.started(), bar.opened(), bar.redeemed(&sale.tickets[0], 1)];
    bar.push(&poured);
    let origin = bar.origin();
    let garbage = bar.head.follow(&origin, "this is no envelope");
    bar.push(&[garbage]);
    let found = verified(&server);
    assert!(found.is_sound(), "{found:?}");
    assert_eq!((found.chains, found.events), (2, 10));
    for (change, differing) in [
        ("UPDATE sale SET completed_at = completed_at + 1 WHERE seq = 4 AND branch = 0", vec!["sale"]),
        ("UPDATE taking SET total_minor = total_minor + 1", vec!["sale", "taking"]),
        ("UPDATE session_taking SET sales = sales + 1", vec!["sale", "taking", "session_taking"]),
    ] {
        meddle(&server, change, change);
        assert_eq!(verified(&server).differing, differing);
    }
    meddle(
        &server,
        "UPDATE event SET line = replace(line, '5990', '5991') WHERE seq = 3 AND branch = 0",
        "UPDATE event SET line = convert_to(replace(convert_from(line, 'UTF8'), '5990', '5991'), 'UTF8')
         WHERE seq = 3 AND branch = 0",
    );
    let found = verified(&server);
    assert_eq!(found.broken.len(), 2, "the line, and how many are good: {found:?}");
}

/// Stock and edits are merged in an order that matters, and a person decides by what is flagged.
#[test]
fn stock_edits_and_flags_are_counted_again_too() {
    let server = TestServer::start();
    let (mut bar, mut terrace) = (server.till(0), server.till(1));
    let product_id = bar.product.product_id;
    let count = |till: &mut TestTill<'_>, pieces: i64, seen_round| {
        let counted = StockCounted { product_id, counted_milli: pieces * 1_000, seen_round, seen: Vec::new() };
        till.write(&Fact::StockCounted(counted))
    };
    let edit = |till: &mut TestTill<'_>, to| {
        let price_minor = Some(Edited { to, seen: 0 });
        let edit = ProductEdited { product_id, price_minor, ..no_edit(product_id) };
        till.write(&Fact::ProductEdited(edit))
    };
    let stem = [bar.started(), bar.opened(), count(&mut bar, 24, 0), bar.sale(2).0, edit(&mut bar, 6_500)];
    bar.push(&stem);
    server.advance(1_000);
    let theirs = [terrace.started(), terrace.sale(3).0, count(&mut terrace, 30, 0), edit(&mut terrace, 7_000)];
    terrace.push(&theirs);
    // The bar starts again, and goes on from its end.
    let parent = ParentChain { chain: bar.head.chain, seq: bar.head.seq, hash: bar.head.hash };
    bar.head = ChainHead::start(ChainId::new(server.outside.now(), &*server.outside.entropy), Some(parent.hash));
    let started = ChainStarted { app_version: "0.1.0".to_owned(), parent: Some(parent), ..ChainStarted::default() };
    let more = [bar.write(&Fact::ChainStarted(started)), bar.sale(1).0];
    bar.push(&more);

    let found = verified(&server);
    assert!(found.is_sound(), "{found:?}");
    let rows =
        |table: &str| found.tables.iter().find(|(name, ..)| *name == table).map(|(_, here, again)| (*here, *again));
    assert_eq!(rows("stock"), Some((1, 1)));
    assert_eq!(rows("stock_run"), Some((2, 2)), "a run that ended is folded away");
    assert_eq!(rows("stock_part"), Some((3, 3)));
    assert_eq!(rows("superseded_edit"), Some((1, 1)));
    assert!(rows("flag").is_some_and(|(here, again)| here == again && here == 2), "{found:?}");
    for (change, differs) in [
        ("UPDATE stock SET on_hand_milli = on_hand_milli + 1", "stock"),
        ("UPDATE stock_part SET taken_milli = taken_milli + 1", "stock_part"),
        ("DELETE FROM stock_run", "stock_run"),
        ("UPDATE superseded_edit SET lost = '6501'", "superseded_edit"),
        ("DELETE FROM flag WHERE code = 'count_beside'", "flag"),
    ] {
        meddle(&server, change, change);
        assert!(verified(&server).differing.contains(&differs), "{change}");
    }
}

fn no_edit(product_id: ProductId) -> ProductEdited {
    ProductEdited {
        product_id,
        name: None,
        price_minor: None,
        is_active: None,
        add_tags: Vec::new(),
        remove_tags: Vec::new(),
    }
}
