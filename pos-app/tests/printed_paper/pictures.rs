//! Every document as a picture, beside the ones kept: what a customer holds changes only when somebody meant it to.
//! `BLESS=1` keeps the new ones.

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use pos_app::printer::codepage::CodePage;
use pos_app::printer::picture::{picture, png};
use pos_app::printer::profile::QrBy;
use pos_app::printer::{Columns, Document, Profile};

use super::samples;

fn kept(name: &str, columns: Columns) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/printed_paper/golden/{name}_{}.png", columns.count()))
}

/// Pixels, so that another way to pack them is no difference.
fn pixels(file: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(BufReader::new(std::io::Cursor::new(file))).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a small picture")];
    let frame = reader.next_frame(&mut pixels).expect("its pixels");
    (frame.width, frame.height, pixels)
}

#[test]
fn every_paper_looks_as_it_did() {
    let is_blessing = std::env::var_os("BLESS").is_some();
    for columns in [Columns::C32, Columns::C48] {
        for (name, document) in samples::all() {
            let profile = Profile { columns, code_page: CodePage::Pc858, qr: QrBy::Printer };
            let Some(drawn) = png(&document, &profile, 0).expect("a picture") else {
                assert_eq!(document, Document::Drawer, "{name}");
                continue;
            };
            let path = kept(name, columns);
            if is_blessing {
                fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                fs::write(&path, &drawn).expect("kept");
            }
            let golden = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(pixels(&drawn) == pixels(&golden), "{} is another paper; BLESS=1 keeps it", path.display());
        }
    }
}

#[test]
fn both_code_pages_and_both_ways_to_draw_a_code_make_one_picture() {
    for columns in [Columns::C32, Columns::C48] {
        for (name, document) in samples::all() {
            let of = |code_page, qr| picture(&document, &Profile { columns, code_page, qr }, 0);
            let first = of(CodePage::Pc858, QrBy::Printer);
            for (code_page, qr) in [(CodePage::Wpc1252, QrBy::Printer), (CodePage::Pc858, QrBy::Raster)] {
                assert!(of(code_page, qr) == first, "{name}, {columns:?}, {code_page:?}, {qr:?}");
            }
        }
    }
}

#[test]
fn a_camera_reads_the_ticket_from_the_picture_that_is_kept() {
    for columns in [Columns::C32, Columns::C48] {
        let (width, height, pixels) = pixels(&fs::read(kept("ticket", columns)).expect("kept"));
        let (width, height) = (width as usize, height as usize);
        let mut image = rqrr::PreparedImage::prepare_from_bitmap(width, height, |x, y| pixels[y * width + x] < 128);
        let read: Vec<String> =
            image.detect_grids().iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect();
        assert_eq!(read, [samples::ticket_code()]);
    }
}
