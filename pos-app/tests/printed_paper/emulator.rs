//! Our bytes at a printer of another hand: emupos, an emulator written in Python (Apache-2.0, from `PyPI`). It runs
//! wherever Python 3.13 or newer is found; elsewhere the test says that it did not run. Its environment is made once,
//! in the build's own folder.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use pos_app::commands::types::PaperDoubt;
use pos_app::config::PrinterConfig;
use pos_app::printer::codepage::CodePage;
use pos_app::printer::layout::{Line, Page, layout};
use pos_app::printer::{Columns, Document, PrintJob, Spooler};

use super::codes;
use super::queue::{PATIENCE, Queue, Told, wait_for};
use super::samples;
use super::spooling::quick;

const VERSION: &str = "0.4.0";

/// 58 mm paper, which emupos does not bring along.
const NARROW: &str = "type: printer
name: 58 mm
dpi: 203
width_dots: 384
font_a: { width: 12, height: 24 }
font_b: { width: 9, height: 17 }
code_pages: { 0: PC437, 16: WPC1252, 19: PC858 }
default_code_page: 0
drawer_sensor_open_level: high
";

/// Whether a program runs and succeeds.
fn succeeds(program: impl AsRef<OsStr>, args: &[&str]) -> bool {
    let status = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn find_python() -> Option<PathBuf> {
    let by_version = std::env::home_dir().into_iter().flat_map(|home| {
        let versions = fs::read_dir(home.join(".pyenv/versions")).into_iter().flatten().flatten();
        versions.map(|version| version.path().join("bin/python3"))
    });
    let by_name = ["python3", "python3.13", "python3.14", "python3.15"].map(PathBuf::from);
    let is_new = "import sys; sys.exit(sys.version_info < (3, 13))";
    by_name.into_iter().chain(by_version).find(|python| succeeds(python, &["-c", is_new]))
}

/// The emulator's command, installed; or why there is none.
fn installed() -> Result<PathBuf, &'static str> {
    let python = find_python().ok_or("no Python of 3.13 or newer was found")?;
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("emupos-{VERSION}"));
    let command = home.join("bin/emupos");
    if succeeds(&command, &["--version"]) {
        return Ok(command);
    }
    let pip = home.join("bin/python");
    let package = format!("emupos=={VERSION}");
    let is_made = succeeds(&python, &["-m", "venv", "--clear", &home.display().to_string()])
        && succeeds(&pip, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &package]);
    if is_made { Ok(command) } else { Err("emupos could not be installed from PyPI") }
}

/// An emulator with a wide printer and a narrow one.
struct Emulator {
    process: Child,
    events: Receiver<String>,
    folder: tempfile::TempDir,
    ports: [u16; 2],
    api: u16,
}

impl Emulator {
    fn start(command: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Free a moment ago, all three at once.
        let listeners = [0; 3].map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let [api, wide, narrow] = listeners.map(|free| free.local_addr().expect("its address").port());
        fs::write(folder.path().join("narrow.yaml"), NARROW).expect("written");
        let config = format!(
            "schema: 1
api: {{ port: {api} }}
devices:
  - {{ id: wide, type: printer, profile: epson-tm-t20iii, receipts_dir: ./wide, connections: [tcp: {{ port: {wide} }}] }}
  - {{ id: narrow, type: printer, profile: ./narrow.yaml, receipts_dir: ./narrow, connections: [tcp: {{ port: {narrow} }}] }}
"
        );
        fs::write(folder.path().join("emupos.yaml"), config).expect("written");
        let mut process = Command::new(command)
            .arg("run")
            .current_dir(&folder)
            .envs([("PYTHONUNBUFFERED", "1"), ("COLUMNS", "500"), ("NO_COLOR", "1")])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the emulator starts");
        let output = BufReader::new(process.stdout.take().expect("its output is ours"));
        let (tell, events) = mpsc::channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let emulator = Self { process, events, folder, ports: [wide, narrow], api };
        emulator.until("Showing events");
        emulator
    }

    /// What it says up to a line with these words.
    fn until(&self, words: &str) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            let line = self.events.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("waited for {words}: {said:#?}"));
            said.push(line);
            if said.last().is_some_and(|line| line.contains(words)) {
                return said;
            }
        }
    }

    /// Breaks the wide printer, or mends it.
    fn fault(&self, fault: &str, is_broken: bool) {
        set_fault(self.api, fault, is_broken);
    }

    /// The paper a printer made last: its text and its picture.
    fn last_paper(&self, printer: &str) -> (String, PathBuf) {
        let papers = fs::read_dir(self.folder.path().join(printer)).expect("its receipts").flatten();
        let picture = papers.map(|file| file.path()).filter(|path| path.extension() == Some("png".as_ref())).max();
        let picture = picture.expect("a picture");
        (fs::read_to_string(picture.with_extension("txt")).expect("its text"), picture)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A picture in a file: its size, and how light each dot is.
fn light(path: &Path) -> (usize, usize, Vec<u8>) {
    let mut decoder = png::Decoder::new(BufReader::new(fs::File::open(path).expect("the picture")));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a small picture")];
    let frame = reader.next_frame(&mut pixels).expect("its pixels");
    let (width, height) = (frame.width as usize, frame.height as usize);
    let samples = frame.color_type.samples();
    (width, height, pixels.chunks(samples).take(width * height).map(|pixel| pixel[0]).collect())
}

/// What a scanner reads off the bars in a file.
fn read_bars(path: &Path) -> Option<String> {
    let (width, height, light) = light(path);
    codes::read_light(light, (width, height), rxing::BarcodeFormat::CODE_128)
}

/// What a camera reads from a picture in a file.
fn read_qr(path: &Path) -> Vec<String> {
    let (width, height, light) = light(path);
    let mut image = rqrr::PreparedImage::prepare_from_bitmap(width, height, |x, y| light[y * width + x] < 128);
    image.detect_grids().iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
}

/// The lines that say something, without their indents, and without what a printer says of a picture, `[…]`.
fn words(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('[')).collect()
}

#[test]
fn another_hands_printer_prints_the_same() {
    let command = match installed() {
        Ok(command) => command,
        Err(why) => {
            println!("not run: {why}");
            return;
        }
    };
    let emulator = Emulator::start(&command);
    for (printer, columns, port) in
        [("wide", Columns::C48, emulator.ports[0]), ("narrow", Columns::C32, emulator.ports[1])]
    {
        let mut is_drawer_shut = true;
        for code_page in ["pc858", "wpc1252"] {
            for qr in ["native", "raster"] {
                let config = PrinterConfig {
                    columns: u8::try_from(columns.count()).expect("a width"),
                    code_page: code_page.into(),
                    ..PrinterConfig::at(format!("tcp://127.0.0.1:{port}?qr={qr}"))
                };
                for (name, document) in samples::all().into_iter().chain([("hostile", samples::hostile())]) {
                    let case = format!("{name} on {printer}, {code_page}, {qr} QR");
                    let code = match &document {
                        Document::Ticket(ticket) => vec![ticket.code.clone()],
                        Document::Badge(badge) => vec![badge.code.clone()],
                        Document::TestPage(page) => vec![format!("BARRA {}", page.at)],
                        _ => Vec::new(),
                    };
                    let bars = match &document {
                        Document::Receipt(receipt) => receipt.code.clone(),
                        _ => None,
                    };
                    let ours = super::super::printed_by_us(&document, &config);
                    let page = Page { columns, code_page: CodePage::Pc858, copy_no: 0, logo: None };
                    let drawn = layout(&document, page).iter().filter(|line| matches!(line, Line::Raster(_))).count();
                    let drawn = drawn + if qr == "raster" { code.len() } else { 0 };
                    // Nobody shuts it again, and an open drawer opens without a word.
                    let opens_drawer = std::mem::take(&mut is_drawer_shut);
                    let (queue, heard) = Queue::new([PrintJob { job_id: 1, document, copy_no: 0, opens_drawer }]);
                    let spooler = Spooler::spawn_at(&config, false, Arc::new(queue), quick());
                    let sent = wait_for(&heard, |told| {
                        matches!(told, Told::Done { .. } | Told::NotSent { .. } | Told::InDoubt { .. })
                    });
                    spooler.stop();
                    assert_eq!(sent, Told::Done { job_id: 1, is_confirmed: true }, "{case}");

                    let mut said = emulator.until("printer.job.completed");
                    said.extend(emulator.until("connection.closed"));
                    let count = |event: &str| said.iter().filter(|line| line.contains(event)).count();
                    // The emulator has no pulse in real time, so it does not know how to ignore one.
                    let is_guard = |line: &&String| line.contains("1d 28 44 03 00 14 01");
                    let guards = said.iter().filter(is_guard).count();
                    assert_eq!(guards, 2 * drawn, "{case}: {said:#?}");
                    assert_eq!(count("printer.command.unknown"), guards, "{case}: {said:#?}");
                    assert_eq!(count("codepage.unsupported"), 0, "{case}: {said:#?}");
                    assert_eq!(count("printer.job.completed"), 1, "one cut: {case}");
                    assert_eq!(count("drawer.opened"), usize::from(opens_drawer), "{case}: {said:#?}");
                    let (text, picture) = emulator.last_paper(printer);
                    assert_eq!(words(&text), words(&ours), "{case}");
                    assert_eq!(read_qr(&picture), code, "{case}: {}", picture.display());
                    assert_eq!(read_bars(&picture), bars, "{case}: {}", picture.display());
                }
            }
        }
    }
}

/// By the emulator's own interface.
fn set_fault(api: u16, fault: &str, is_broken: bool) {
    let method = if is_broken { "PUT" } else { "DELETE" };
    let mut asked = TcpStream::connect(("127.0.0.1", api)).expect("the emulator listens");
    let head = format!("{method} /api/v1/devices/wide/faults/{fault} HTTP/1.1");
    write!(asked, "{head}\r\nHost: 127.0.0.1:{api}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").expect("asked");
    let mut answer = String::new();
    asked.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

/// A cable to a printer, on which something happens after so many bytes, before the rest goes on.
fn cable(printer: u16, after: usize, happens: impl FnOnce() + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let (mut left, mut happens) = (after, Some(happens));
    std::thread::spawn(move || {
        for mut till in listener.incoming().map_while(Result::ok) {
            // A printer that is gone takes nobody's call.
            let Ok(mut printer) = TcpStream::connect(("127.0.0.1", printer)) else { continue };
            let (mut answers, mut back) = (printer.try_clone().expect("a hand"), till.try_clone().expect("a hand"));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut answers, &mut back);
                let _ = back.shutdown(Shutdown::Both);
            });
            let mut buffer = [0; 128];
            while let Ok(count @ 1..) = till.read(&mut buffer) {
                let first = count.min(left);
                left -= first;
                let mut sent = printer.write_all(&buffer[..first]);
                if left == 0 {
                    if let Some(happens) = happens.take() {
                        happens();
                    }
                    sent = sent.and_then(|()| printer.write_all(&buffer[first..count]));
                }
                if sent.is_err() {
                    break;
                }
            }
            let _ = printer.shutdown(Shutdown::Both);
        }
    });
    address
}

#[test]
fn another_hands_printer_that_fails_prints_once_or_leaves_a_doubt() {
    let command = match installed() {
        Ok(command) => command,
        Err(why) => {
            println!("not run: {why}");
            return;
        }
    };
    let mut emulator = Emulator::start(&command);
    let (port, api) = (emulator.ports[0], emulator.api);
    let ticket =
        || PrintJob { job_id: 1, document: Document::Ticket(samples::ticket()), copy_no: 0, opens_drawer: false };
    let done = Told::Done { job_id: 1, is_confirmed: true };
    let is_end = |told: &Told| matches!(told, Told::Done { .. } | Told::NotSent { .. } | Told::InDoubt { .. });
    let faults = [
        ("paper-out", "Falta papel"),
        ("cover-open", "La tapa está abierta"),
        ("offline", "La impresora está en pausa"),
    ];
    for (fault, words) in faults {
        // Before the job, and in the middle of it: twelve bytes ask how it is, the rest is the ticket.
        for middle in [false, true] {
            let case = format!("{fault}, in the middle: {middle}");
            let address = if middle {
                cable(port, 300, move || set_fault(api, fault, true))
            } else {
                emulator.fault(fault, true);
                SocketAddr::from(([127, 0, 0, 1], port))
            };
            let (queue, heard) = Queue::new([ticket()]);
            let config = PrinterConfig::at(format!("tcp://{address}"));
            let spooler = Spooler::spawn_at(&config, false, Arc::new(queue), quick());
            wait_for(&heard, |_| spooler.health().detail.as_deref() == Some(words));
            emulator.fault(fault, false);
            assert_eq!(wait_for(&heard, is_end), done, "{case}");
            spooler.stop();
            emulator.until("printer.job.completed");
            emulator.until("connection.closed");
            let (text, picture) = emulator.last_paper("wide");
            assert!(!text.contains("COPIA"), "{case}");
            assert_eq!(read_qr(&picture), [samples::ticket_code()], "{case}: one whole ticket");
            fs::remove_file(picture).expect("taken away");
            let papers = fs::read_dir(emulator.folder.path().join("wide")).expect("its receipts").flatten();
            let left = papers.filter(|file| file.path().extension() == Some("png".as_ref())).count();
            assert_eq!(left, 0, "{case}: and no other");
        }
    }

    // The power goes while it prints.
    let process = emulator.process.id();
    let address = cable(port, 300, move || {
        let killed = Command::new("kill").args(["-9", &process.to_string()]).status();
        assert!(killed.is_ok_and(|status| status.success()));
    });
    let (queue, heard) = Queue::new([ticket()]);
    let spooler = Spooler::spawn_at(&PrinterConfig::at(format!("tcp://{address}")), false, Arc::new(queue), quick());
    assert_eq!(wait_for(&heard, is_end), Told::InDoubt { job_id: 1, doubt: PaperDoubt::LineBroke });
    spooler.stop();
    emulator.process.wait().expect("gone");
}
