//! What was read once in a night and need not be read again: the same bytes say the same.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

use shared::catalog::Product;
use shared::event::{Event, EventError, SealedEvent};
use shared::sync::stream::RedemptionRecord;

/// By its hash's first half: the hash of its bytes is as good as chance.
type Events = HashMap<u128, Result<Rc<Event>, EventError>, BuildHasherDefault<Plain>>;

/// For keys that are hashes already.
#[derive(Default)]
struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for eight in bytes.chunks(8) {
            self.0 ^= eight.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        }
    }
}

thread_local! {
    static EVENTS: RefCell<Events> = RefCell::default();
    static REDEMPTIONS: RefCell<HashMap<Rc<str>, Option<Rc<RedemptionRecord>>>> = RefCell::default();
    static PRODUCTS: RefCell<HashMap<Rc<str>, Option<Rc<Product>>>> = RefCell::default();
}

/// Reads an event.
pub(crate) fn event(sealed: &SealedEvent) -> Result<Rc<Event>, EventError> {
    let half = sealed.hash.as_bytes().first_chunk().copied().map_or(0, u128::from_le_bytes);
    EVENTS.with_borrow_mut(|known| known.entry(half).or_insert_with(|| sealed.read().map(Rc::new)).clone())
}

/// Reads a product.
pub(crate) fn product(json: &Rc<str>) -> Option<Rc<Product>> {
    PRODUCTS.with_borrow_mut(|known| {
        let read = || serde_json::from_str(json).ok().map(Rc::new);
        known.entry(Rc::clone(json)).or_insert_with(read).clone()
    })
}

/// Reads a redemption as the venue's stream tells it.
pub(crate) fn redemption(json: &Rc<str>) -> Option<Rc<RedemptionRecord>> {
    REDEMPTIONS.with_borrow_mut(|known| {
        let read = || serde_json::from_str(json).ok().map(Rc::new);
        known.entry(Rc::clone(json)).or_insert_with(read).clone()
    })
}

/// Another night begins.
pub(crate) fn forget() {
    EVENTS.with_borrow_mut(HashMap::clear);
    PRODUCTS.with_borrow_mut(HashMap::clear);
    REDEMPTIONS.with_borrow_mut(HashMap::clear);
}
