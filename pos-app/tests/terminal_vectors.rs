//! Every message on record of the three protocols, byte for byte and both ways: what we build is those bytes, and those
//! bytes are heard as what they are. Captured from other people's programs, or computed by two of them; ours were never
//! among those.

use pos_app::terminal::getnet::frame as getnet_frame;
use pos_app::terminal::getnet::message as getnet_message;
use pos_app::terminal::service::SaleKind;
use pos_app::terminal::transbank::frame as transbank_frame;
use pos_app::terminal::transbank::message::{Asked, Reply, Request, SaleReply, decode};
use pos_app::terminal::zvt::apdu::{Apdu, command};
use pos_app::terminal::zvt::bmp::{self, Fields};
use pos_app::terminal::zvt::message::{Account, StatusInformation};
use pos_app::terminal::zvt::serial;
use serde_json::json;

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("a vector is hex")).collect()
}

// --- Transbank POS Integrado ---

fn hear_transbank(bytes: &[u8]) -> Vec<transbank_frame::Heard> {
    let mut receiver = transbank_frame::Receiver::default();
    bytes.iter().filter_map(|byte| receiver.hear(*byte)).collect()
}

/// It is framed so, and heard as it was said.
fn is_framed(data: &str, bytes: &[u8]) {
    assert_eq!(transbank_frame::encode(data), bytes, "{data}");
    assert_eq!(hear_transbank(bytes), [transbank_frame::Heard::Frame(data.as_bytes().to_vec())], "{data}");
}

fn sale(amount: i64, ticket: &str, wants_progress: bool) -> Request {
    Request::Sale { amount, ticket: ticket.into(), wants_progress }
}

#[test]
fn transbank_requests() {
    let multicode = Request::MulticodeSale {
        amount: 5_000,
        ticket: "000777".into(),
        wants_progress: false,
        commerce: "597029414301".into(),
    };
    let vectors = [
        (Request::Poll, "02 30 31 30 30 03 02"),
        (Request::NormalMode, "02 30 33 30 30 03 00"),
        (Request::LoadKeys, "02 30 38 30 30 03 0b"),
        (sale(1_990, "ABCD", false), "02 30 32 30 30 7c 31 39 39 30 7c 41 42 43 44 7c 7c 7c 30 7c 03 34"),
        (sale(12_500, "000123", true), "02 30 32 30 30 7c 31 32 35 30 30 7c 30 30 30 31 32 33 7c 7c 7c 31 7c 03 06"),
        (
            multicode,
            "02 30 32 37 30 7c 35 30 30 30 7c 30 30 30 37 37 37 7c 7c 7c 30 7c \
             35 39 37 30 32 39 34 31 34 33 30 31 7c 03 4b",
        ),
        (Request::LastSale, "02 30 32 35 30 7c 03 78"),
        (Request::MulticodeLastSale { wants_voucher: false }, "02 30 32 38 30 7c 30 03 45"),
        (Request::MulticodeLastSale { wants_voucher: true }, "02 30 32 38 30 7c 31 03 44"),
        (Request::Details, "02 30 32 36 30 7c 31 7c 03 36"),
        (Request::PrintDetails, "02 30 32 36 30 7c 30 7c 03 37"),
        (Request::Totals, "02 30 37 30 30 7c 7c 03 04"),
        (Request::Close, "02 30 35 30 30 7c 7c 03 06"),
        (Request::Refund { operation: "123".into() }, "02 31 32 30 30 7c 31 32 33 7c 03 30"),
    ];
    for (request, bytes) in vectors {
        is_framed(&request.data(), &hex(bytes));
    }
}

#[test]
fn transbank_sales_as_other_libraries_shape_them() {
    for (data, bytes) in [
        (
            "0200|000001990|00ABCD|||0",
            "02 30 32 30 30 7c 30 30 30 30 30 31 39 39 30 7c 30 30 41 42 43 44 7c 7c 7c 30 03 78",
        ),
        ("0200|1990|ABCD||0|0|", "02 30 32 30 30 7c 31 39 39 30 7c 41 42 43 44 7c 7c 30 7c 30 7c 03 04"),
    ] {
        is_framed(data, &hex(bytes));
    }
}

/// The last byte may be any, even one with a meaning of its own, and the last separator may be missing.
#[test]
fn transbank_progress() {
    for (code, is_closed, lrc) in [
        ("78", true, 0x05),
        ("79", true, 0x04),
        ("81", true, 0x03),
        ("82", true, 0x00),
        ("84", false, 0x7a),
        ("83", false, 0x7d),
        ("81", false, 0x7f),
        ("82", false, 0x7c),
    ] {
        let data = format!("0900|{code}{}", if is_closed { "|" } else { "" });
        let bytes = [&[0x02], data.as_bytes(), &[0x03, lrc]].concat();
        is_framed(&data, &bytes);
        assert_eq!(decode(data.as_bytes()), Reply::Progress { code: code.into() });
    }
}

fn cancelled() -> SaleReply {
    SaleReply {
        code: "07".into(),
        commerce: "597029414300".into(),
        terminal: "75001637".into(),
        ticket: "00ABCD".into(),
        amount: Some(0),
        last4: "0461".into(),
        card_type: "CR".into(),
        instalments: Some(0),
        tip: Some(0),
        ..SaleReply::default()
    }
}

fn last_sale() -> SaleReply {
    SaleReply {
        code: "00".into(),
        ticket: "001234".into(),
        authorisation: "252985".into(),
        amount: Some(25_000),
        operation: "000123".into(),
        date: "26072023".into(),
        time: "113748".into(),
        ..cancelled()
    }
}

#[test]
fn transbank_replies() {
    let keys = "02 30 38 31 30 7c 30 30 7c 35 39 37 30 32 39 34 31 34 33 30 30 7c 37 35 30 30 31 36 33 37 03 75";
    let totals = "02 30 37 31 30 7c 30 30 7c 32 7c 32 36 35 30 30 7c 03 06";
    let framed = |data: &str, lrc: u8| [&[0x02], data.as_bytes(), &[0x03, lrc]].concat();
    let vectors = [
        ("0810|00|597029414300|75001637", hex(keys), Reply::Done { asked: "0800", code: "00".into() }),
        (
            "0210|07|597029414300|75001637|00ABCD|      |0|0||0461||CR|||||||0||",
            framed("0210|07|597029414300|75001637|00ABCD|      |0|0||0461||CR|||||||0||", 0x22),
            Reply::Sale(Asked::Now, cancelled()),
        ),
        (
            "0260|00|597029414300|75001637|001234|252985|25000|0||0461|000123|CR|||  |26072023|113748|0|0||",
            framed(
                "0260|00|597029414300|75001637|001234|252985|25000|0||0461|000123|CR|||  |26072023|113748|0|0||",
                0x1c,
            ),
            Reply::Sale(Asked::Last, last_sale()),
        ),
        ("0710|00|2|26500|", hex(totals), Reply::Totals { code: "00".into(), count: Some(2), total: Some(26_500) }),
        (
            "0510|00|597029414300|75001637|",
            framed("0510|00|597029414300|75001637|", 0x04),
            Reply::Done { asked: "0500", code: "00".into() },
        ),
        (
            "1210|00|597029414300|75001637|794981|123",
            framed("1210|00|597029414300|75001637|794981|123", 0x44),
            Reply::Refund { code: "00".into(), authorisation: "794981".into(), operation: "123".into() },
        ),
    ];
    for (data, bytes, reply) in vectors {
        is_framed(data, &bytes);
        assert_eq!(decode(data.as_bytes()), reply, "{data}");
    }
}

/// Two of the vendor's own pages print another last byte for these; the sum says which is right.
#[test]
fn transbank_bytes_that_the_vendors_page_has_wrong() {
    assert_eq!(transbank_frame::lrc(b"0280|1"), 0x44);
    assert_eq!(transbank_frame::lrc(b"0260|1|"), 0x36);
    assert_eq!(transbank_frame::lrc(b"1990"), transbank_frame::lrc(b"1909"), "it sees no digits that changed places");
}

// --- ZVT ---

const ACCOUNT: Account = Account { password: 0, currency: 978 };

fn hear_zvt(bytes: &[u8]) -> Vec<serial::Heard> {
    let mut receiver = serial::Receiver::default();
    bytes.iter().filter_map(|byte| receiver.hear(*byte)).collect()
}

/// Over TCP it is `message`, on a serial line `frame`; both are read as the same.
fn is_carried(message: &str, frame: &str) -> Apdu {
    let apdu = Apdu::decode(&hex(message)).expect("a message");
    assert_eq!(apdu.encode(), hex(message), "{message}");
    assert_eq!(serial::encode(&apdu), hex(frame), "{message}");
    assert_eq!(hear_zvt(&hex(frame)), [serial::Heard::Apdu(apdu.clone())], "{message}");
    apdu
}

/// What we ask, in both forms.
#[test]
fn zvt_requests_of_ours() {
    let vectors = [
        (ACCOUNT.registration(), "06 00 06 00 00 00 be 09 78", "10 02 06 00 06 00 00 00 be 09 78 10 03 3c aa"),
        (
            ACCOUNT.authorisation(1_990).expect("an amount"),
            "06 01 0a 04 00 00 00 00 19 90 49 09 78",
            "10 02 06 01 0a 04 00 00 00 00 19 90 49 09 78 10 03 41 7b",
        ),
        (
            ACCOUNT.reversal(16).expect("a receipt"),
            "06 30 06 00 00 00 87 00 16",
            "10 02 06 30 06 00 00 00 87 00 16 10 03 5b 74",
        ),
        (
            ACCOUNT.refund(500).expect("an amount"),
            "06 31 0d 00 00 00 04 00 00 00 00 05 00 49 09 78",
            "10 02 06 31 0d 00 00 00 04 00 00 00 00 05 00 49 09 78 10 03 dd 00",
        ),
        (ACCOUNT.end_of_day(), "06 50 03 00 00 00", "10 02 06 50 03 00 00 00 10 03 fb 37"),
        (ACCOUNT.status_enquiry(), "05 01 03 00 00 00", "10 02 05 01 03 00 00 00 10 03 df db"),
        (ACCOUNT.repeat_receipt(), "06 20 05 00 00 00 03 03", "10 02 06 20 05 00 00 00 03 03 10 03 db 15"),
        // The last two bytes computed twice, by two programs.
        (ACCOUNT.print_receipt(), "06 20 03 00 00 00", "10 02 06 20 03 00 00 00 10 03 fa f2"),
        (Apdu::new(command::LOG_OFF, vec![]), "06 02 00", "10 02 06 02 00 10 03 b9 cc"),
        (Apdu::new(command::ABORT_BY_TILL, vec![]), "06 b0 00", "10 02 06 b0 00 10 03 43 f3"),
        (Apdu::positive(), "80 00 00", "10 02 80 00 00 10 03 f5 1f"),
        (Apdu::negative(0x83), "84 83 00", "10 02 84 83 00 10 03 91 8e"),
        (Apdu::negative(0x9c), "84 9c 00", "10 02 84 9c 00 10 03 c3 41"),
        (Apdu::negative(0xcc), "84 cc 00", "10 02 84 cc 00 10 03 20 c2"),
    ];
    for (built, message, frame) in vectors {
        assert_eq!(is_carried(message, frame), built, "{message}");
    }
}

/// What other programs ask, and we would not: it is carried all the same.
#[test]
fn zvt_requests_of_others() {
    for (message, frame) in [
        ("06 00 04 00 00 00 be", "10 02 06 00 04 00 00 00 be 10 03 f8 9f"),
        (
            "06 00 0e 00 00 00 c6 09 78 06 06 26 04 0a 02 06 d3",
            "10 02 06 00 0e 00 00 00 c6 09 78 06 06 26 04 0a 02 06 d3 10 03 87 49",
        ),
        (
            "06 01 0c 04 00 00 00 00 19 90 49 09 78 06 00",
            "10 02 06 01 0c 04 00 00 00 00 19 90 49 09 78 06 00 10 03 a1 97",
        ),
        // A byte that would end the message is said twice, and counted once.
        (
            "06 01 0c 04 00 00 00 00 10 00 49 09 78 06 00",
            "10 02 06 01 0c 04 00 00 00 00 10 10 00 49 09 78 06 00 10 03 76 08",
        ),
    ] {
        is_carried(message, frame);
    }
    // The last receipt said back to the terminal; on record without a serial form.
    let mirror = hex("06 01 11 04 00 00 00 00 19 90 49 09 78 06 05 1f 1f 02 00 16");
    let apdu = Apdu::decode(&mirror).expect("a message");
    assert_eq!((apdu.encode(), apdu.command), (mirror, command::AUTHORISATION));
    let fields = Fields::read(&apdu.data);
    assert_eq!((fields.number(bmp::AMOUNT), fields.number(bmp::CURRENCY)), (Some(1_990), Some(978)));
    assert_eq!(fields.find(bmp::TLV), Some(&[0x1f, 0x1f, 0x02, 0x00, 0x16][..]));
}

#[test]
fn zvt_answers() {
    let completion = is_carried(
        "06 0f 0a 19 00 29 75 00 16 37 49 09 78",
        "10 02 06 0f 0a 19 00 29 75 00 16 37 49 09 78 10 03 6b b0",
    );
    assert_eq!(completion.command, command::COMPLETION);
    assert_eq!(Fields::read(&completion.data).digits(bmp::TERMINAL).as_deref(), Some("75001637"));
    for (message, frame, expected) in [
        ("06 0f 00", "10 02 06 0f 00 10 03 c6 33", command::COMPLETION),
        ("04 ff 01 0a", "10 02 04 ff 01 0a 10 03 f5 7d", command::INTERMEDIATE_STATUS),
        ("04 ff 02 0e 03", "10 02 04 ff 02 0e 03 10 03 68 d4", command::INTERMEDIATE_STATUS),
        ("06 1e 01 6c", "10 02 06 1e 01 6c 10 03 c9 f2", command::ABORT),
    ] {
        assert_eq!(is_carried(message, frame).command, expected, "{message}");
    }
    let refused = is_carried("04 0f 02 27 6c", "10 02 04 0f 02 27 6c 10 03 76 32");
    assert_eq!(StatusInformation::read(&refused.data).refusal().as_deref(), Some("6C"));
}

#[test]
fn zvt_status_information() {
    let message = "04 0f 40 27 00 04 00 00 00 00 19 90 0b 00 00 16 0c 11 37 48 0d 07 26 0e 28 12 17 00 01 19 70 22 f0 f8 \
                   ee ee ee ee ee ee 04 61 29 75 00 16 37 49 09 78 87 00 16 88 00 00 16 8a 06 8b f0 f5 56 49 53 41 00";
    let apdu = is_carried(message, &format!("10 02 {message} 10 03 bc 2f"));
    let said = StatusInformation::read(&apdu.data);
    assert_eq!(said.refusal(), None);
    assert_eq!((said.amount, said.receipt, said.currency), (Some(1_990), Some(16), Some(978)));
    assert_eq!((said.approval.brand.as_str(), said.approval.last4.as_str()), ("VISA", "0461"));
    let fields = Fields::read(&apdu.data);
    assert_eq!(fields.digits(bmp::TERMINAL).as_deref(), Some("75001637"));
    assert_eq!(fields.number(bmp::TRACE), Some(16));
}

#[test]
fn zvt_checksum() {
    assert_eq!(serial::crc(*b"123456789"), 0x2189);
}

// --- Getnet Chile ---

const AT: &str = "2026-07-26T11:37:48.000Z";

#[test]
fn getnet_requests() {
    let poll = r#"{"JsonSerialized":"{\"Command\":106,\"DateTime\":\"2026-07-26T11:37:48.000Z\"}","Sign":"55B19E5A56B175C03F2131E469371B151129B327B1E38494526FAA1AB1D6FBD8"}"#;
    let sale = r#"{"JsonSerialized":"{\"Command\":100,\"Amount\":1990,\"TicketNumber\":\"A1B2C3D4E5\",\"PrintOnPos\":false,\"SaleType\":0,\"SendMessage\":true,\"EmployeeId\":1,\"DateTime\":\"2026-07-26T11:37:48.000Z\"}","Sign":"81DA4289710D47C0DCF1A93CFE1ACA00E48DBF253566F07EDA0A05905AF1441B"}"#;
    let request = getnet_message::Request::Sale { amount: 1_990, ticket: "A1B2C3D4E5".into() };
    let vectors = [
        (getnet_message::Request::Poll, poll, json!({ "Command": 106, "DateTime": AT })),
        (
            request,
            sale,
            json!({
                "Command": 100, "Amount": 1990, "TicketNumber": "A1B2C3D4E5", "PrintOnPos": false, "SaleType": 0,
                "SendMessage": true, "EmployeeId": 1, "DateTime": AT,
            }),
        ),
    ];
    for (request, object, inner) in vectors {
        // Some terminals hold a message back until a line ends.
        let bytes = [object.as_bytes(), b"\r\n"].concat();
        assert_eq!(getnet_frame::encode(&request.serialize(AT)), bytes);
        let mut receiver = getnet_frame::Receiver::default();
        let heard: Vec<_> = bytes.iter().filter_map(|byte| receiver.hear(*byte)).collect();
        let inner = inner.as_object().cloned().expect("an object");
        let expected =
            [getnet_frame::Heard::Message(inner), getnet_frame::Heard::Noise(b'\r'), getnet_frame::Heard::Noise(b'\n')];
        assert_eq!(heard, expected);
    }
}

/// Every command on record besides a poll and a sale, with its fields. The first digits of the hash were computed by another
/// program.
#[test]
fn getnet_commands() {
    use getnet_message::Request as R;
    for (request, serialized, sign) in [
        (R::LastVoucher { prints: true }, r#"{"Command":101,"PrintOnPos":true,"DateTime":"#, "1BC70F13410E19BD"),
        (
            R::Refund { operation: 123 },
            r#"{"Command":102,"OperationId":123,"PrintOnPos":false,"DateTime":"#,
            "024942DABAD6ABC9",
        ),
        (R::Close, r#"{"Command":103,"PrintOnPos":true,"DateTime":"#, "D58D9CB895532823"),
        (R::Totals, r#"{"Command":104,"PrintOnPos":true,"DateTime":"#, "1F63D6BCC1DEADFA"),
        (R::Details, r#"{"Command":105,"PrintOnPos":true,"DateTime":"#, "A9EC546A46A545C2"),
        (
            R::Return { authorisation: "252985".into(), amount: 1_990 },
            r#"{"Command":108,"AuthorizationCode":"252985","Amount":1990,"PrintOnPos":false,"DateTime":"#,
            "A3AEB791EA3FA4F9",
        ),
        (R::NormalMode, r#"{"Command":107,"DateTime":"#, "A755876720493F1B"),
        (
            R::Duplicate { operation: 123 },
            r#"{"Command":109,"OperationId":123,"PrintOnPos":true,"DateTime":"#,
            "7C2E837A860FA4EF",
        ),
        (
            R::SellerSales { seller: 1 },
            r#"{"Command":110,"EmployeeId":1,"PrintOnPos":true,"DateTime":"#,
            "8CF0982FA088C96A",
        ),
        (R::Tips { seller: 7 }, r#"{"Command":111,"EmployeeId":7,"PrintOnPos":true,"DateTime":"#, "8207722B40B17661"),
        (
            R::SaleKind { kind: SaleKind::Exempt.number() },
            r#"{"Command":113,"SaleType":3,"PrintOnPos":true,"DateTime":"#,
            "CFB0DE13A1624E27",
        ),
        (R::Parameters, r#"{"Command":114,"PrintOnPos":true,"DateTime":"#, "40B77AAD76C123C5"),
        (R::Sim, r#"{"Command":115,"DateTime":"#, "92A5BC32DD97C84C"),
        (R::Cancel, r#"{"Command":116,"DateTime":"#, "756AE69F753BFAEE"),
    ] {
        let built = request.serialize(AT);
        assert_eq!(built, format!("{serialized}\"{AT}\"}}"));
        let bytes = getnet_frame::encode(&built);
        let object: serde_json::Value = serde_json::from_slice(bytes.trim_ascii_end()).expect("an object");
        assert_eq!(object["JsonSerialized"], built);
        assert_eq!(&object["Sign"].as_str().expect("a hash")[..16], sign, "{built}");
    }
}

#[test]
fn getnet_acknowledgements() {
    for (received, bytes) in [(true, "{\"Received\":true}\r\n"), (false, "{\"Received\":false}\r\n")] {
        assert_eq!(getnet_frame::receipt(received), bytes.as_bytes());
        let mut receiver = getnet_frame::Receiver::default();
        let heard = bytes.bytes().find_map(|byte| receiver.hear(byte));
        assert_eq!(heard, Some(getnet_frame::Heard::Received(received)));
    }
}
