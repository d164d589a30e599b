//! The data of LOC: latitude, longitude, altitude and their precision (RFC 1876).

use std::fmt::Write;

use super::reader::RdataReader;

/// Prints a place on Earth; none for a version or numbers that RFC 1876 does not know.
pub(super) fn present(reader: &mut RdataReader<'_>, text: &mut String) -> Option<()> {
    let version = reader.u8()?;
    let [size, horizontal, vertical] = reader.array()?;
    let (latitude, longitude) = (reader.u32()?, reader.u32()?);
    let altitude = reader.u32()?;
    if version != 0 {
        return None;
    }
    angle(latitude, 90, ["N", "S"], text)?;
    text.push(' ');
    angle(longitude, 180, ["E", "W"], text)?;
    text.push(' ');
    metres(altitude, text)?;
    [size, horizontal, vertical]
        .into_iter()
        .try_for_each(|precision| distance(precision, text))
}

/// Prints an angle in thousandths of an arc second from 2^31 on, as degrees, minutes and seconds.
fn angle(value: u32, most_degrees: u32, sides: [&str; 2], text: &mut String) -> Option<()> {
    const EQUATOR: u32 = 1 << 31;
    let side = if value >= EQUATOR { sides[0] } else { sides[1] };
    let thousandths = value.abs_diff(EQUATOR);
    let (seconds, rest) = (thousandths / 1000, thousandths % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (degrees, minutes) = (minutes / 60, minutes % 60);
    let within = thousandths <= most_degrees * 3_600_000;
    within.then(|| write!(text, "{degrees} {minutes} {seconds}.{rest:03} {side}").ok())?
}

/// Prints centimetres above 100 km below the ellipsoid as metres above it.
fn metres(centimetres: u32, text: &mut String) -> Option<()> {
    const ELLIPSOID: u32 = 10_000_000;
    let sign = if centimetres < ELLIPSOID { "-" } else { "" };
    let centimetres = centimetres.abs_diff(ELLIPSOID);
    write!(
        text,
        "{sign}{}.{:02}m",
        centimetres / 100,
        centimetres % 100
    )
    .ok()
}

/// Prints centimetres given as a digit and a power of ten, each in four bits.
fn distance(precision: u8, text: &mut String) -> Option<()> {
    let (digit, power) = (u64::from(precision >> 4), u32::from(precision & 0xf));
    if digit > 9 || power > 9 {
        return None;
    }
    match power.checked_sub(2) {
        Some(power) => write!(text, " {}m", digit * 10_u64.pow(power)).ok(),
        None => write!(text, " 0.{:02}m", digit * 10_u64.pow(power)).ok(),
    }
}
