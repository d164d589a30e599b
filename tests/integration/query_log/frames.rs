//! A reader of dnstap of its own: Frame Streams, and the fields of Protocol Buffers by their numbers. Nothing is proved here.

use std::collections::BTreeMap;

use hickory_proto::op::Message;

/// The START of a stream, as fstrm writes it.
pub(super) const START: &[u8] =
    b"\0\0\0\0\0\0\0\x22\0\0\0\x02\0\0\0\x01\0\0\0\x16protobuf:dnstap.Dnstap";
pub(super) const READY: &[u8] =
    b"\0\0\0\0\0\0\0\x22\0\0\0\x04\0\0\0\x01\0\0\0\x16protobuf:dnstap.Dnstap";
pub(super) const ACCEPT: &[u8] =
    b"\0\0\0\0\0\0\0\x22\0\0\0\x01\0\0\0\x01\0\0\0\x16protobuf:dnstap.Dnstap";
pub(super) const STOP: &[u8] = b"\0\0\0\0\0\0\0\x04\0\0\0\x03";
pub(super) const FINISH: &[u8] = b"\0\0\0\0\0\0\0\x04\0\0\0\x05";

/// What a field has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Number(u64),
    Octets(Vec<u8>),
}

type Fields = BTreeMap<u64, Field>;

/// A message of dnstap.
#[derive(Debug)]
pub(super) struct Tapped {
    outer: Fields,
    inner: Fields,
}

impl Tapped {
    fn read(frame: &[u8]) -> Self {
        let outer = fields(frame);
        let Some(Field::Octets(message)) = outer.get(&14) else {
            panic!("no message in {outer:?}");
        };
        assert_eq!(outer.get(&15), Some(&Field::Number(1)));
        let inner = fields(message);
        Self { outer, inner }
    }

    pub(super) fn identity(&self) -> &[u8] {
        self.octets(true, 1)
    }

    pub(super) fn number(&self, field: u64) -> Option<u64> {
        match self.inner.get(&field)? {
            Field::Number(number) => Some(*number),
            Field::Octets(_) => None,
        }
    }

    pub(super) fn address(&self) -> &[u8] {
        self.octets(false, 4)
    }

    /// The message of DNS in it, by another decoder.
    pub(super) fn message(&self) -> Message {
        let field = if self.number(1) == Some(5) { 10 } else { 14 };
        Message::from_vec(self.octets(false, field)).unwrap()
    }

    fn octets(&self, is_outer: bool, field: u64) -> &[u8] {
        let fields = if is_outer { &self.outer } else { &self.inner };
        match fields.get(&field) {
            Some(Field::Octets(octets)) => octets,
            other => panic!("field {field} is {other:?}"),
        }
    }
}

/// Reads a stream that has begun, up to its STOP or its end.
pub(super) fn stream(mut octets: &[u8]) -> Vec<Tapped> {
    octets = octets.strip_prefix(START).expect("a START");
    let mut all = Vec::new();
    while let Some((length, rest)) = octets.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        if length == 0 {
            assert_eq!(octets, STOP, "what stands at the end");
            break;
        }
        let (frame, rest) = rest.split_at(length);
        all.push(Tapped::read(frame));
        octets = rest;
    }
    all
}

fn fields(mut octets: &[u8]) -> Fields {
    let mut all = Fields::new();
    while !octets.is_empty() {
        let key = varint(&mut octets);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut octets)),
            2 => {
                let length = usize::try_from(varint(&mut octets)).unwrap();
                let (value, rest) = octets.split_at(length);
                octets = rest;
                Field::Octets(value.to_vec())
            }
            5 => {
                let (value, rest) = octets.split_first_chunk::<4>().unwrap();
                octets = rest;
                Field::Number(u32::from_le_bytes(*value).into())
            }
            kind => panic!("a field of the kind {kind}"),
        };
        assert_eq!(
            all.insert(key >> 3, field),
            None,
            "field {} twice",
            key >> 3
        );
    }
    all
}

fn varint(octets: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (octet, rest) = octets.split_first().unwrap();
        *octets = rest;
        number |= u64::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            break;
        }
    }
    number
}
