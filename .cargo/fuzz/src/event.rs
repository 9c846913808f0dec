//! An event's line, from a till that may be newer, broken or somebody else.

use shared::event::{Fact, Read};

use crate::who;

/// The bytes are what follows the derivable beginning of a line, or a whole line.
///
/// Holds: what is followed is accepted again and gives back the same rest; whatever is read as a fact is written as text
/// that reads as the same fact.
pub fn target(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (chain, origin) = (who::chain(), who::origin());
    let sealed = chain.follow(&origin, text);
    assert_eq!(sealed.rest(), text);
    assert_eq!(chain.accept(&origin, &sealed.line).as_ref(), Ok(&sealed));
    if let Ok(accepted) = chain.accept(&origin, text) {
        assert_eq!(accepted.line, text);
    }
    if let Ok(event) = sealed.read()
        && let Read::Known(fact) = event.fact
    {
        let again = Fact::decode(fact.kind(), fact.schema(), &fact.payload());
        assert_eq!(again.as_ref(), Ok(&fact), "written, it reads as what it was");
        if let Fact::SaleCompleted(sale) = &fact {
            drop(sale.completed());
        }
    }
}
