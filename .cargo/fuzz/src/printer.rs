//! What a printer says of itself, or what else is at its address.

use crate::printer_status::{Status, Trouble, is_online, is_printed_answer, is_real_time_answer};
use crate::words::Language;

/// The bytes are answers in the order they came; 0 in place of one that did not come.
///
/// Holds: no byte is two kinds of answer; a printer that says it does not print is in trouble, and one in trouble has
/// words for it; what did not answer is not believed to be well.
pub fn target(bytes: &[u8]) {
    for byte in bytes {
        assert!(!(is_real_time_answer(*byte) && is_printed_answer(*byte)));
    }
    for four in bytes.windows(4) {
        let answers = [0, 1, 2, 3].map(|n: usize| Some(four[n]).filter(|byte| is_real_time_answer(*byte)));
        let status = Status::of(answers);
        if let Some(trouble) = status.trouble {
            assert!([Language::EsCl, Language::En].iter().all(|language| !trouble.words(*language).is_empty()));
        }
        let is_stopped = answers[0].is_some_and(|byte| !is_online(byte));
        assert!(!is_stopped || status.trouble.is_some(), "it says that it does not print");
        let is_out = answers[3].is_some_and(|byte| byte & 0x60 != 0);
        assert!(!is_out || status.trouble == Some(Trouble::PaperOut));
        assert_eq!(status.is_drawer_line_high.is_some(), answers[0].is_some());
    }
}
