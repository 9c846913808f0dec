//! Messages on the wire: JSON objects with nothing around them, one after the other.
//!
//! `{"JsonSerialized":"…","Sign":"…"}` carries a message as a string and the SHA-256 of that string, which proves that it
//! arrived whole and nothing else. `{"Received":true}` acknowledges. Between objects there may be line ends, zero bytes
//! and stray letters.

use data_encoding::HEXUPPER;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// The longest object listened to; vouchers make them long.
const MAX_OBJECT: usize = 64 * 1024;
/// Some terminals hold a message back until a line ends.
const END: &[u8] = b"\r\n";

#[derive(Serialize)]
struct Signed<'a> {
    #[serde(rename = "JsonSerialized")]
    serialized: &'a str,
    #[serde(rename = "Sign")]
    sign: String,
}

#[derive(Deserialize, Serialize)]
struct Receipt {
    #[serde(rename = "Received", alias = "received")]
    received: bool,
}

/// The bytes of a message, signed.
pub fn encode(serialized: &str) -> Vec<u8> {
    object(&Signed { serialized, sign: sign(serialized) })
}

/// The bytes of an acknowledgement: it arrived whole, or it did not.
pub fn receipt(received: bool) -> Vec<u8> {
    object(&Receipt { received })
}

fn object(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    bytes.extend(END);
    bytes
}

fn sign(serialized: &str) -> String {
    HEXUPPER.encode(&Sha256::digest(serialized.as_bytes()))
}

/// Why an object is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The hash is another one, or there is none.
    Sign,
    /// Not JSON, or none we know.
    NoMessage,
    /// Longer than any message.
    TooLong,
    /// The rest did not come.
    Gap,
}

/// What the bytes turn out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// It has what we sent, or it came broken.
    Received(bool),
    /// A message, whole.
    Message(Map<String, Value>),
    /// So many bytes that are none.
    Broken(usize, Flaw),
    /// A byte between objects.
    Noise(u8),
}

/// Turns bytes into [`Heard`]: finds where each object ends, whatever its strings hold.
#[derive(Debug, Default)]
pub struct Receiver {
    object: Vec<u8>,
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
}

impl Receiver {
    /// Takes the next byte.
    pub fn hear(&mut self, byte: u8) -> Option<Heard> {
        if self.object.is_empty() && byte != b'{' {
            return Some(Heard::Noise(byte));
        }
        self.object.push(byte);
        if self.is_in_string {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.is_in_string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => self.is_in_string = true,
                b'{' => self.depth += 1,
                b'}' => self.depth -= 1,
                _ => {}
            }
        }
        if self.depth == 0 {
            let object = self.take();
            return Some(read(&object));
        }
        (self.object.len() > MAX_OBJECT).then(|| self.give_up(Flaw::TooLong))
    }

    /// Silence inside an object, longer than one may pause.
    pub fn gap(&mut self) -> Option<Heard> {
        self.is_mid_object().then(|| self.give_up(Flaw::Gap))
    }

    /// An object has begun and not ended.
    pub fn is_mid_object(&self) -> bool {
        !self.object.is_empty()
    }

    fn give_up(&mut self, flaw: Flaw) -> Heard {
        Heard::Broken(self.take().len(), flaw)
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(self).object
    }
}

fn read(bytes: &[u8]) -> Heard {
    let broken = |flaw| Heard::Broken(bytes.len(), flaw);
    let Ok(object) = serde_json::from_slice::<Map<String, Value>>(bytes) else { return broken(Flaw::NoMessage) };
    if let Some(received) = get(&object, "Received") {
        return received.as_bool().map_or_else(|| broken(Flaw::NoMessage), Heard::Received);
    }
    let text = |name| get(&object, name).and_then(Value::as_str);
    let Some(serialized) = text("JsonSerialized") else { return broken(Flaw::NoMessage) };
    if !text("Sign").is_some_and(|said| said.eq_ignore_ascii_case(&sign(serialized))) {
        return broken(Flaw::Sign);
    }
    // Some firmware wraps the message into a string once more.
    let inner = match serde_json::from_str(serialized) {
        Ok(Value::String(again)) => serde_json::from_str(&again),
        inner => inner,
    };
    match inner {
        Ok(Value::Object(message)) => Heard::Message(message),
        _ => broken(Flaw::NoMessage),
    }
}

/// A value by its name, whose capitals vary with the firmware.
pub fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn hear(bytes: &[u8]) -> Vec<Heard> {
        let mut receiver = Receiver::default();
        let heard = bytes.iter().filter_map(|byte| receiver.hear(*byte));
        heard.filter(|heard| !matches!(heard, Heard::Noise(b'\r' | b'\n'))).collect()
    }

    fn message(value: Value) -> Heard {
        let Value::Object(object) = value else { panic!("an object") };
        Heard::Message(object)
    }

    #[test]
    fn objects_end_where_they_end() {
        let mut bytes = b"\0D\r\n".to_vec();
        bytes.extend(receipt(true));
        bytes.extend(encode(r#"{"FunctionCode":106,"Text":"a } \" { b"}"#));
        let heard = hear(&bytes);
        assert_eq!(heard[..3], [Heard::Noise(0), Heard::Noise(b'D'), Heard::Received(true)]);
        assert_eq!(heard[3..], [message(json!({ "FunctionCode": 106, "Text": "a } \" { b" }))]);
    }

    #[test]
    fn a_wrong_hash_is_no_message() {
        let bytes = String::from_utf8(encode(r#"{"Amount":1990}"#)).expect("text").replace("1990", "1909");
        assert!(matches!(hear(bytes.as_bytes())[..], [Heard::Broken(_, Flaw::Sign)]));
        assert!(matches!(hear(br#"{"JsonSerialized":"{}"}"#)[..], [Heard::Broken(_, Flaw::Sign)]));
        assert!(matches!(hear(br#"{"FunctionCode":100}"#)[..], [Heard::Broken(_, Flaw::NoMessage)]));
    }

    #[test]
    fn capitals_and_one_more_wrapping_are_forgiven() {
        let bytes = String::from_utf8(encode(r#""{\"responseCode\":0}""#)).expect("text");
        let bytes = bytes.replace("JsonSerialized", "jsonSerialized").replace("Sign", "sign");
        let heard = hear(bytes.as_bytes());
        assert_eq!(heard, vec![message(json!({ "responseCode": 0 }))]);
        assert_eq!(hear(br#"{"received":false}"#), vec![Heard::Received(false)]);
    }

    proptest! {
        /// Whatever a message says, it comes out as it went in.
        #[test]
        fn a_message_survives_the_wire(text in any::<String>(), amount: i64) {
            let value = json!({ "Command": 100, "Text": text, "Amount": amount });
            prop_assert_eq!(hear(&encode(&value.to_string())), vec![message(value)]);
        }

        /// No bytes upset it.
        #[test]
        fn any_bytes_are_heard(bytes in prop::collection::vec(prop_oneof![Just(b'{'), Just(b'}'), Just(b'"'), any::<u8>()], 0..400)) {
            let mut receiver = Receiver::default();
            for byte in bytes {
                receiver.hear(byte);
            }
            receiver.gap();
            prop_assert!(!receiver.is_mid_object());
        }
    }
}
