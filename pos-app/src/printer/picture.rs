//! The same document for a screen or an e-mail: what would come out of the printer, as a picture.
//!
//! It is drawn from the very bytes a printer gets, so it cannot say anything else than the paper.

use std::io;

use super::document::Document;
use super::escpos::encode;
use super::layout::{Page, layout};
use super::profile::Profile;
use super::simulated::{Interpreter, Picture};

/// A document as dots; `None` of one that has no paper.
pub fn picture(document: &Document, profile: &Profile, page: Page<'_>) -> Option<Picture> {
    let mut printer = Interpreter::new(profile.columns);
    printer.feed(&encode(&layout(document, page), profile, false));
    printer.take_papers().into_iter().find_map(|paper| paper.picture)
}

/// A document as a PNG file.
pub fn png(document: &Document, profile: &Profile, page: Page<'_>) -> io::Result<Option<Vec<u8>>> {
    picture(document, profile, page).map(|picture| picture.png()).transpose()
}

/// A document as a PDF file of one page.
pub fn pdf(document: &Document, profile: &Profile, page: Page<'_>) -> io::Result<Option<Vec<u8>>> {
    picture(document, profile, page).map(|picture| super::pdf::pdf(&picture)).transpose()
}
