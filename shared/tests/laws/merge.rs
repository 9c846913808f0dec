//! Laws of what merges by itself: whatever the order, however often, everybody comes to the same; and the traps of the
//! crate below, each as it bites there and does not bite here.

use std::collections::{BTreeMap, BTreeSet};

use crdts::{CmRDT, CvRDT, LWWReg, Orswot, PNCounter};
use proptest::prelude::*;
use shared::catalog::Product;
use shared::event::{Edited, ProductEdited};
use shared::ids::{CategoryId, ChainId, DeviceId, ProductId};
use shared::merge::{
    Actor, Author, Contradiction, Counted, Field, Marker, Marks, Moved, Part, Stock, StockError, Tags, Version,
};
use shared::tax::RateBp;
use shared::time::{Hlc, Timestamp};
use uuid::Uuid;

const TILLS: usize = 3;

fn device(n: usize) -> DeviceId {
    DeviceId::from_uuid(Uuid::from_u128(100 + n as u128))
}

fn chain(n: usize) -> ChainId {
    ChainId::from_uuid(Uuid::from_u128(1_000 + n as u128))
}

fn hlc(ms: i64) -> Hlc {
    Hlc::default().tick(Timestamp::from_millis(ms))
}

fn shuffled<T: Clone + std::fmt::Debug + 'static>(items: &[T]) -> impl Strategy<Value = Vec<T>> + use<T> {
    let twice: Vec<T> = items.iter().chain(items).cloned().collect();
    Just(twice).prop_shuffle()
}

// --- stock ---------------------------------------------------------------------------------------------------------

#[derive(Clone, Debug)]
enum Deed {
    Receive(usize, u64),
    Sell(usize, u64),
    Count(usize, i64, i64),
    Restart(usize),
    Meet(usize, usize),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let till = 0..TILLS;
    prop::collection::vec(
        prop_oneof![
            2 => (till.clone(), 1_u64..50).prop_map(|(till, milli)| Deed::Receive(till, milli)),
            4 => (till.clone(), 1_u64..50).prop_map(|(till, milli)| Deed::Sell(till, milli)),
            2 => (till.clone(), 0_i64..500, -20_i64..20).prop_map(|(till, milli, skew)| Deed::Count(till, milli, skew)),
            1 => till.clone().prop_map(Deed::Restart),
            3 => (till.clone(), till).prop_map(|(one, other)| Deed::Meet(one, other)),
        ],
        1..40,
    )
}

/// What travels.
#[derive(Clone, Debug)]
enum News {
    Part(Part),
    Link(ChainId, ChainId),
    Count(Field<Counted>),
}

fn tell(stock: &mut Stock, news: &News) {
    match news {
        News::Part(part) => stock.tell(part).expect("small numbers"),
        News::Link(chain, parent) => stock.link(*chain, *parent),
        News::Count(count) => stock.count(count).expect("no two counts are one event"),
    }
}

/// A till, and which movements it has heard of: what the law is checked against.
#[derive(Clone)]
struct Keeper {
    actor: Actor,
    part: Part,
    stock: Stock,
    heard: BTreeSet<usize>,
    /// Runs heard of that nothing heard of continues.
    open: BTreeSet<Actor>,
    seq: u64,
}

struct History {
    news: Vec<News>,
    expected: Option<i64>,
}

fn live(deeds: &[Deed]) -> History {
    let mut runs = TILLS;
    let mut keepers: Vec<Keeper> = (0..TILLS)
        .map(|n| {
            let actor = Actor { device: device(n), chain: chain(n) };
            let part = Part { by: actor, received_milli: 0, taken_milli: 0 };
            let open = BTreeSet::from([actor]);
            Keeper { actor, part, stock: Stock::default(), heard: BTreeSet::new(), open, seq: 0 }
        })
        .collect();
    let mut news = Vec::new();
    let mut moves: Vec<i64> = Vec::new();
    let mut counts: Vec<(Version, i64, BTreeSet<usize>)> = Vec::new();
    for (time, deed) in (0_i64..).zip(deeds) {
        match *deed {
            Deed::Receive(till, milli) | Deed::Sell(till, milli) => {
                let is_sale = matches!(deed, Deed::Sell(..));
                let keeper = &mut keepers[till];
                *(if is_sale { &mut keeper.part.taken_milli } else { &mut keeper.part.received_milli }) += milli;
                keeper.seq += 1;
                keeper.heard.insert(moves.len());
                moves.push(if is_sale { -milli.cast_signed() } else { milli.cast_signed() });
                news.push(News::Part(keeper.part));
                tell(&mut keeper.stock, &News::Part(keeper.part));
            }
            Deed::Count(till, counted_milli, skew) => {
                let keeper = &mut keepers[till];
                keeper.seq += 1;
                let known = keeper.stock.counted().map_or(0, |count| count.version().round);
                let marker = Marker { hlc: hlc(1_000 + time + skew), chain: keeper.actor.chain, seq: keeper.seq };
                let version = Version::at_till(known, marker);
                let parts = keeper.open.iter().map(|by| keeper.stock.moved(*by));
                let seen = Moved::of(parts).expect("small numbers");
                let count = News::Count(Field::new(Counted { counted_milli, seen }, version));
                counts.push((version, counted_milli, keeper.heard.clone()));
                tell(&mut keeper.stock, &count);
                news.push(count);
            }
            Deed::Restart(till) => {
                let keeper = &mut keepers[till];
                let parent = keeper.actor;
                keeper.actor.chain = chain(runs);
                keeper.part = Part { by: keeper.actor, received_milli: 0, taken_milli: 0 };
                runs += 1;
                keeper.seq = 0;
                keeper.open.remove(&parent);
                keeper.open.insert(keeper.actor);
                let link = News::Link(keeper.actor.chain, parent.chain);
                tell(&mut keeper.stock, &link);
                news.push(link);
            }
            Deed::Meet(one, other) => {
                let (a, b) = (keepers[one].clone(), keepers[other].clone());
                for (till, met) in [(one, &b), (other, &a)] {
                    let keeper = &mut keepers[till];
                    keeper.stock.merge(&met.stock).expect("no two counts are one event");
                    keeper.heard.extend(&met.heard);
                    // Of two runs of one machine the later goes on from the earlier.
                    let mut newest: BTreeMap<DeviceId, Actor> = BTreeMap::new();
                    for actor in keeper.open.iter().chain(&met.open) {
                        let known = newest.entry(actor.device).or_insert(*actor);
                        *known = (*known).max(*actor);
                    }
                    keeper.open = newest.into_values().collect();
                }
            }
        }
    }
    let last = counts.iter().max_by_key(|(version, ..)| *version);
    let expected = last.map(|(_, counted, heard)| {
        let unheard = moves.iter().enumerate().filter(|(n, _)| !heard.contains(n));
        counted + unheard.map(|(_, milli)| milli).sum::<i64>()
    });
    History { news, expected }
}

proptest! {
    /// The last count and what it had not seen, in whatever order and however often the news came.
    #[test]
    fn stock_is_the_last_count_and_what_it_had_not_seen((news, expected) in deeds().prop_flat_map(|deeds| {
        let history = live(&deeds);
        (shuffled(&history.news), Just(history.expected))
    })) {
        let mut stock = Stock::default();
        for news in &news {
            tell(&mut stock, news);
        }
        prop_assert_eq!(stock.on_hand(), Ok(expected));
    }

    /// Joining states is commutative, associative and idempotent.
    #[test]
    fn stock_states_join((news, cuts) in deeds().prop_flat_map(|deeds| {
        let news = live(&deeds).news;
        let len = news.len();
        (Just(news), prop::collection::vec(0_u8..8, len))
    })) {
        let of = |bit: u8| {
            let mut stock = Stock::default();
            for (news, cut) in news.iter().zip(&cuts) {
                if cut & bit != 0 {
                    tell(&mut stock, news);
                }
            }
            stock
        };
        let (a, b, c) = (of(1), of(2), of(4));
        let join = |x: &Stock, y: &Stock| {
            let mut joined = x.clone();
            joined.merge(y).expect("no two counts are one event");
            joined
        };
        prop_assert_eq!(join(&a, &b), join(&b, &a));
        prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
        prop_assert_eq!(join(&a, &a), a);
    }

    /// A record with ended runs folded away, and a till's own runs on top, is the whole truth as far as it reached.
    #[test]
    fn a_folded_record_and_what_a_till_did_since_add_up(
        received in 0_u64..1_000, sold in prop::collection::vec((0_u64..100, 0_u64..100), 1..6), heard in 0_usize..6, counted in 0_i64..1_000,
    ) {
        // One till's runs, one after another; head office has heard the first `heard` whole and nothing of the rest.
        let part = |n: usize, (received_milli, taken_milli): (u64, u64)| {
            Part { by: Actor { device: device(0), chain: chain(n) }, received_milli, taken_milli }
        };
        let own: Vec<Part> = sold.iter().enumerate().map(|(n, totals)| part(n, *totals)).collect();
        let heard = heard.min(own.len());
        let other = Part { by: Actor { device: device(1), chain: chain(99) }, received_milli: received, taken_milli: 0 };
        let mut office = Stock::default();
        office.tell(&other).expect("small");
        let nothing = Field::new(Counted { counted_milli: counted, seen: Moved::default() }, Version::FIRST);
        office.count(&nothing).expect("one count");
        for part in &own[..heard] {
            office.tell(part).expect("small");
        }
        let open: Vec<Actor> = own[..heard].last().map(|part| part.by).into_iter().chain([other.by]).collect();
        let product_id = ProductId::from_uuid(Uuid::nil());
        let record = office.fold(product_id, &open).expect("small").expect("counted");
        let all: i64 = sold.iter().map(|(r, t)| r.cast_signed() - t.cast_signed()).sum();
        prop_assert_eq!(record.with_own(&own), Ok(counted + received.cast_signed() + all));
        let text = serde_json::to_string(&record).expect("JSON");
        prop_assert_eq!(serde_json::from_str(&text).ok(), Some(record));
    }
}

// --- fields and tags -----------------------------------------------------------------------------------------------

fn product() -> Product {
    Product {
        product_id: ProductId::from_uuid(Uuid::from_u128(1)),
        number: 1,
        sku: "PISCOLA".into(),
        name: "Piscola".into(),
        category_id: CategoryId::from_uuid(Uuid::nil()),
        price_minor: 4_500,
        tax_rate_bp: RateBp(1_900),
        barcodes: Vec::new(),
        is_ticketed: false,
        position: 1,
        is_active: true,
        tags: Vec::new(),
        marks: Marks::default(),
    }
}

/// An edit, by whom and where.
type Written = (ProductEdited, Actor, Marker);

#[derive(Clone, Debug)]
enum Edit {
    Name(usize, u8),
    Price(usize, i64),
    Active(usize, bool),
    Tag(usize, u8),
    Untag(usize, u8),
    /// Sends what it wrote and fetches what stands.
    Sync(usize),
}

fn edits() -> impl Strategy<Value = (Vec<Edit>, Vec<usize>)> {
    let till = 0..TILLS;
    let edit = prop_oneof![
        (till.clone(), 0_u8..4).prop_map(|(till, n)| Edit::Name(till, n)),
        (till.clone(), 1_i64..5).prop_map(|(till, n)| Edit::Price(till, n * 1_000)),
        (till.clone(), any::<bool>()).prop_map(|(till, is)| Edit::Active(till, is)),
        (till.clone(), 0_u8..3).prop_map(|(till, n)| Edit::Tag(till, n)),
        (till.clone(), 0_u8..3).prop_map(|(till, n)| Edit::Untag(till, n)),
        till.prop_map(Edit::Sync),
    ];
    (prop::collection::vec(edit, 1..30), prop::collection::vec(0_usize..TILLS, 0..120))
}

/// Tills edit and sync now and then; answers what each wrote, in its order, and what head office has in the end.
fn edit_all(edits: &[Edit]) -> (Vec<Vec<Written>>, Product, Vec<Product>) {
    let mut office = product();
    let mut here: Vec<Product> = vec![product(); TILLS];
    let mut written: Vec<Vec<Written>> = vec![Vec::new(); TILLS];
    let mut sent = [0; TILLS];
    let sync =
        |till: usize, office: &mut Product, here: &mut Vec<Product>, written: &[Vec<Written>], sent: &mut [usize]| {
            for (edit, by, at) in &written[till][sent[till]..] {
                office.edit(edit, *by, at);
            }
            sent[till] = written[till].len();
            here[till] = office.clone();
        };
    for (time, edit) in (0_i64..).zip(edits) {
        let (till, (name, price_minor, is_active, add, remove)) = match *edit {
            Edit::Name(till, n) => (till, (Some(format!("Piscola {n}")), None, None, None, None)),
            Edit::Price(till, minor) => (till, (None, Some(minor), None, None, None)),
            Edit::Active(till, is) => (till, (None, None, Some(is), None, None)),
            Edit::Tag(till, n) => (till, (None, None, None, Some(format!("tag {n}")), None)),
            Edit::Untag(till, n) => (till, (None, None, None, None, Some(format!("tag {n}")))),
            Edit::Sync(till) => {
                sync(till, &mut office, &mut here, &written, &mut sent);
                continue;
            }
        };
        let known = &here[till];
        let edit = ProductEdited {
            product_id: known.product_id,
            name: name.map(|to| Edited { to, seen: known.marks.name.round }),
            price_minor: price_minor.map(|to| Edited { to, seen: known.marks.price_minor.round }),
            is_active: is_active.map(|to| Edited { to, seen: known.marks.is_active.round }),
            add_tags: add.into_iter().collect(),
            remove_tags: remove.iter().map(|tag| known.marks.tags.removal(tag)).collect(),
        };
        let by = Actor { device: device(till), chain: chain(till) };
        // Clocks differ by whole seconds between tills, and edits come faster.
        let till_ms = i64::try_from(till).expect("few") * 700;
        let at =
            Marker { hlc: hlc(10_000 + time * 500 - till_ms), chain: by.chain, seq: written[till].len() as u64 + 1 };
        here[till].edit(&edit, by, &at);
        written[till].push((edit, by, at));
    }
    for till in (0..TILLS).chain(0..TILLS) {
        sync(till, &mut office, &mut here, &written, &mut sent);
    }
    (written, office, here)
}

proptest! {
    /// Each till's edits in its order, mixed with the others' in any, some of them twice: the same product.
    #[test]
    fn edits_come_to_the_same_product_in_any_order((edits, turns) in edits()) {
        let (written, office, here) = edit_all(&edits);
        for till in &here {
            prop_assert_eq!(till, &office);
        }
        let mut other = product();
        let mut next = [0; TILLS];
        for till in turns.into_iter().chain((0..TILLS).flat_map(|till| std::iter::repeat_n(till, 30))) {
            if let Some((edit, by, at)) = written[till].get(next[till]) {
                other.edit(edit, *by, at);
                if at.seq % 3 == 0 {
                    prop_assert!(!other.edit(edit, *by, at).is_changed, "told twice");
                }
                next[till] += 1;
            }
        }
        prop_assert_eq!(&other, &office);
        let text = serde_json::to_string(&office).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Product>(&text).ok(), Some(office));
    }

    /// The register's own laws.
    #[test]
    fn fields_join(versions in prop::collection::vec((0_u64..3, 0_i64..4, 0_usize..3, any::<bool>()), 3)) {
        let field = |&(round, ms, run, is_office): &(u64, i64, usize, bool)| {
            let by = if is_office { Author::Office } else { Author::Till(Marker { hlc: hlc(ms), chain: chain(run), seq: 1 }) };
            let version = Version { round, by };
            // One version, one value.
            Field::new(format!("{version:?}"), version)
        };
        let [a, b, c] = [&versions[0], &versions[1], &versions[2]].map(field);
        let join = |x: &Field<String>, y: &Field<String>| {
            let mut joined = x.clone();
            joined.merge(y).expect("one version, one value");
            joined
        };
        prop_assert_eq!(join(&a, &b), join(&b, &a));
        prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
        prop_assert_eq!(join(&a, &a), a);
    }

    /// Sets that heard different parts of the same story join to the same set, either way round.
    #[test]
    fn tags_join((edits, turns) in edits()) {
        let (written, office, _) = edit_all(&edits);
        // Each half hears a prefix of every till's story.
        let half = |pick: usize| {
            let mut tags = product();
            for (till, story) in written.iter().enumerate() {
                let heard = turns.get(pick + till).copied().unwrap_or(1) * story.len() / TILLS;
                for (edit, by, at) in &story[..heard] {
                    tags.edit(edit, *by, at);
                }
            }
            tags.marks.tags
        };
        let (a, b) = (half(0), half(TILLS));
        let join = |x: &Tags, y: &Tags| {
            let mut joined = x.clone();
            joined.merge(y);
            joined
        };
        prop_assert_eq!(join(&a, &b).list(), join(&b, &a).list());
        prop_assert_eq!(join(&a, &a), a.clone());
        prop_assert_eq!(join(&join(&a, &b), &office.marks.tags).list(), office.tags);
    }
}

#[test]
fn an_edit_that_did_not_know_loses_its_field_alone_and_both_values_are_told() {
    let (a, b) = (Actor { device: device(0), chain: chain(0) }, Actor { device: device(1), chain: chain(1) });
    let at = |by: Actor, ms| Marker { hlc: hlc(ms), chain: by.chain, seq: 1 };
    let none = ProductEdited {
        product_id: product().product_id,
        name: None,
        price_minor: None,
        is_active: None,
        add_tags: Vec::new(),
        remove_tags: Vec::new(),
    };
    let dear = ProductEdited { price_minor: Some(Edited { to: 5_000, seen: 0 }), ..none.clone() };
    let dearer = ProductEdited {
        price_minor: Some(Edited { to: 5_500, seen: 0 }),
        name: Some(Edited { to: "Piscolón".into(), seen: 0 }),
        ..none.clone()
    };
    for turned in [false, true] {
        let mut told = [(&dear, a, at(a, 10)), (&dearer, b, at(b, 9))];
        if turned {
            told.reverse();
        }
        let mut product = product();
        let lost: Vec<_> = told.iter().flat_map(|(edit, by, at)| product.edit(edit, *by, at).superseded).collect();
        assert_eq!((product.price_minor, product.name.as_str()), (5_000, "Piscolón"), "the later clock, per field");
        assert_eq!(lost.len(), 1);
        assert_eq!((lost[0].lost.as_i64(), lost[0].kept.as_i64()), (Some(5_500), Some(5_000)));
    }
    // Head office decides meanwhile: what did not know it loses, however late its clock is.
    let mut office = product();
    office.price_minor = 6_000;
    office.mark_changes(&product());
    let outcome = office.edit(&dear, a, &at(a, 99_999));
    assert_eq!((office.price_minor, outcome.superseded.len()), (6_000, 1));
    let knowing = ProductEdited { price_minor: Some(Edited { to: 5_200, seen: 1 }), ..none };
    let outcome = office.edit(&knowing, b, &at(b, 1));
    assert_eq!((office.price_minor, outcome.superseded.len()), (5_200, 0), "who knew may change it, clock or not");
}

#[test]
fn adding_wins_over_a_removal_that_did_not_know() {
    let (a, b) = (Actor { device: device(0), chain: chain(0) }, Actor { device: device(1), chain: chain(1) });
    let at = |by: Actor, seq| Marker { hlc: hlc(1), chain: by.chain, seq };
    let mut ours = Tags::default();
    ours.add(a, &at(a, 1), &["happy".into(), "nuevo".into()]);
    let mut theirs = ours.clone();
    let removal = theirs.removal("happy");
    theirs.remove(&removal);
    ours.add(b, &at(b, 1), &["happy".into()]);
    ours.merge(&theirs);
    assert_eq!(ours.list(), ["happy", "nuevo"]);
    // A removal that comes before its adding waits for it, also across a restart.
    let mut early = Tags::default();
    early.remove(&removal);
    let text = serde_json::to_string(&early).expect("JSON");
    let mut early: Tags = serde_json::from_str(&text).expect("read back");
    early.add(a, &at(a, 1), &["happy".into(), "nuevo".into()]);
    assert_eq!(early.list(), ["nuevo"]);
}

// --- the crate's traps ---------------------------------------------------------------------------------------------

#[test]
fn a_register_below_diverges_in_silence_and_ours_says_so() {
    let (a, b) = (LWWReg { val: 1, marker: 7 }, LWWReg { val: 2, marker: 7 });
    let (mut left, mut right) = (a.clone(), b.clone());
    left.merge(b);
    right.merge(a);
    assert_ne!(left.val, right.val, "if the crate got better, this wrapper can get smaller");

    let version = Version::at_till(0, Marker { hlc: hlc(1), chain: chain(0), seq: 1 });
    let mut field = Field::new(1, version);
    assert_eq!(field.merge(&Field::new(2, version)), Err(Contradiction { version }));
    assert_eq!(*field.value(), 1);
}

#[test]
fn a_marker_without_its_chain_diverges_and_with_it_does_not() {
    // Two clones of one disk write in the same millisecond.
    let same = hlc(5);
    let (a, b) = (LWWReg { val: "a", marker: same }, LWWReg { val: "b", marker: same });
    let (mut left, mut right) = (a.clone(), b.clone());
    left.merge(b);
    right.merge(a);
    assert_ne!(left.val, right.val);

    let at = |run| Version::at_till(0, Marker { hlc: same, chain: chain(run), seq: 1 });
    let (a, b) = (Field::new("a", at(1)), Field::new("b", at(2)));
    let (mut left, mut right) = (a.clone(), b.clone());
    assert!(left.merge(&b).is_ok() && right.merge(&a).is_ok());
    assert_eq!(left, right);
}

#[test]
fn a_counter_by_device_loses_sales_after_a_restore_and_by_run_it_does_not() {
    // Ten sold and sent; a backup that knew seven is put back; three more are sold.
    let mut office: PNCounter<DeviceId> = PNCounter::new();
    office.apply(office.dec_many(device(0), 10));
    let mut restored: PNCounter<DeviceId> = PNCounter::new();
    restored.apply(restored.dec_many(device(0), 7));
    restored.apply(restored.dec_many(device(0), 3));
    office.merge(restored);
    assert_eq!(i64::try_from(office.read()).ok(), Some(-10), "three sales are gone");

    let run =
        |n, taken_milli| Part { by: Actor { device: device(0), chain: chain(n) }, received_milli: 0, taken_milli };
    let mut office = Moved::of([run(0, 10)]).expect("small");
    office.merge(&Moved::of([run(0, 7), run(1, 3)]).expect("small"));
    assert_eq!(office.since(&Moved::default()), Ok(-13));
}

#[test]
fn a_counter_takes_any_jump_below_and_ours_has_a_limit() {
    let mut counter: PNCounter<u8> = PNCounter::new();
    let jump = crdts::pncounter::Op { dot: crdts::Dot::new(1, u64::MAX), dir: crdts::pncounter::Dir::Pos };
    assert!(counter.validate_op(&jump).is_ok());
    counter.apply(jump);
    assert!(i64::try_from(counter.read()).is_err(), "no till can show that");

    let by = Actor { device: device(0), chain: chain(0) };
    let mut moved = Moved::default();
    assert_eq!(moved.tell(&Part { by, received_milli: u64::MAX, taken_milli: 0 }), Err(StockError::TooLarge));
    assert!(moved.tell(&Part { by, received_milli: 5, taken_milli: 0 }).is_ok());
    assert!(moved.tell(&Part { by, received_milli: 3, taken_milli: 0 }).is_ok(), "old news changes nothing");
    assert_eq!(moved.since(&Moved::default()), Ok(5));
    let most = Part { by, received_milli: i64::MAX.cast_unsigned(), taken_milli: 0 };
    let other = Part { by: Actor { device: device(1), chain: chain(1) }, ..most };
    assert_eq!(Moved::of([most, other]).expect("each fits").since(&Moved::default()), Err(StockError::TooLarge));
}

#[test]
fn members_added_at_once_share_a_dot_below_and_not_here() {
    let mut set: Orswot<&str, u8> = Orswot::new();
    set.apply(set.add_all(["a", "b"], set.read_ctx().derive_add_ctx(1)));
    assert!(set.validate_merge(&set.clone()).is_err(), "the crate calls its own adding a mistake");

    let by = Actor { device: device(0), chain: chain(0) };
    let mut tags = Tags::default();
    tags.add(by, &Marker { hlc: hlc(1), chain: by.chain, seq: 1 }, &["a".into(), "b".into()]);
    assert_ne!(tags.removal("a").seen, tags.removal("b").seen);
    let text = serde_json::to_string(&tags).expect("JSON, where the crate's own shape has none");
    assert_eq!(serde_json::from_str::<Tags>(&text).ok(), Some(tags));
}
